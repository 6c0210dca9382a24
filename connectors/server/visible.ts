/**
 * What somebody sees who has the right in some namespaces only: their pods, requests and plans whole, the site's hardware without the
 * names of others' work, and of the rest how much there is.
 *
 * Pure. What is told of others' work, and text that may tell of it, is built field by field of what is known to name nobody: a field
 * that is new is not shown. Jobs belong to no namespace and are not shown either.
 */
import type { StreamStatus } from '../../models/contracts/stream.ts'
import type { Divergence, TwinJson } from '../../models/contracts/twin-json.ts'
import type { Accelerator } from '../../models/entities/accelerator.ts'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import { type Entity, type EntityKind, entityName } from '../../models/entities/entities.ts'
import type { Pod } from '../../models/entities/pod.ts'
import type { InferenceRequest } from '../../models/entities/request.ts'

/** Instead of text that may name what is not seen. */
export const UNSEEN = 'told to those who may read the twin in all namespaces'
/** Instead of the name of who has a device. */
const TAKEN = 'taken'

export interface Sight {
  seesPod(name: string): boolean
  /** One that only pods of these namespaces work for, or worked when the last was heard of. */
  seesRequest(request: Pick<InferenceRequest, 'id' | 'reported'>): boolean
}

/** @param pods All there are. A pod `web-1` of namespace `shop` is `web-1.shop`; one without a namespace is seen by nobody here. */
export function sightOf(namespaces: readonly string[], pods: Iterable<Pod>): Sight {
  const seesPod = podSight(namespaces)
  const own = new Set<string>()
  const others = new Set<string>()
  for (const { name, spec } of pods) {
    if (spec !== null) (seesPod(name) ? own : others).add(spec.request)
  }
  return {
    seesPod,
    seesRequest: ({ id, reported: { pod } }) => !others.has(id) && (pod === null ? own.has(id) : seesPod(pod)),
  }
}

export function podSight(namespaces: readonly string[]): Sight['seesPod'] {
  const seen = new Set(namespaces)
  return (name) => {
    const dot = name.lastIndexOf('.')
    return dot > 0 && seen.has(name.slice(dot + 1))
  }
}

/** @returns null: it is not seen at all. */
export function visibleEntity(entity: Entity, sight: Sight): Entity | null {
  switch (entity.kind) {
    case 'node':
    case 'camera':
    case 'link':
      return entity
    case 'accelerator':
      return visibleAccelerator(entity, sight)
    case 'pod':
      return sight.seesPod(entity.name) ? entity : null
    case 'request':
      return sight.seesRequest(entity) ? entity : null
    case 'decision':
      return visiblePlan(entity, sight)
    case 'job':
      return null
  }
}

function visibleAccelerator(accelerator: Accelerator, { seesPod }: Sight): Accelerator {
  const { desired, reported } = accelerator
  const visibleNames = (pods: readonly string[]): string[] => {
    let takenCount = 0
    return pods.map((name) => {
      if (seesPod(name)) return name
      takenCount += 1
      return `${TAKEN}-${takenCount}`
    })
  }
  const { health } = reported
  const shown = health?.value.heldBy ? { ...health, value: { ...health.value, heldBy: TAKEN } } : health
  return {
    ...accelerator,
    desired: { pods: visibleNames(desired.pods) },
    reported: { ...reported, health: shown, pods: visibleNames(reported.pods) },
  }
}

const STEPS: readonly string[] = ['made', 'approved', 'rejected', 'expired', 'applied', 'refused', 'verified']

