/** What a what-if has to place: the requests of a query, or the pods that wait in the twin, in one form. */
import { APPLICATIONS, applicationNamed } from '../models/applications/applications.ts'
import type { InferenceRequest } from '../models/applications/task-graph.ts'
import { QUERY_LIMITS, type WhatIfQuery } from '../models/contracts/what-if.ts'
import type { Camera } from '../models/entities/camera.ts'
import type { Pod } from '../models/entities/pod.ts'
import { nearestNames, TwinError } from '../models/errors.ts'
import type { TwinState } from './twin-state.ts'
import { runningPods, waitingPods } from './waiting-work.ts'

export interface Work extends InferenceRequest {
  /** Since it was raised, ms; 0 for a request that is only asked about. */
  readonly waitedMs: number
  /** By stage: the pods that exist for it and may be placed. */
  readonly pods: ReadonlyMap<string, Pod>
}

/** @throws TwinError ENTITY_UNKNOWN, APPLICATION_UNKNOWN or PROBLEM_TOO_LARGE */
export function workOf(state: TwinState, { workload, edits }: Pick<WhatIfQuery, 'workload' | 'edits'>): Work[] {
  const drained = drainedNodes(edits)
  const work =
    workload === 'waiting' ? waitingWork(state, drained) : workload === 'each-camera' ? eachCameraWork(state) : listedWork(state, workload)
  const bursts = edits.flatMap((edit) => (edit.kind === 'burst' ? listedWork(state, [edit], 'burst-') : []))
  const all = uniquelyNamed([...work, ...bursts])
  if (all.length > QUERY_LIMITS.requests) {
    throw new TwinError('PROBLEM_TOO_LARGE', `${all.length} requests are above the limit of ${QUERY_LIMITS.requests}; ask about fewer`, {
      details: { count: all.length, max: QUERY_LIMITS.requests, what: 'requests' },
    })
  }
  return all
}

export function drainedNodes(edits: WhatIfQuery['edits']): ReadonlySet<string> {
  return new Set(edits.flatMap((edit) => (edit.kind === 'drain-node' ? [edit.node] : [])))
}

/** Waiting pods as requests; what runs on a drained node starts anew elsewhere, so it waits too. */
export function waitingWork(state: TwinState, drained: ReadonlySet<string> = new Set()): Work[] {
  const drainedPods = runningPods(state).filter((pod) => drained.has(pod.reported.place?.node ?? ''))
  return toWork(state, [...waitingPods(state), ...drainedPods])
}

/** One piece of work per request, in the order of its first pod; of two pods for a stage the newer iteration counts. */
export function toWork(state: TwinState, pods: readonly Pod[]): Work[] {
  const podsByRequest = new Map<string, Map<string, Pod>>()
  for (const pod of pods) {
    if (pod.spec === null) continue
    const { request, stage, iteration } = pod.spec
    const stages = podsByRequest.get(request) ?? new Map<string, Pod>()
    if (iteration >= (stages.get(stage)?.spec?.iteration ?? 0)) stages.set(stage, pod)
    podsByRequest.set(request, stages)
  }
  return [...podsByRequest].flatMap(([id, stages]) => {
    const spec = [...stages.values()][0]?.spec
    if (!spec) return []
    const requestedMs = state.entities.request.get(id)?.reported.requestedMs ?? state.clockMs
    const { camera, application, frames } = spec
    return [{ id, camera, application, frames, waitedMs: Math.max(0, state.clockMs - requestedMs), pods: stages }]
  })
}

/** @throws TwinError ENTITY_UNKNOWN with the nearest names */
export function cameraNamed(state: TwinState, name: string): Camera {
  const camera = state.entities.camera.get(name)
  if (camera !== undefined && camera.mode !== 'gone') return camera
  throw unknownName(
    'camera',
    name,
    [...state.entities.camera.values()].filter(({ mode }) => mode !== 'gone').map((each) => each.name),
  )
}

export function unknownName(kind: string, name: string, known: readonly string[]): TwinError {
  const near = nearestNames(name, known)
  const remedy =
    near.length > 0
      ? `did you mean ${near.join(' or ')}?`
      : `there ${known.length === 0 ? 'is none' : `are ${known.slice(0, 10).join(', ')}`}`
  return new TwinError('ENTITY_UNKNOWN', `there is no ${kind} '${name}'; ${remedy}`, { details: { kind, name, near } })
}

/** @throws TwinError APPLICATION_UNKNOWN with the nearest names */
export function checkApplication(name: string): void {
  if (applicationNamed(name) !== null) return
  const names = APPLICATIONS.map((application) => application.name)
  const near = nearestNames(name, names)
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${names.join(', ')}`
  throw new TwinError('APPLICATION_UNKNOWN', `there is no application '${name}'; ${remedy}`, { details: { name, near } })
}

function eachCameraWork(state: TwinState): Work[] {
  return [...state.entities.camera.values()]
    .filter(({ mode }) => mode !== 'gone' && mode !== 'offline')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name: camera, desired }) =>
      desired.applications.map((application) => hypothetical({ id: `${camera}-${application}`, camera, application, frames: 1 })),
    )
}

interface ListedRequest {
  readonly camera: string
  readonly application: string
  readonly count: number
  readonly frames: number
}

function listedWork(state: TwinState, listed: readonly ListedRequest[], infix = ''): Work[] {
  return listed.flatMap(({ camera, application, count, frames }) => {
    cameraNamed(state, camera)
    checkApplication(application)
    return Array.from({ length: count }, (_, index) =>
      hypothetical({ id: `${camera}-${application}-${infix}${index + 1}`, camera, application, frames }),
    )
  })
}

function hypothetical(request: InferenceRequest): Work {
  return { ...request, waitedMs: 0, pods: new Map() }
}

/** A name that occurs again gets the next free number behind it. */
function uniquelyNamed(work: readonly Work[]): Work[] {
  const taken = new Set<string>()
  return work.map((each) => {
    let id = each.id
    for (let number = 2; taken.has(id); number++) id = `${each.id}-${number}`
    taken.add(id)
    return id === each.id ? each : { ...each, id }
  })
}
