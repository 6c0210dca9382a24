/** What the details panel says of an entity: groups of properties as desired, reported and predicted, each with who said so and when. */
import type { Accelerator } from '../../../../models/entities/accelerator.ts'
import type { Camera } from '../../../../models/entities/camera.ts'
import type { Entity } from '../../../../models/entities/entities.ts'
import type { Freshness } from '../../../../models/entities/fact.ts'
import type { Link } from '../../../../models/entities/link.ts'
import type { Node } from '../../../../models/entities/node.ts'
import type { Pod } from '../../../../models/entities/pod.ts'
import type { InferenceRequest } from '../../../../models/entities/request.ts'
import type { LinkOrigin } from '../../../../models/events/device-events.ts'
import type { Load } from '../../../../models/events/shapes.ts'
import { bitRate, bytes, clockTime, duration, percent } from '../format.ts'

export interface Row {
  readonly label: string
  readonly desired?: string | undefined
  readonly reported?: string | undefined
  readonly predicted?: string | undefined
}
export interface Told {
  readonly source: string
  readonly timeMs: number
  readonly freshness: Freshness | null
}
export interface Group {
  readonly title: string
  /** Null when nobody has told yet. */
  readonly told: Told | null
  readonly rows: readonly Row[]
}

export function groupsOf(entity: Entity, nowMs: number): readonly Group[] {
  switch (entity.kind) {
    case 'node':
      return nodeGroups(entity)
    case 'accelerator':
      return acceleratorGroups(entity, nowMs)
    case 'camera':
      return cameraGroups(entity)
    case 'link':
      return linkGroups(entity)
    case 'pod':
      return podGroups(entity, nowMs)
    case 'request':
      return requestGroups(entity, nowMs)
    case 'job': {
      const { source, timeMs, user, path, jobType, iteration } = entity.reported
      const rows = Object.entries({ status: entity.mode, user, path, type: jobType, iteration: String(iteration) })
      return [{ title: 'Job', told: { source, timeMs, freshness: null }, rows: rows.map(([label, reported]) => ({ label, reported })) }]
    }
    case 'decision':
      return []
  }
}

const yesNo = (value: boolean | undefined) => (value === undefined ? undefined : value ? 'yes' : 'no')
const origin = (isEmulated: boolean | undefined) => (isEmulated === undefined ? undefined : isEmulated ? 'emulated' : 'real')
/** Leaves out what nobody knows and nobody asked for. */
const known = (rows: readonly Row[]) => rows.filter(({ desired, reported, predicted }) => Boolean(desired || reported || predicted))

function loadRows(load: Load | undefined): Row[] {
  const { utilizationRatio, memoryUsedBytes, memoryTotalBytes, temperatureCelsius, powerWatts } = load ?? {}
  const memory =
    memoryUsedBytes === undefined
      ? undefined
      : `${bytes(memoryUsedBytes)}${memoryTotalBytes === undefined ? '' : ` of ${bytes(memoryTotalBytes)}`}`
  return [
    { label: 'utilisation', reported: utilizationRatio === undefined ? 'unknown' : percent(utilizationRatio, 1) },
    { label: 'memory', reported: memory },
    { label: 'temperature', reported: temperatureCelsius === undefined ? undefined : `${temperatureCelsius.toFixed(1)} °C` },
    { label: 'power', reported: powerWatts === undefined ? undefined : `${powerWatts.toFixed(1)} W` },
  ]
}