function visiblePlan({ kind, id, mode, desired, reported, predicted }: DecisionRecord, { seesPod }: Sight): DecisionRecord | null {
  const placements = desired?.placements.filter(({ pod }) => seesPod(pod)) ?? []
  if (desired === null || placements.length === 0) return null
  const otherCount = desired.placements.length - placements.length
  const { madeAtMs, expiresAtMs, sequence, trigger, algorithm, className } = desired
  return {
    kind,
    id,
    mode,
    desired: {
      id: desired.id,
      madeAtMs,
      expiresAtMs,
      sequence,
      trigger: { kind: trigger.kind, subject: '', detail: UNSEEN },
      algorithm,
      className,
      placements,
      requests: [...new Set(placements.map(({ request }) => request))],
      predicted: desired.predicted,
      alternatives: desired.alternatives,
      assumes: [],
      summary:
        otherCount === 0
          ? placementsText(placements.length)
          : `${placementsText(placements.length)}, and ${otherCount} of other namespaces`,
    },
    reported: {
      steps: visibleSteps(reported.steps),
      applied: reported.applied.filter(({ pod, runsAs }) => seesPod(pod) && seesPod(runsAs)),
      refused: reported.refused.flatMap(({ pod, timeMs }) => (seesPod(pod) ? [{ pod, reason: UNSEEN, timeMs }] : [])),
      observedMakespanMs: reported.observedMakespanMs,
      errorRatio: reported.errorRatio,
    },
    predicted,
  }
}

/** One of each kind at a time, however many pods it was about. */
function visibleSteps(steps: DecisionRecord['reported']['steps']): DecisionRecord['reported']['steps'] {
  const known = steps.filter(({ what }) => STEPS.includes(what))
  return [...new Map(known.map(({ timeMs, what }) => [`${timeMs} ${what}`, { timeMs, what, by: '', detail: '' }])).values()]
}

const placementsText = (count: number): string => `${count} ${count === 1 ? 'placement' : 'placements'} of yours`

/** Whether a plan is of these namespaces alone, so that nobody else is moved by it. */
export function isWhollySeen({ desired }: DecisionRecord, { seesPod }: Pick<Sight, 'seesPod'>): boolean {
  return desired !== null && desired.placements.length > 0 && desired.placements.every(({ pod }) => seesPod(pod))
}

export function visibleStatus(status: StreamStatus, namespaces: readonly string[]): StreamStatus {
  const { sequence, site, clockMs, loopMode, counts, divergences, takesFaults, troubles } = status
  return {
    sequence,
    site,
    clockMs,
    loopMode,
    counts,
    divergences: visibleDivergences(divergences, namespaces),
    loopStatus: `You see the pods of ${namespaces.join(', ')}, and of others how much they take.`,
    // Whoever puts one on the site puts it on everybody.
    ...(takesFaults === undefined ? {} : { takesFaults: false }),
    troubles: troubles.map(({ advisory }) => ({
      name: 'edgetwin',
      detail: `something it rests on does not work; what, is ${UNSEEN}`,
      remedy: 'ask whoever runs it',
      advisory,
    })),
  }
}

const SHARED_KINDS: readonly EntityKind[] = ['node', 'accelerator', 'camera', 'link']

function visibleDivergences(divergences: readonly Divergence[], namespaces: readonly string[]): Divergence[] {
  const seesPod = podSight(namespaces)
  return divergences.filter(({ kind, name }) => SHARED_KINDS.includes(kind) || (kind === 'pod' && seesPod(name)))
}

export function visibleTwin(
  { version, sequence, site, clockMs, loopMode, entities, counts, divergences }: TwinJson,
  namespaces: readonly string[],
): TwinJson {
  const sight = sightOf(namespaces, entities.pod)
  return {
    version,
    sequence,
    site,
    clockMs,
    loopMode,
    entities: {
      node: entities.node,
      camera: entities.camera,
      accelerator: visibleOf(entities.accelerator, sight),
      link: entities.link,
      pod: visibleOf(entities.pod, sight),
      request: visibleOf(entities.request, sight),
      job: [],
      decision: visibleOf(entities.decision, sight),
    },
    positions: [],
    counts,
    divergences: visibleDivergences(divergences, namespaces),
  }
}

export function visibleOf<E extends Entity>(entities: readonly E[], sight: Sight): E[] {
  return entities.flatMap((entity) => {
    const seen = visibleEntity(entity, sight)
    return seen !== null && isLike(entity, seen) ? [seen] : []
  })
}

/** What is shown of an entity has its kind and its name. */
const isLike = <E extends Entity>(entity: E, seen: Entity): seen is E =>
  seen.kind === entity.kind && entityName(seen) === entityName(entity)
