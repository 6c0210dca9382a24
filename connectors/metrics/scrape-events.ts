/**
 * From one scrape to events: what the exporter says of its node and devices, and that it was heard at all.
 *
 * An identity is told when it is new, changed or half a minute old; samples every time. A device that an
 * answering exporter no longer lists is gone; a silent exporter says nothing about its devices.
 */
import { deviceModels } from '../../models/applications/device-models.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import type { Load } from '../../models/events/shapes.ts'
import type { Reading } from './readings.ts'
import type { ScrapeResult } from './scraper.ts'

export interface ScrapeTargetFacts {
  readonly site: string
  /** A machine that the cluster does not list: the exporter alone speaks for it. */
  readonly isObserver: boolean
}

interface KnownDevice {
  readonly identityText: string
  readonly toldMs: number
  readonly healthy: boolean | undefined
}

/** What was told of one target before; plain data, handed in again with its next scrape. */
export interface ToldState {
  readonly devices: ReadonlyMap<string, KnownDevice>
  readonly node: { readonly toldMs: number; readonly reachable: boolean } | null
}
export const nothingTold: ToldState = { devices: new Map(), node: null }

/** Identities are repeated this often, so that their age says whether the source lives. */
const RETELL_MS = 30_000

export function toScrapeEvents(told: ToldState, result: ScrapeResult, facts: ScrapeTargetFacts): { events: TwinEvent[]; told: ToldState } {
  const { name } = result.target
  const common = { site: facts.site, timeMs: result.timeMs, source: `exporter:${name}` }
  const node = facts.isObserver ? observerEvents(told, result, facts) : { events: [], told: told.node }
  if (!result.ok) {
    const lost: TwinEvent = { type: 'exporter.lost', ...common, name, reason: `${result.reason}: ${result.message}`.slice(0, 1_000) }
    return { events: [...node.events, lost], told: { ...told, node: node.told } }
  }
  const reached: TwinEvent = {
    type: 'exporter.reached',
    ...common,
    name,
    durationMs: result.durationMs,
    rejectedCount: result.rejected.length,
  }
  const events: TwinEvent[] = [...node.events, reached]
  const devices = new Map<string, KnownDevice>()
  for (const reading of result.readings) {
    if (reading.kind === 'node') {
      const { interfaceBytesPerSecond } = reading
      const speed = interfaceBytesPerSecond === undefined ? {} : { interfaceBytesPerSecond }
      events.push({ type: 'node.sampled', ...common, name, load: loadOf(reading), ...speed })
    } else deviceEvents(told, { reading, common, node: name, events, devices })
  }
  for (const device of told.devices.keys()) {
    if (!devices.has(device)) events.push({ type: 'accelerator.gone', ...common, name: device, reason: 'its exporter no longer lists it' })
  }
  return { events, told: { devices, node: node.told } }
}

interface DeviceContext {
  readonly reading: Reading
  readonly common: { readonly site: string; readonly timeMs: number; readonly source: string }
  readonly node: string
  readonly events: TwinEvent[]
  readonly devices: Map<string, KnownDevice>
}

function deviceEvents(told: ToldState, { reading, common, node, events, devices }: DeviceContext): void {
  const name = `${node}/${reading.name}`
  const before = told.devices.get(name)
  const identityText = JSON.stringify(reading.identity ?? null)
  const isDue = before === undefined || before.identityText !== identityText || common.timeMs - before.toldMs >= RETELL_MS
  if (reading.identity !== undefined && isDue) {
    const { acceleratorKind, emulated, vendor, model, driver, uuid } = reading.identity
    const deviceModel = deviceModels().find((known) => known.name === model)?.name ?? null
    const identity = {
      node,
      acceleratorKind,
      emulated,
      deviceModel,
      ...(vendor === undefined ? {} : { vendor }),
      ...(model === undefined ? {} : { model }),
      ...(driver === undefined ? {} : { driver }),
      ...(uuid === undefined ? {} : { uuid }),
    }
    events.push({ type: 'accelerator.observed', ...common, name, identity })
  }
  if (reading.healthy !== undefined && reading.healthy !== (before?.healthy ?? true)) {
    const reason = reading.healthy ? 'its exporter reports it well again' : 'its exporter reports it degraded or offline'
    events.push({ type: 'accelerator.conditionsChanged', ...common, name, healthy: reading.healthy, reason })
  }
  const allocated = reading.state === undefined ? {} : { allocated: reading.state === 'allocated' }
  events.push({ type: 'accelerator.sampled', ...common, name, load: loadOf(reading), ...allocated })
  devices.set(name, {
    identityText,
    toldMs: isDue ? common.timeMs : (before?.toldMs ?? common.timeMs),
    healthy: reading.healthy ?? before?.healthy,
  })
}

function loadOf(reading: Reading): Load {
  const { utilizationRatio, memoryUsedBytes, memoryTotalBytes, temperatureCelsius, powerWatts } = reading
  const all = { utilizationRatio, memoryUsedBytes, memoryTotalBytes, temperatureCelsius, powerWatts }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** A watched machine is ready while it answers; it takes no work from us. */
function observerEvents(
  told: ToldState,
  result: ScrapeResult,
  { site }: ScrapeTargetFacts,
): { events: TwinEvent[]; told: ToldState['node'] } {
  const { name } = result.target
  const { node } = told
  if (node !== null && node.reachable === result.ok && result.timeMs - node.toldMs < RETELL_MS) return { events: [], told: node }
  const common = { site, timeMs: result.timeMs, source: `exporter:${name}`, name }
  const reading = result.ok ? result.readings.find(({ kind }) => kind === 'node') : undefined
  const emulated = result.ok && result.readings.some(({ identity }) => identity?.emulated === true)
  const identity = { role: 'observer' as const, emulated, deviceModel: null, memoryBytes: reading?.memoryTotalBytes ?? null }
  const conditions = { ready: result.ok, cordoned: true, reason: result.ok ? 'watched, takes no work' : 'its exporter does not answer' }
  const events: TwinEvent[] = result.ok ? [{ type: 'node.observed', ...common, identity, schedulable: false }] : []
  events.push({ type: 'node.conditionsChanged', ...common, ...conditions })
  return { events, told: { toldMs: result.timeMs, reachable: result.ok } }
}