function nodeGroups({ desired, reported }: Node): Group[] {
  const { identity, conditions, load, exporter } = reported
  return [
    {
      title: 'State',
      told: conditions,
      rows: known([
        { label: 'ready', reported: yesNo(conditions?.value.ready) },
        {
          label: 'takes work',
          desired: yesNo(desired.schedulable),
          reported: conditions === null ? undefined : yesNo(!conditions.value.cordoned),
        },
        { label: 'reason', reported: conditions?.value.reason },
      ]),
    },
    { title: 'Load', told: load, rows: known(loadRows(load?.value)) },
    {
      title: 'Exporter',
      told: exporter,
      rows: known([
        { label: 'reachable', reported: yesNo(exporter?.value.reachable) },
        { label: 'reason', reported: exporter?.value.reason },
      ]),
    },
    {
      title: 'Identity',
      told: identity,
      rows: known([
        { label: 'role', reported: identity?.value.role },
        { label: 'origin', reported: origin(identity?.value.emulated) },
        { label: 'model', reported: identity?.value.deviceModel ?? undefined },
        { label: 'memory', reported: identity?.value.memoryBytes == null ? undefined : bytes(identity.value.memoryBytes) },
      ]),
    },
  ]
}

function acceleratorGroups({ desired, reported, predicted, mode }: Accelerator, nowMs: number): Group[] {
  const { identity, health, load } = reported
  const claimed = load?.value.allocated
  return [
    {
      title: 'Work',
      told: null,
      rows: known([
        {
          label: 'pods',
          desired: desired.pods.length === 0 ? 'none to come' : desired.pods.join(', '),
          reported: reported.pods.length === 0 ? 'none' : reported.pods.join(', '),
        },
        {
          label: 'busy until',
          predicted: predicted.busyUntilMs === null ? undefined : `${clockTime(predicted.busyUntilMs, nowMs)}`,
        },
        { label: 'allocated', reported: mode === 'allocated' ? 'yes' : 'no' },
        { label: 'its exporter says', reported: claimed === undefined ? undefined : claimed ? 'allocated' : 'unallocated' },
      ]),
    },
    { title: 'Load', told: load, rows: known(loadRows(load?.value)) },
    {
      title: 'Health',
      told: health === null ? null : { ...health, freshness: null },
      rows: known([
        { label: 'healthy', reported: yesNo(health?.value.healthy) },
        { label: 'reason', reported: health?.value.reason },
      ]),
    },
    {
      title: 'Identity',
      told: identity,
      rows: known([
        { label: 'kind', reported: identity?.value.acceleratorKind },
        { label: 'origin', reported: origin(identity?.value.emulated) },
        { label: 'device', reported: identity?.value.deviceModel ?? undefined },
        { label: 'vendor', reported: identity?.value.vendor },
        { label: 'model', reported: identity?.value.model },
        { label: 'driver', reported: identity?.value.driver },
      ]),
    },
  ]
}

function cameraGroups({ desired, reported }: Camera): Group[] {
  const { identity, conditions, stream } = reported
  return [
    {
      title: 'Stream',
      told: stream,
      rows: known([
        { label: 'frames per second', reported: stream?.value.framesPerSecond.toFixed(1) ?? 'unknown' },
        { label: 'applications', desired: desired.applications.join(', ') },
      ]),
    },
    {
      title: 'State',
      told: conditions,
      rows: known([
        { label: 'online', reported: yesNo(conditions?.value.online) },
        { label: 'degraded', reported: yesNo(conditions?.value.degraded) },
        { label: 'reason', reported: conditions?.value.reason },
      ]),
    },
    {
      title: 'Identity',
      told: identity,
      rows: known([
        { label: 'node inside', reported: identity === null ? undefined : (identity.value.node ?? 'none: it does not compute') },
        { label: 'recorded at', reported: identity?.value.recordedAt ?? undefined },
        { label: 'origin', reported: origin(identity?.value.emulated) },
      ]),
    },
  ]
}

/** How a link's rate is known, where a cluster tells of it. */
const LINK_ORIGINS: Readonly<Record<LinkOrigin, string>> = {
  annotated: 'annotated on the node',
  measured: 'measured: the interface of the node is set to it',
  assumed: 'assumed: nobody says; annotate the node',
}

