/**
 * Turns the samples of one scrape into readings of devices, as a profile says.
 *
 * Unknown is absent, never zero. What cannot be true is left out and named in `rejected`, so that the caller can put it aside.
 * Rates need the scrape before: its counters are handed out as plain data and handed in again.
 */
import {
  type AcceleratorKind,
  acceleratorKindShape,
  bytesPerSecondShape,
  bytesShape,
  celsiusShape,
  ratioShape,
  wattsShape,
} from '../../models/events/shapes.ts'
import type { Sample } from '../../models/exposition/format.ts'
import { type CounterState, readNumberRule } from './number-rules.ts'
import { type DeviceRule, NUMBER_PROPERTIES, type NumberProperty, type Profile } from './profile.ts'
import { resolveTemplate, seriesText } from './templates.ts'

export interface ReadingIdentity {
  readonly acceleratorKind: AcceleratorKind
  readonly vendor?: string
  readonly model?: string
  readonly driver?: string
  readonly uuid?: string
  readonly emulated: boolean
}

export interface Reading extends Readonly<Partial<Record<NumberProperty, number>>> {
  readonly kind: 'node' | 'accelerator'
  /** On its node, such as `gpu0`; empty for the node itself. */
  readonly name: string
  readonly identity?: ReadingIdentity
  readonly state?: 'allocated' | 'unallocated'
  readonly healthy?: boolean
}

export interface RejectedSeries {
  readonly series: string
  readonly reason: string
}

export interface ReadingsResult {
  readonly readings: readonly Reading[]
  readonly rejected: readonly RejectedSeries[]
  readonly state: CounterState
}

export interface ReadingsOptions {
  readonly timeMs: number
  /** The state that the scrape before gave; without it there are no rates. */
  readonly previous?: CounterState
}

/** The samples of one device, by series name. */
type DeviceSamples = Map<string, Sample[]>
type Reject = (series: string, reason: string) => void

const DEVICE_NAME = /^[a-z0-9][-a-z0-9.]{0,62}$/
const COUNT_MAX = 65_536
const PLAUSIBLE: Readonly<Record<NumberProperty, (value: number) => string | undefined>> = {
  utilizationRatio: within(ratioShape),
  memoryUsedBytes: within(bytesShape),
  memoryTotalBytes: within(bytesShape),
  temperatureCelsius: within(celsiusShape),
  powerWatts: within(wattsShape),
  energyJoulesTotal: (value) => (value >= 0 ? undefined : 'below 0'),
  errorsTotal: (value) => (value >= 0 ? undefined : 'below 0'),
  interfaceBytesPerSecond: (value) => (value > 0 ? within(bytesPerSecondShape)(value) : 'not above 0'),
  cpuCount: (value) => (Number.isInteger(value) && value > 0 && value <= COUNT_MAX ? undefined : 'not a whole number of CPUs'),
}

function within(shape: typeof ratioShape): (value: number) => string | undefined {
  return (value) => shape.safeParse(value).error?.issues[0]?.message
}

export function toReadings(samples: readonly Sample[], profile: Profile, options: ReadingsOptions): ReadingsResult {
  const rejected: RejectedSeries[] = []
  const reject: Reject = (series, reason) => rejected.push({ series, reason })
  const counters: Record<string, number> = {}
  const claimed = new Set<Sample>()
  const wantedRules = new Map<string, Set<DeviceRule>>()
  for (const rule of profile.devices) {
    for (const name of seriesOf(rule)) wantedRules.set(name, (wantedRules.get(name) ?? new Set()).add(rule))
  }
  const wanted = samples.filter(({ name }) => wantedRules.has(name))
  const readings: Reading[] = []
  for (const rule of profile.devices) {
    const devices = new Map<string, DeviceSamples>()
    for (const sample of wanted) {
      if (!wantedRules.get(sample.name)?.has(rule) || rule.without.some((label) => sample.labels.has(label))) continue
      const name = deviceName(rule, sample)
      if (name === undefined) continue
      claimed.add(sample)
      const device = devices.get(name) ?? new Map<string, Sample[]>()
      devices.set(name, device)
      const ofSeries = device.get(sample.name)
      if (ofSeries === undefined) device.set(sample.name, [sample])
      else ofSeries.push(sample)
    }
    for (const [name, device] of devices) {
      if (rule.kind === 'accelerator' && !DEVICE_NAME.test(name))
        reject(seriesText([...device.values()][0]?.[0]), `"${name}" is no device name`)
      else readings.push(readDevice(device, { rule, name, profile, options, counters, reject }))
    }
  }
  for (const sample of wanted) if (!claimed.has(sample)) reject(seriesText(sample), 'no label says which device it is of')
  return { readings, rejected: distinct(rejected), state: { timeMs: options.timeMs, counters } }
}

export function seriesOf(rule: DeviceRule): string[] {
  const numbers = Object.values(rule.properties).flatMap((rules) =>
    (rules ?? []).flatMap(({ series, minus = [] }) => [...series, ...minus]),
  )
  return [...numbers, ...(rule.identity?.series ?? []), ...[rule.state, rule.healthy].flatMap((choice) => choice?.series ?? [])]
}

