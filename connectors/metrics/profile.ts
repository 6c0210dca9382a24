/**
 * A profile says how an exporter's series become readings: which device a series is of, which property, in which unit.
 *
 * Profiles are YAML so that users can add their own; a bad one is refused as a whole, with line and column.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { acceleratorKindShape } from '../../models/events/shapes.ts'
import { parseYaml } from './yaml-text.ts'

const seriesNamesShape = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((names) => (typeof names === 'string' ? [names] : names))
/** Label values that a sample must have; a `*` at an end stands for anything. */
const whereShape = z.record(
  z.string(),
  z.union([z.string(), z.array(z.string()).min(1)]).transform((values) => [values].flat()),
)

/** One way to find a number; of several ways the first whose series are all there is taken. */
const numberRuleShape = z.strictObject({
  /** Added up. */
  series: seriesNamesShape,
  /** Taken off. */
  minus: seriesNamesShape.optional(),
  where: whereShape.optional(),
  scale: z.number().default(1),
  /** How several samples of one series and device become one number. */
  combine: z.enum(['first', 'max', 'sum', 'mean', 'distinct']).default('first'),
  /** For `distinct`: counts the values of this label. */
  label: z.string().optional(),
  /** Growth per second since the scrape before. Counters that start again count from 0. */
  rate: z.boolean().default(false),
  /** Growth of the samples with these labels as a share of the growth of all: 1 minus that. */
  idle: whereShape.optional(),
})
export type NumberRule = z.infer<typeof numberRuleShape>

/** A label whose sample is 1, out of several samples that are 0. */
const choiceRuleShape = <T extends z.ZodType>(value: T) =>
  z.strictObject({ series: z.string(), label: z.string(), values: z.record(z.string(), value) })
const numberRulesShape = z.union([numberRuleShape, z.array(numberRuleShape).min(1)]).transform((rules) => [rules].flat())

export const NUMBER_PROPERTIES = [
  'utilizationRatio',
  'memoryUsedBytes',
  'memoryTotalBytes',
  'temperatureCelsius',
  'powerWatts',
  'energyJoulesTotal',
  'errorsTotal',
  'cpuCount',
  'interfaceBytesPerSecond',
] as const
export type NumberProperty = (typeof NUMBER_PROPERTIES)[number]

const deviceRuleShape = z.strictObject({
  kind: z.enum(['node', 'accelerator']),
  /** Name on its node, with {label} in it; {a|b} takes the first label that is there. Empty for the node. */
  name: z.string(),
  /** Keeps what follows the last one of these characters: `/` turns `node-1/gpu0` into `gpu0`. */
  nameAfter: z.string().length(1).optional(),
  /** Samples with one of these labels are of another device. */
  without: z.array(z.string()).default([]),
  identity: z
    .strictObject({
      /** Read from the labels of these series. */
      series: seriesNamesShape,
      /** A kind, or {label} holding one. */
      acceleratorKind: z.string(),
      vendor: z.string().optional(),
      model: z.string().optional(),
      driver: z.string().optional(),
      uuid: z.string().optional(),
      emulated: z.string().default('false'),
    })
    .optional(),
  properties: z.partialRecord(z.enum(NUMBER_PROPERTIES), numberRulesShape).default({}),
  state: choiceRuleShape(z.enum(['allocated', 'unallocated'])).optional(),
  healthy: choiceRuleShape(z.boolean()).optional(),
})
export type DeviceRule = z.infer<typeof deviceRuleShape>

const profileShape = z.strictObject({
  name: z.string().regex(/^[a-z0-9][-a-z0-9]*$/),
  /** Value ranges that mean "unknown", both ends included. */
  unknown: z.array(z.tuple([z.number(), z.number()])).default([]),
  /** Kinds by the exporter's word for them, where it uses other words than ours. */
  kinds: z.record(z.string(), acceleratorKindShape).default({}),
  devices: z.array(deviceRuleShape).min(1),
})
export type Profile = z.infer<typeof profileShape>

/** @throws TwinError PROFILE_INVALID, naming every fault with its line and column. */
export function parseProfile(text: string, source: string): Profile {
  return parseYaml(text, profileShape, { code: 'PROFILE_INVALID', source: `profile ${source}`, example: 'profiles/ha-exporter.yaml' })
}

const BUNDLED = `${import.meta.dirname}/profiles`

export function bundledProfileNames(): string[] {
  return readdirSync(BUNDLED)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort()
}

/** A bundled profile by name. @throws TwinError PROFILE_INVALID */
export function loadProfile(name: string): Profile {
  const names = bundledProfileNames()
  if (names.includes(name)) return parseProfile(readFileSync(`${BUNDLED}/${name}.yaml`, 'utf8'), `${name}.yaml`)
  const [nearest] = nearestNames(name, names)
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  throw new TwinError('PROFILE_INVALID', `There is no metrics profile "${name}".${hint} Known: ${names.join(', ')}.`, {
    details: { name, known: names },
  })
}
