/**
 * The kinds that `get` and `describe` know, as one table: names, where the server has them, and what a row shows.
 * To add a kind, add a row.
 */
import type { Entity, EntityKind, EntityOfKind } from '../../models/entities/entities.ts'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { agedColumn, type Column, deviceOf, list, since, text } from './columns.ts'
import { formatBytes, formatMs, formatRate, formatRatio, NONE, UNKNOWN } from './format-value.ts'

export interface Resource<K extends EntityKind = EntityKind> {
  readonly kind: K
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly columns: readonly Column<EntityOfKind[K]>[]
}

const nodes: Resource<'node'> = {
  kind: 'node',
  plural: 'nodes',
  shortNames: ['no'],
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'MODE', cell: ({ mode, desired }) => (desired.schedulable ? mode : `${mode},cordoned`) },
    { title: 'ROLE', cell: ({ reported }) => text(reported.identity?.value.role) },
    { title: 'DEVICE', cell: ({ reported }) => deviceOf(reported.identity) },
    { title: 'CPU', cell: ({ reported }) => formatRatio(reported.load?.value.utilizationRatio) },
    { title: 'MEMORY', cell: ({ reported }) => formatBytes(reported.load?.value.memoryUsedBytes) },
    { title: 'EXPORTER', cell: ({ reported: { exporter } }) => (exporter === null ? UNKNOWN : exporter.value.reachable ? 'up' : 'down') },
    agedColumn('SAMPLED', ({ reported }) => reported.load),
    { title: 'MODEL', wide: true, cell: ({ reported }) => text(reported.identity?.value.deviceModel) },
    { title: 'CAPACITY', wide: true, cell: ({ reported }) => formatBytes(reported.identity?.value.memoryBytes) },
    { title: 'REASON', wide: true, cell: ({ reported }) => text(reported.conditions?.value.reason) },
  ],
}

const accelerators: Resource<'accelerator'> = {
  kind: 'accelerator',
  plural: 'accelerators',
  shortNames: ['acc', 'accel'],
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'KIND', cell: ({ reported }) => text(reported.identity?.value.acceleratorKind) },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'DEVICE', cell: ({ reported }) => deviceOf(reported.identity) },
    { title: 'BUSY', cell: ({ reported }) => formatRatio(reported.load?.value.utilizationRatio) },
    { title: 'PODS', cell: ({ reported }) => String(reported.pods.length) },
    agedColumn('SAMPLED', ({ reported }) => reported.load),
    { title: 'MODEL', wide: true, cell: ({ reported }) => text(reported.identity?.value.deviceModel) },
    { title: 'MEMORY', wide: true, cell: ({ reported }) => formatBytes(reported.load?.value.memoryUsedBytes) },
    { title: 'BOUND', wide: true, cell: ({ reported }) => list(reported.pods) },
    { title: 'REASON', wide: true, cell: ({ reported }) => text(reported.health?.value.reason) },
  ],
}

const cameras: Resource<'camera'> = {
  kind: 'camera',
  plural: 'cameras',
  shortNames: ['cam'],
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'NODE', cell: ({ reported: { identity } }) => (identity === null ? UNKNOWN : (identity.value.node ?? NONE)) },
    { title: 'DEVICE', cell: ({ reported }) => deviceOf(reported.identity) },
    { title: 'FPS', cell: ({ reported }) => reported.stream?.value.framesPerSecond.toFixed(1) ?? UNKNOWN },
    { title: 'APPLICATIONS', cell: ({ desired }) => list(desired.applications) },
    agedColumn('SAMPLED', ({ reported }) => reported.stream),
    { title: 'RECORDED_AT', wide: true, cell: ({ reported: { identity } }) => identity?.value.recordedAt ?? NONE },
    { title: 'REASON', wide: true, cell: ({ reported }) => text(reported.conditions?.value.reason) },
  ],
}

const links: Resource<'link'> = {
  kind: 'link',
  plural: 'links',
  shortNames: ['ln'],
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'NODE', cell: ({ desired }) => text(desired.node) },
    { title: 'RATE', cell: ({ reported }) => formatRate(reported.quality?.value.bytesPerSecond) },
    { title: 'LATENCY', cell: ({ reported }) => formatMs(reported.quality?.value.latencyMs) },
    { title: 'BUSY', cell: ({ reported }) => formatRatio(reported.quality?.value.utilizationRatio) },
    agedColumn('SAMPLED', ({ reported }) => reported.quality),
    { title: 'NOMINAL', wide: true, cell: ({ desired }) => formatRate(desired.nominal?.bytesPerSecond) },
    { title: 'REASON', wide: true, cell: ({ reported }) => text(reported.conditions?.value.reason) },
  ],
}

