/**
 * The current user and cluster of a kubeconfig, as far as a token can be had from them.
 *
 * Files that it names are beside it, and are read when they are needed: tokens and certificates are replaced under our feet.
 */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { nearestNames, TwinError } from '../../models/errors.ts'

const text = z.string().optional()
const clusterShape = z.object({
  server: z.string(),
  'certificate-authority': text,
  'certificate-authority-data': text,
  'tls-server-name': text,
  'insecure-skip-tls-verify': z.boolean().optional(),
})
const execShape = z.object({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  installHint: text,
})
export type ExecPlugin = z.infer<typeof execShape>
const userShape = z.object({
  token: text,
  tokenFile: text,
  'client-certificate': text,
  'client-certificate-data': text,
  'client-key': text,
  'client-key-data': text,
  exec: execShape.nullish(),
})
const named = <K extends string, T extends z.ZodType>(key: K, shape: T) =>
  z.array(z.object({ name: z.string() }).extend({ [key]: shape } as Record<K, T>)).nullish()
const fileShape = z.object({
  'current-context': text,
  clusters: named('cluster', clusterShape),
  users: named('user', userShape),
  contexts: named('context', z.object({ cluster: z.string(), user: z.string(), namespace: text })),
})

export interface KubeTarget {
  readonly file: string
  readonly userName: string
  readonly server: string
  readonly serverName: string | undefined
  /** Of the cluster; undefined: the system's. */
  readonly ca: () => string | undefined
  readonly token: () => string | undefined
  readonly exec: ExecPlugin | undefined
  readonly certificate: () => { readonly cert: string; readonly key: string } | undefined
}

/** @throws TwinError KUBECONFIG_INVALID naming the file, the context or the field. */
export function readKubeconfig({
  kubeconfig,
  context,
}: {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}): KubeTarget {
  const file = kubeconfig ?? defaultFile()
  const content = contentOf(file)
  const wanted = context ?? content['current-context'] ?? ''
  const pick = <T extends { readonly name: string }>(what: string, from: readonly T[] | null | undefined, name: string): T => {
    const found = from?.find((one) => one.name === name)
    if (found !== undefined) return found
    const names = (from ?? []).map((one) => one.name)
    const near = nearestNames(name, names)
    throw refused(
      `${file} has no ${what} ${JSON.stringify(name)}; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : `it has ${names.join(', ') || 'none'}`}`,
    )
  }
  const chosen = pick('context', content.contexts, wanted).context
  const { cluster } = pick('cluster', content.clusters, chosen.cluster)
  const { user } = pick('user', content.users, chosen.user)
  if (!cluster.server.startsWith('https://'))
    throw refused(`the cluster ${cluster.server} of ${file} is not reached by https; correct \`server\``)
  if (cluster['insecure-skip-tls-verify']) {
    throw refused(`insecure-skip-tls-verify is set for ${cluster.server} in ${file}; give its certificate-authority instead`)
  }
  const read = (path: string) => textOf(resolve(dirname(file), path))
  const either = (data: string | undefined, path: string | undefined) =>
    data !== undefined ? Buffer.from(data, 'base64').toString() : path === undefined ? undefined : read(path)
  return {
    file,
    userName: chosen.user,
    server: cluster.server,
    serverName: cluster['tls-server-name'],
    ca: () => either(cluster['certificate-authority-data'], cluster['certificate-authority']),
    token: () => (user.tokenFile === undefined ? user.token : read(user.tokenFile).trim()),
    exec: user.exec ?? undefined,
    certificate: () => {
      const cert = either(user['client-certificate-data'], user['client-certificate'])
      const key = either(user['client-key-data'], user['client-key'])
      return cert === undefined || key === undefined ? undefined : { cert, key }
    },
  }
}

function defaultFile(): string {
  const files = (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  return files.find((file) => existsSync(file)) ?? files[0] ?? join(homedir(), '.kube', 'config')
}

function contentOf(file: string): z.infer<typeof fileShape> {
  let given: unknown
  try {
    given = parse(textOf(file))
  } catch (cause) {
    if (cause instanceof TwinError) throw cause
    throw refused(`${file} is not YAML; name another with --kubeconfig`, cause)
  }
  const content = fileShape.safeParse(given)
  if (content.success) return content.data
  const { path, message } = content.error.issues[0]!
  throw refused(`${file} is no kubeconfig: ${path.join('.') || 'it'}: ${message}; name another with --kubeconfig`)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw refused(`cannot read ${file}; check the path and its rights, or name another with --kubeconfig`, cause)
  }
}

export function refused(why: string, cause?: unknown): TwinError {
  return new TwinError('KUBECONFIG_INVALID', why, { cause })
}
