/** docker-compose.yml as Docker reads it: merged, and with the variables of an environment put in. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

const scalar = z.union([z.string(), z.number(), z.boolean()])
const textList = z.array(scalar.transform(String)).default([])
const build = z.strictObject({ context: z.literal('.'), dockerfile: z.string() })

/** Strict: what is not named here nobody has thought about. */
const serviceShape = z.strictObject({
  image: z.string(),
  build: build.optional(),
  profiles: z.array(z.string()).min(1),
  hostname: z.string().optional(),
  restart: z.enum(['unless-stopped', 'no']),
  init: z.literal(true),
  user: z.string(),
  read_only: z.literal(true).optional(),
  tmpfs: textList,
  security_opt: textList,
  cap_drop: textList,
  cap_add: textList,
  network_mode: z.literal('none').optional(),
  logging: z.unknown(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({
        condition: z.enum(['service_healthy', 'service_completed_successfully']),
        required: z.boolean().default(true),
      }),
    )
    .default({}),
  entrypoint: textList,
  command: textList,
  environment: z.record(z.string(), scalar.transform(String)).default({}),
  ports: textList,
  volumes: textList,
  healthcheck: z
    .strictObject({
      test: z.array(z.string()).min(2),
      interval: z.string(),
      timeout: z.string(),
      retries: z.number(),
      start_period: z.string(),
    })
    .optional(),
  stop_grace_period: z.string().optional(),
  stop_signal: z.string().optional(),
  mem_limit: z.string(),
  cpus: z.number(),
  pids_limit: z.number(),
})
const fileShape = z.looseObject({
  name: z.string(),
  services: z.record(z.string(), serviceShape),
  volumes: z.record(z.string(), z.strictObject({})),
})
export type ComposeService = z.infer<typeof serviceShape>
export type ComposeFile = z.infer<typeof fileShape>

type Variables = Readonly<Record<string, string>>

/** @param variables what the shell or an env file sets. @throws when the file has what we do not expect. */
export function readCompose(variables: Variables = {}): ComposeFile {
  return fileShape.parse(substituted(parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true }), variables))
}

/** In values only, as Docker does: in a comment a variable is text. */
function substituted(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\$|\$\{(\w+):-([^}]*)\}/g, (all, name: string | undefined, otherwise: string) =>
      name === undefined ? all.slice(1) : variables[name] || otherwise,
    )
  }
  if (Array.isArray(value)) return value.map((item) => substituted(item, variables))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, substituted(item, variables)]))
}

/** NAME=value lines, as `--env-file` takes them. */
export function readEnvFile(file: string): Record<string, string> {
  return Object.fromEntries([...readFileSync(file, 'utf8').matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]))
}
