/**
 * A fork of the twin with edits applied: each edit is the very events that reality would send, put through the one
 * fold at positions of a topic of its own. The twin it comes from stays untouched.
 */
import { deviceModels } from '../models/applications/device-models.ts'
import type { Edit } from '../models/contracts/what-if.ts'
import type { EntityKind, EntityOfKind } from '../models/entities/entities.ts'
import { isEnded, type Pod } from '../models/entities/pod.ts'
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import { applyEvents } from './fold.ts'
import type { TwinState } from './twin-state.ts'
import { cameraNamed, checkApplication, unknownName } from './workload.ts'

const TOPIC = 'what-if'

/** @throws TwinError ENTITY_UNKNOWN, APPLICATION_UNKNOWN or QUERY_INVALID; edits apply in order, each to what the others left. */
export function applyEdits(state: TwinState, edits: readonly Edit[]): TwinState {
  return edits.reduce((fork, edit) => applyForked(fork, eventsOf(fork, edit)), state)
}

/** Puts events to the twin at positions of the fork's own. */
export function applyForked(state: TwinState, events: readonly TwinEvent[]): TwinState {
  const offset = (state.positions.get(`${TOPIC}:0`) ?? -1) + 1
  return applyEvents(
    state,
    events.map((event, index) => ({
      sequence: state.sequence + index + 1,
      position: { topic: TOPIC, partition: 0, offset: offset + index },
      event,
    })),
  )
}

type EditOf<K extends Edit['kind']> = Extract<Edit, { kind: K }>

function eventsOf(state: TwinState, edit: Edit): TwinEvent[] {
  switch (edit.kind) {
    case 'lose-node':
      return loseNode(state, edit)
    // What runs on a drained node is movable; that is the problem's matter, not an event.
    case 'drain-node':
    case 'cordon-node':
      return cordonNode(state, edit)
    case 'add-node':
      return addNode(state, edit)
    case 'lose-accelerator':
      return loseAccelerator(state, edit)
    case 'add-accelerator':
      return addAccelerator(state, edit)
    case 'add-camera':
      return addCamera(state, edit)
    case 'remove-camera':
      cameraNamed(state, edit.camera)
      return [{ type: 'camera.gone', ...commonOf(state), name: edit.camera, reason: 'what-if: removed' }]
    case 'scale-link':
      return sampleLink(state, edit.link, (bytesPerSecond) => bytesPerSecond * edit.factor)
    case 'set-link':
      return sampleLink(state, edit.link, () => edit.bytesPerSecond)
    case 'burst':
      cameraNamed(state, edit.camera)
      checkApplication(edit.application)
      return []
    default:
      return assertNever(edit)
  }
}

function loseNode(state: TwinState, { node }: EditOf<'lose-node'>): TwinEvent[] {
  existing(state, 'node', node)
  const common = commonOf(state)
  return [
    { type: 'node.gone', ...common, name: node, reason: 'what-if: lost' },
    ...failPods(state, { isHit: ({ reported }) => reported.place?.node === node, reason: 'node lost' }),
  ]
}

function cordonNode(state: TwinState, { node: name }: EditOf<'cordon-node' | 'drain-node'>): TwinEvent[] {
  const node = existing(state, 'node', name)
  const ready = node.reported.conditions?.value.ready ?? false
  return [{ type: 'node.conditionsChanged', ...commonOf(state), name, ready, cordoned: true, reason: 'what-if: cordoned' }]
}

function addNode(state: TwinState, { node, role, accelerators, bytesPerSecond, latencyMs }: EditOf<'add-node'>): TwinEvent[] {
  refuseExisting(state, 'node', node)
  const common = commonOf(state)
  const deviceModel = accelerators[0]?.deviceModel ?? null
  const identity = { role, emulated: true, deviceModel, memoryBytes: memoryOf(deviceModel) }
  const link = `${node}-uplink`
  return [
    { type: 'node.observed', ...common, name: node, identity, schedulable: true },
    { type: 'node.conditionsChanged', ...common, name: node, ready: true, cordoned: false, reason: 'what-if: added' },
    ...accelerators.flatMap(({ device, ...model }) => acceleratorEvents(state, { accelerator: `${node}/${device}`, node, ...model })),
    { type: 'link.observed', ...common, name: link, node, nominal: { bytesPerSecond, latencyMs } },
    { type: 'link.conditionsChanged', ...common, name: link, up: true, reason: 'what-if: added' },
  ]
}

function loseAccelerator(state: TwinState, { accelerator }: EditOf<'lose-accelerator'>): TwinEvent[] {
  existing(state, 'accelerator', accelerator)
  return [
    { type: 'accelerator.conditionsChanged', ...commonOf(state), name: accelerator, healthy: false, reason: 'what-if: lost' },
    ...failPods(state, { isHit: ({ reported }) => reported.place?.accelerator === accelerator, reason: 'accelerator lost' }),
  ]
}

function addAccelerator(state: TwinState, { accelerator, ...model }: EditOf<'add-accelerator'>): TwinEvent[] {
  refuseExisting(state, 'accelerator', accelerator)
  const node = accelerator.slice(0, accelerator.indexOf('/'))
  existing(state, 'node', node)
  return acceleratorEvents(state, { accelerator, node, ...model })
}

interface NewAccelerator {
  readonly accelerator: string
  readonly node: string
  readonly acceleratorKind: AcceleratorKind
  readonly deviceModel: string
}