const pods: Resource<'pod'> = {
  kind: 'pod',
  plural: 'pods',
  shortNames: ['po'],
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'APPLICATION', cell: ({ spec }) => text(spec?.application) },
    { title: 'CAMERA', cell: ({ spec }) => text(spec?.camera) },
    { title: 'ACCELERATOR', cell: ({ reported }) => reported.place?.accelerator ?? NONE },
    { title: 'BY', cell: ({ reported }) => reported.place?.by ?? NONE },
    since('AGE', ({ reported }) => reported.createdMs),
    { title: 'STAGE', wide: true, cell: ({ spec }) => text(spec?.stage) },
    { title: 'FRAMES', wide: true, cell: ({ spec }) => text(spec?.frames.toString()) },
    { title: 'WANTED', wide: true, cell: ({ desired }) => desired.accelerator ?? NONE },
    { title: 'IMAGE', wide: true, cell: ({ reported }) => reported.place?.image ?? NONE },
    { title: 'REASON', wide: true, cell: ({ reported }) => text(reported.reason) },
  ],
}

const requests: Resource<'request'> = {
  kind: 'request',
  plural: 'requests',
  shortNames: ['req'],
  columns: [
    { title: 'NAME', cell: ({ id }) => id },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'CAMERA', cell: ({ desired }) => text(desired?.camera) },
    { title: 'APPLICATION', cell: ({ desired }) => text(desired?.application) },
    { title: 'ACCELERATOR', cell: ({ reported }) => reported.accelerator ?? NONE },
    { title: 'LATENCY', cell: ({ reported }) => (reported.latencyMs === null ? NONE : formatMs(reported.latencyMs)) },
    since('AGE', ({ reported }) => reported.requestedMs),
    { title: 'FRAMES', wide: true, cell: ({ desired }) => text(desired?.frames.toString()) },
    { title: 'POD', wide: true, cell: ({ reported }) => reported.pod ?? NONE },
  ],
}

const jobs: Resource<'job'> = {
  kind: 'job',
  plural: 'jobs',
  shortNames: ['jo'],
  columns: [
    { title: 'NAME', cell: ({ id }) => id },
    { title: 'STATUS', cell: ({ mode }) => mode },
    { title: 'USER', cell: ({ reported }) => text(reported.user) },
    { title: 'TYPE', cell: ({ reported }) => text(reported.jobType) },
    { title: 'RESTARTS', cell: ({ reported }) => String(reported.iteration) },
    since('AGE', ({ reported }) => reported.startTimeMs),
    { title: 'PATH', wide: true, cell: ({ reported }) => text(reported.path) },
  ],
}

const plans: Resource<'decision'> = {
  kind: 'decision',
  plural: 'plans',
  shortNames: ['pl', 'decisions'],
  columns: [
    { title: 'NAME', cell: ({ id }) => id },
    { title: 'MODE', cell: ({ mode }) => mode },
    { title: 'TRIGGER', cell: ({ desired }) => text(desired?.trigger.kind) },
    { title: 'ALGORITHM', cell: ({ desired }) => text(desired?.algorithm) },
    { title: 'PODS', cell: ({ desired }) => text(desired?.placements.length.toString()) },
    { title: 'GAIN', cell: ({ desired }) => formatRatio(desired?.predicted.gainRatio) },
    { title: 'PREDICTED', cell: ({ predicted }) => formatMs(predicted.makespanMs) },
    { title: 'OBSERVED', cell: ({ reported }) => (reported.observedMakespanMs === null ? NONE : formatMs(reported.observedMakespanMs)) },
    since('AGE', ({ desired }) => desired?.madeAtMs ?? null),
    { title: 'SUMMARY', wide: true, cell: ({ desired }) => text(desired?.summary) },
  ],
}

export const RESOURCES: { readonly [K in EntityKind]: Resource<K> } = {
  node: nodes,
  accelerator: accelerators,
  camera: cameras,
  link: links,
  pod: pods,
  request: requests,
  job: jobs,
  decision: plans,
}

/** The columns of a kind, for rows of which only the kind is known. */
export function columnsOf<K extends EntityKind>(kind: K): readonly Column<Entity>[] {
  return RESOURCES[kind].columns.map(({ cell, ...column }) => ({
    ...column,
    cell: (row, context) => (isOfKind(row, kind) ? cell(row, context) : UNKNOWN),
  }))
}

function isOfKind<K extends EntityKind>(entity: Entity, kind: K): entity is Entity & EntityOfKind[K] {
  return entity.kind === kind
}

/** Singular, plural and short names. `plan` is what people call a decision record. */
export function namesOf({ kind, plural, shortNames }: Pick<Resource, 'kind' | 'plural' | 'shortNames'>): string[] {
  return [kind === 'decision' ? 'plan' : kind, plural, ...shortNames]
}

/** @throws TwinError CONFIG_INVALID with the nearest names. */
export function toKind(name: string): EntityKind {
  const known = Object.values(RESOURCES).find((resource) => namesOf(resource).includes(name.toLowerCase()))
  if (known !== undefined) return known.kind
  const plurals = Object.values(RESOURCES).map(({ plural }) => plural)
  const near = nearestNames(name, plurals)
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${plurals.join(', ')}`
  throw new TwinError('CONFIG_INVALID', `there is no kind '${name}'; ${remedy}`)
}