function deviceName({ name, nameAfter }: DeviceRule, sample: Sample): string | undefined {
  const resolved = resolveTemplate(name, sample.labels)
  return resolved === undefined || nameAfter === undefined ? resolved : resolved.slice(resolved.lastIndexOf(nameAfter) + 1)
}

interface DeviceContext {
  readonly rule: DeviceRule
  readonly name: string
  readonly profile: Profile
  readonly options: ReadingsOptions
  /** Filled with what the next scrape needs. */
  readonly counters: Record<string, number>
  readonly reject: Reject
}

function readDevice(device: DeviceSamples, context: DeviceContext): Reading {
  const { rule, name, reject } = context
  const values: Partial<Record<NumberProperty, number>> = {}
  const known = knownValues(device, context)
  for (const property of NUMBER_PROPERTIES) {
    for (const numberRule of rule.properties[property] ?? []) {
      const value = readNumberRule(numberRule, known, context)
      if (value === undefined) continue
      const fault = PLAUSIBLE[property](value)
      if (fault === undefined) values[property] = value
      else reject(seriesText(known.get(numberRule.series[0] ?? '')?.[0]), `${property} ${value} is not plausible: ${fault}`)
      break
    }
  }
  const { memoryUsedBytes = 0, memoryTotalBytes = Number.POSITIVE_INFINITY } = values
  if (memoryUsedBytes > memoryTotalBytes) {
    delete values.memoryUsedBytes
    const series = rule.properties.memoryUsedBytes?.[0]?.series[0] ?? ''
    reject(seriesText(known.get(series)?.[0]), `memoryUsedBytes ${memoryUsedBytes} is above memoryTotalBytes ${memoryTotalBytes}`)
  }
  const identity = readIdentity(device, context)
  const state = readChoice(rule.state, known, reject)
  const healthy = readChoice(rule.healthy, known, reject)
  return {
    kind: rule.kind,
    name: detached(name),
    ...(identity === undefined ? {} : { identity }),
    ...values,
    ...(state === undefined ? {} : { state }),
    ...(healthy === undefined ? {} : { healthy }),
  }
}

/** Without the exporter's own words for "unknown", and without what is not a number. */
function knownValues(device: DeviceSamples, { profile, reject }: DeviceContext): DeviceSamples {
  const known: DeviceSamples = new Map()
  for (const [name, samples] of device) {
    const kept = samples.filter((sample) => {
      if (!Number.isFinite(sample.value)) reject(seriesText(sample), `${sample.value} is no measurement`)
      return Number.isFinite(sample.value) && !profile.unknown.some(([from, to]) => sample.value >= from && sample.value <= to)
    })
    if (kept.length > 0) known.set(name, kept)
  }
  return known
}

function readIdentity(device: DeviceSamples, { rule: { identity }, profile, reject }: DeviceContext): ReadingIdentity | undefined {
  const sample = identity?.series.flatMap((series) => device.get(series)?.[0] ?? [])[0]
  if (identity === undefined || sample === undefined) return undefined
  const textOf = (template: string | undefined) => detached(resolveTemplate(template ?? '', sample.labels) ?? '')
  const word = textOf(identity.acceleratorKind)
  const kind = acceleratorKindShape.safeParse(profile.kinds[word] ?? word)
  if (!kind.success) {
    reject(seriesText(sample), `"${word}" is no kind of accelerator: ${acceleratorKindShape.options.join(', ')}`)
    return undefined
  }
  const texts = {
    vendor: textOf(identity.vendor),
    model: textOf(identity.model),
    driver: textOf(identity.driver),
    uuid: textOf(identity.uuid),
  }
  const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
  return { acceleratorKind: kind.data, ...given, emulated: textOf(identity.emulated) === 'true' }
}

function readChoice<T>(
  choice: { readonly series: string; readonly label: string; readonly values: Readonly<Record<string, T>> } | undefined,
  known: DeviceSamples,
  reject: Reject,
): T | undefined {
  const samples = choice === undefined ? [] : (known.get(choice.series) ?? [])
  if (choice === undefined || samples.length === 0) return undefined
  const chosen = samples.filter(({ value }) => value === 1)
  const word = chosen[0]?.labels.get(choice.label)
  if (chosen.length === 1 && word !== undefined) return Object.hasOwn(choice.values, word) ? choice.values[word] : undefined
  reject(seriesText(samples[0]), `${chosen.length} of its ${samples.length} states are 1; it must be one`)
  return undefined
}

/** A text of its own: a slice would keep the whole scrape in memory for as long as the twin knows the device. */
function detached(text: string): string {
  return String(JSON.parse(JSON.stringify(text)))
}

/** A series that serves two properties is rejected once. */
function distinct(rejected: readonly RejectedSeries[]): RejectedSeries[] {
  return [...new Map(rejected.map((one) => [`${one.series} ${one.reason}`, one])).values()]
}