function acceleratorEvents(state: TwinState, { accelerator: name, node, acceleratorKind, deviceModel }: NewAccelerator): TwinEvent[] {
  const model = deviceModels().find((each) => each.name === deviceModel)
  if (model === undefined)
    throw unknownName(
      'device model',
      deviceModel,
      deviceModels().map((each) => each.name),
    )
  const kinds = model.processors.map(({ kind }) => kind)
  if (!kinds.includes(acceleratorKind)) {
    throw new TwinError('QUERY_INVALID', `${name} cannot be a ${acceleratorKind}: a ${deviceModel} has ${kinds.join(' and ')}`)
  }
  const common = commonOf(state)
  return [
    { type: 'accelerator.observed', ...common, name, identity: { node, acceleratorKind, emulated: true, deviceModel } },
    { type: 'accelerator.conditionsChanged', ...common, name, healthy: true, reason: 'what-if: added' },
  ]
}

/** Its clips are recorded where those of the other cameras are. */
function addCamera(state: TwinState, { camera, node, applications }: EditOf<'add-camera'>): TwinEvent[] {
  refuseExisting(state, 'camera', camera)
  if (node !== null) existing(state, 'node', node)
  for (const application of applications) checkApplication(application)
  const servers = [...state.entities.node.values()].filter(
    ({ mode, reported }) => mode === 'ready' && reported.identity?.value.role === 'server',
  )
  const recordedAt = servers.map(({ name }) => name).sort()[0] ?? null
  const common = commonOf(state)
  return [
    { type: 'camera.observed', ...common, name: camera, node, recordedAt, applications, emulated: true },
    { type: 'camera.conditionsChanged', ...common, name: camera, online: true, degraded: false, reason: 'what-if: added' },
  ]
}

function sampleLink(state: TwinState, name: string, rateFrom: (bytesPerSecond: number) => number): TwinEvent[] {
  const link = existing(state, 'link', name)
  const quality = link.reported.quality?.value ?? link.desired.nominal
  if (quality === null)
    throw new TwinError('QUERY_INVALID', `link ${name} cannot be changed: its rate and latency were never reported; wait for a sample`)
  const bytesPerSecond = Math.min(1e12, rateFrom(quality.bytesPerSecond))
  return [{ type: 'link.sampled', ...commonOf(state), name, quality: { ...quality, bytesPerSecond } }]
}

/** What is lost with its place fails, and the site's job controller makes a replacement that waits to be placed. */
function failPods(state: TwinState, { isHit, reason }: { isHit: (pod: Pod) => boolean; reason: string }): TwinEvent[] {
  const common = commonOf(state)
  const hit = [...state.entities.pod.values()].filter((pod) => !isEnded(pod) && isHit(pod)).sort((a, b) => (a.name < b.name ? -1 : 1))
  return hit.flatMap(({ name, spec }): TwinEvent[] => {
    const failed: TwinEvent = { type: 'pod.failed', ...common, name, reason }
    if (spec === null) return [failed]
    const iteration = spec.iteration + 1
    const replacement = `${spec.request}-${spec.stage}-r${iteration}`
    return [failed, { type: 'pod.created', ...common, name: replacement, uid: `what-if-${replacement}`, spec: { ...spec, iteration } }]
  })
}

function existing<K extends EntityKind>(state: TwinState, kind: K, name: string): EntityOfKind[K] {
  const entities: ReadonlyMap<string, EntityOfKind[K]> = state.entities[kind]
  const entity = entities.get(name)
  if (entity !== undefined && entity.mode !== 'gone') return entity
  throw unknownName(
    kind,
    name,
    [...entities].flatMap(([known, { mode }]) => (mode === 'gone' ? [] : [known])),
  )
}

function refuseExisting(state: TwinState, kind: 'node' | 'camera' | 'accelerator', name: string): void {
  const { mode } = state.entities[kind].get(name) ?? { mode: 'gone' }
  if (mode !== 'gone' && mode !== 'offline')
    throw new TwinError('QUERY_INVALID', `the ${kind} '${name}' exists already; choose another name`)
}

function memoryOf(deviceModel: string | null): number | null {
  return deviceModels().find(({ name }) => name === deviceModel)?.memoryBytes ?? null
}

/** Later than anything heard, else the fold would take the edit for old news. */
export function commonOf(state: TwinState): { site: string; timeMs: number; source: string } {
  return { site: state.site ?? 'what-if', timeMs: newestMs(state), source: TOPIC }
}

function newestMs({ clockMs, entities }: TwinState): number {
  let newest = clockMs
  for (const { reported } of entities.node.values())
    newest = Math.max(newest, reported.identity?.timeMs ?? 0, reported.conditions?.timeMs ?? 0)
  for (const { reported } of entities.accelerator.values())
    newest = Math.max(newest, reported.identity?.timeMs ?? 0, reported.health?.timeMs ?? 0)
  for (const { reported } of entities.link.values())
    newest = Math.max(newest, reported.quality?.timeMs ?? 0, reported.conditions?.timeMs ?? 0)
  for (const { reported } of entities.camera.values())
    newest = Math.max(newest, reported.identity?.timeMs ?? 0, reported.conditions?.timeMs ?? 0)
  return newest
}

function assertNever(edit: never): never {
  throw new Error(`no case for edit ${JSON.stringify(edit)}`)
}
