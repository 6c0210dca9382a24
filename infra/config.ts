/**
 * All settings, read once: flags over environment over file over defaults. The only reader of the
 * environment. Every fault is reported at once, each with its place and the remedy.
 */
import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { nearestNames, TwinError } from '../models/errors.ts'
import { LOOP_MODES } from '../models/events/decision-events.ts'
import { clusterSettings } from './config-cluster.ts'
import { checkServices, serviceSettings } from './config-services.ts'
import { decimal, flag, text, whole } from './config-shapes.ts'
import { LOG_LEVELS } from './logging.ts'

const DAY_MS = 86_400_000
const ms = (min = 0) => whole(min, DAY_MS)

export const configShape = z
  .object({
    site: text
      .optional()
      .describe('simulated site: dhs (without it), heteroaccel or the path of a YAML file; of a real cluster, the name it goes by'),
    host: text.default('127.0.0.1').describe('address to listen on; other than loopback needs a token'),
    port: whole(0, 65_535).default(8080).describe('port of page and API; 0 takes any free one'),
    token: z.string().min(16).optional().describe('bearer token that clients must show (16 characters or more)'),
    dataDir: text.default('data').describe('where the journal is kept'),
    mode: z
      .enum(LOOP_MODES)
      .optional()
      .describe('mode of the loop at start; without it the last one, first observe; a site of a kafkaGroup keeps what a person set'),
    seed: whole(0).default(1).describe('seed of everything that is drawn'),
    thisMachine: flag.default(true).describe('watch this machine too, through the real exporter'),
    logLevel: z.enum(LOG_LEVELS).default('info').describe(LOG_LEVELS.join(', ')),
    tickMs: ms(50).default(500).describe('how often the clock ticks, ms'),
    scrapeMs: ms(100).default(1_000).describe('how often exporters are asked, ms'),
    snapshotEvery: whole(100).default(20_000).describe('events between two snapshots'),
    eventsKept: whole(1_000)
      .default(2_000_000)
      .describe('events the journal keeps for time travel; older ones are forgotten once a snapshot holds them'),
    minGainRatio: decimal(0, 1).default(0.1).describe('share by which a plan must shorten the work'),
    minGainMs: ms().default(500).describe('and by at least so much, ms'),
    coolDownMs: ms().default(5_000).describe('rest after a placement, ms; urgent work does not wait for it'),
    expiryMs: ms(1_000).default(60_000).describe('how long a proposal holds, ms'),
    patienceMs: ms(1_000).default(600_000).describe('how long one holds that a person is to approve, ms'),
    keepRatio: decimal(0, 1).default(0.25).describe('a plan stands until another for its pods would shorten the work by this share'),
    driftRatio: decimal(0, 100).default(0.5).describe('overrun of a predicted duration that calls for a new plan'),
    delta1Seconds: decimal(0).default(0.1).describe('imbalance threshold of the DHS classes, s'),
    delta2: decimal(0).default(1).describe('requests-per-camera threshold of the DHS classes'),
    ...clusterSettings,
    ...serviceSettings,
  })
  .strict()
  .superRefine((settings, context) => {
    checkServices(settings, (name, message) => context.addIssue({ code: 'custom', path: [name], message }))
  })
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
      // As compose files write what is not set.
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
  const given: Readonly<Record<string, unknown>> = { ...fromFile, ...fromEnvironment, ...flags }
  const parsed = configShape.safeParse(given)
  if (parsed.success) return Object.freeze(parsed.data)
  const faults = parsed.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownSetting(name, file ?? 'settings'))
    const name = String(issue.path[0])
    const from = name in flags ? `--${flagName(name)}` : name in fromEnvironment ? environmentName(name) : (file ?? 'settings')
    // A token is never shown, not even a wrong one, nor a URL that may hold a password.
    const value = name === 'token' || name.endsWith('Url') || given[name] === undefined ? '' : ` ${JSON.stringify(given[name])}`
    return [`${name}${value} (${from}): ${issue.message}`]
  })
  throw new TwinError('CONFIG_INVALID', `${faults.join('; ')}. See \`npm start -- --help\` for every setting.`, { details: { faults } })
}

const PREFIX = 'EDGETWIN_'

/** Variables that are no setting and look like one, in words: others of that beginning are `twinctl`'s, or the cluster's own. */
export function strayVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = settingNames().map((name) => environmentName(name).slice(PREFIX.length))
  return Object.keys(environment).flatMap((name) => {
    const rest = name.slice(PREFIX.length)
    const [near] = name.startsWith(PREFIX) && !known.includes(rest) ? nearestNames(rest, known) : []
    return near === undefined ? [] : [`${name} is no setting and counts for nothing; did you mean ${PREFIX}${near}`]
  })
}

function unknownSetting(name: string, file: string): string {
  const near = nearestNames(name, settingNames())
  return `${name} (${file}): there is no such setting${near.length === 0 ? '' : `; did you mean ${near.join(' or ')}`}`
}

export const settingNames = (): string[] => Object.keys(configShape.shape)
/** What a setting is when nobody sets it; undefined: nothing. */
export const defaultOf = (name: string): unknown => Reflect.get(configShape.parse({}), name)
/** `minGainRatio` → `min-gain-ratio`. */
export const flagName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
/** `minGainRatio` → `EDGETWIN_MIN_GAIN_RATIO`. */
export const environmentName = (name: string): string => `${PREFIX}${flagName(name).replaceAll('-', '_').toUpperCase()}`

function readConfigFile(file: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new TwinError('CONFIG_INVALID', `cannot read the settings file ${file}; check the path and its rights`, { cause })
  }
  let given: unknown
  try {
    given = parseYaml(text)
  } catch (cause) {
    const where = cause instanceof Error ? cause.message.split(/:?\n/)[0] : ''
    throw new TwinError('CONFIG_INVALID', `the settings file ${file} is not YAML: ${where}; correct it there`, { cause })
  }
  const settings = z.record(z.string(), z.unknown()).safeParse(given ?? {})
  if (settings.success) return settings.data
  throw new TwinError('CONFIG_INVALID', `the settings file ${file} holds no settings by name; write them as in \`port: 8080\``)
}