function linkGroups({ desired, reported }: Link): Group[] {
  const { quality, conditions } = reported
  const use = quality?.value.utilizationRatio
  return [
    {
      title: 'Quality',
      told: quality,
      rows: known([
        {
          label: 'rate',
          desired: bitRate(desired.nominal?.bytesPerSecond),
          reported: quality === null ? 'unknown' : bitRate(quality.value.bytesPerSecond),
        },
        {
          label: 'latency',
          desired: duration(desired.nominal?.latencyMs),
          reported: quality === null ? 'unknown' : duration(quality.value.latencyMs),
        },
        { label: 'utilisation', reported: use === undefined ? undefined : percent(use) },
        { label: 'known from', desired: desired.origin === undefined ? undefined : LINK_ORIGINS[desired.origin] },
        { label: 'node', desired: desired.node ?? undefined },
      ]),
    },
    {
      title: 'State',
      told: conditions,
      rows: known([
        { label: 'up', reported: yesNo(conditions?.value.up) },
        { label: 'reason', reported: conditions?.value.reason },
      ]),
    },
  ]
}

function podGroups({ desired, reported, predicted, spec }: Pod, nowMs: number): Group[] {
  const { source, timeMs, place } = reported
  const time = (ms: number | null) => (ms === null ? undefined : clockTime(ms, nowMs))
  return [
    {
      title: 'Place and times',
      told: { source, timeMs, freshness: null },
      rows: known([
        { label: 'accelerator', desired: desired.accelerator ?? undefined, reported: place?.accelerator ?? 'none yet' },
        { label: 'decided by', desired: desired.decision ?? undefined, reported: place?.by },
        { label: 'image', reported: place?.image },
        { label: 'created', reported: time(reported.createdMs) },
        { label: 'bound', reported: time(reported.boundMs) },
        { label: 'started', reported: time(reported.startedMs), predicted: time(predicted.startMs) },
        { label: 'ended', reported: time(reported.endedMs), predicted: time(predicted.finishMs) },
        { label: 'reason', reported: reported.reason },
      ]),
    },
    ...warningGroups(reported, nowMs),
    {
      title: 'Work',
      told: null,
      rows: known([
        { label: 'request', desired: spec?.request },
        { label: 'camera', desired: spec?.camera },
        { label: 'application', desired: spec === null ? undefined : `${spec.application}, ${spec.stage}` },
        { label: 'frames', desired: spec === null ? undefined : String(spec.frames) },
        { label: 'started before', desired: spec === null || spec.iteration === 0 ? undefined : `${spec.iteration} times` },
      ]),
    },
  ]
}

function warningGroups({ warnings = [], source }: Pod['reported'], nowMs: number): Group[] {
  const newestFirst = warnings.toReversed()
  const [newest] = newestFirst
  if (newest === undefined) return []
  const rows = newestFirst.map(({ reason, note, count, timeMs }) => ({
    label: reason,
    reported: `${note} (${count === 1 ? 'once' : `${count} times`}, ${clockTime(timeMs, nowMs)})`,
  }))
  return [{ title: 'Warnings', told: { source, timeMs: newest.timeMs, freshness: null }, rows }]
}

function requestGroups({ desired, reported, predicted }: InferenceRequest, nowMs: number): Group[] {
  const { source, timeMs } = reported
  const time = (ms: number | null) => (ms === null ? undefined : clockTime(ms, nowMs))
  return [
    {
      title: 'Request',
      told: { source, timeMs, freshness: null },
      rows: known([
        { label: 'camera', desired: desired?.camera },
        { label: 'application', desired: desired?.application },
        { label: 'frames', desired: desired === null ? undefined : String(desired.frames) },
        { label: 'requested', reported: time(reported.requestedMs) },
        { label: 'pod', reported: reported.pod ?? undefined },
        { label: 'accelerator', reported: reported.accelerator ?? undefined },
        { label: 'completed', reported: time(reported.completedMs), predicted: time(predicted.finishMs) },
        { label: 'latency', reported: reported.latencyMs === null ? undefined : duration(reported.latencyMs) },
      ]),
    },
  ]
}
