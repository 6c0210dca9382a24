/**
 * All settings, read once: flags over environment over file over defaults. The only reader of the
 * environment. Every fault is reported at once, each with its place and the remedy.
 */
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { TwinError } from '../models/errors.ts'
import { LOOP_MODES } from '../models/events/decision-events.ts'
import { LOG_LEVELS } from './logging.ts'

const ms = z.coerce.number().int().min(0).max(86_400_000)
const ratio = z.coerce.number().min(0).max(1)
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])

export const configShape = z
  .object({
    site: z.string().min(1).default('dhs').describe('simulated site: dhs, heteroaccel or the path of a YAML file'),
    host: z.string().min(1).default('127.0.0.1').describe('address to listen on; other than loopback needs a token'),
    port: z.coerce.number().int().min(0).max(65_535).default(8080).describe('port of page and API; 0 takes any free one'),
    token: z.string().min(16).optional().describe('bearer token that clients must show (16 characters or more)'),
    dataDir: z.string().min(1).default('data').describe('where the journal is kept'),
    mode: z.enum(LOOP_MODES).optional().describe('mode of the loop at start; without it the last one, first observe'),
    seed: z.coerce.number().int().min(0).default(1).describe('seed of everything that is drawn'),
    thisMachine: flag.default(true).describe('watch this machine too, through the real exporter'),
    logLevel: z.enum(LOG_LEVELS).default('info').describe(LOG_LEVELS.join(', ')),
    tickMs: ms.min(50).default(500).describe('how often the clock ticks, ms'),
    scrapeMs: ms.min(100).default(1_000).describe('how often exporters are asked, ms'),
    snapshotEvery: z.coerce.number().int().min(100).default(20_000).describe('events between two snapshots'),
    eventsKept: z.coerce
      .number()
      .int()
      .min(1_000)
      .default(2_000_000)
      .describe('events the journal keeps for time travel; older ones are forgotten once a snapshot holds them'),
    minGainRatio: ratio.default(0.1).describe('share by which a plan must shorten the work'),
    minGainMs: ms.default(500).describe('and by at least so much, ms'),
    coolDownMs: ms.default(5_000).describe('rest after a placement, ms; urgent work does not wait for it'),
    expiryMs: ms.min(1_000).default(60_000).describe('how long a proposal holds, ms'),
    driftRatio: z.coerce.number().min(0).max(100).default(0.5).describe('overrun of a predicted duration that calls for a new plan'),
    delta1Seconds: z.coerce.number().min(0).default(0.1).describe('imbalance threshold of the DHS classes, s'),
    delta2: z.coerce.number().min(0).default(1).describe('requests-per-camera threshold of the DHS classes'),
  })
  .strict()
  .refine(({ scrapeMs }) => scrapeMs <= 5_000, { path: ['scrapeMs'], message: 'must be at most 5000: a sample is late after 5 s' })
export type Config = Readonly<z.infer<typeof configShape>>

export interface ConfigSources {
  readonly flags: Readonly<Record<string, unknown>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly file?: string | undefined
}

/** @throws TwinError CONFIG_INVALID listing every fault. */
export function readConfig({ flags, environment, file }: ConfigSources): Config {
  const fromFile = file === undefined ? {} : readConfigFile(file)
  const fromEnvironment = Object.fromEntries(
    settingNames().flatMap((name) => {
      const value = environment[environmentName(name)]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const parsed = configShape.safeParse({ ...fromFile, ...fromEnvironment, ...flags })
  if (parsed.success) return Object.freeze(parsed.data)
  const faults = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? (issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : 'settings'))
    const from = name in flags ? `--${flagName(name)}` : name in fromEnvironment ? environmentName(name) : (file ?? 'settings')
    return `${name} (${from}): ${issue.message}`
  })
  throw new TwinError('CONFIG_INVALID', `${faults.join('; ')}. See \`npm start -- --help\` for every setting.`, { details: { faults } })
}

export const settingNames = (): string[] => Object.keys(configShape.shape)
/** `minGainRatio` → `min-gain-ratio`. */
export const flagName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
/** `minGainRatio` → `EDGETWIN_MIN_GAIN_RATIO`. */
export const environmentName = (name: string): string => `EDGETWIN_${flagName(name).replaceAll('-', '_').toUpperCase()}`

function readConfigFile(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TwinError('CONFIG_INVALID', `cannot read the settings file ${file}; check the path and its rights`, { cause })
  }
  try {
    const parsed: unknown = parseYaml(text)
    return z.record(z.string(), z.unknown()).parse(parsed ?? {})
  } catch (cause) {
    const where = cause instanceof Error ? cause.message.split('\n')[0] : ''
    throw new TwinError('CONFIG_INVALID', `the settings file ${file} is not a YAML mapping: ${where}`, { cause })
  }
}
