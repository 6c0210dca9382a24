/**
 * The work that a loss is judged by: what waits and runs in the twin, or, when nothing does, one request of each
 * application of each camera, raised and bound on a fork as the site's own scheduler would have done it.
 */
import { applicationNamed } from '../models/applications/applications.ts'
import { type ImageRegistry, imageForStage } from '../models/applications/registry.ts'
import type { NMinusOneReport } from '../models/contracts/standing.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { applyForked, commonOf } from './fork.ts'
import { homeNodeOf, type SurveyedWork, surveyWork } from './problem.ts'
import type { Processor } from './processors.ts'
import type { TwinState } from './twin-state.ts'
import { runningPods, waitingPods } from './waiting-work.ts'
import { workOf } from './workload.ts'

/** Two seconds of video at 30 frames a second. */
const REFERENCE_FRAMES = 60

export interface ReferenceTwin {
  /** With the work in it. */
  readonly twin: TwinState
  readonly workload: NMinusOneReport['workload']
}

/** @throws TwinError PROBLEM_TOO_LARGE when the cameras together ask for more than a query may */
export function referenceTwin(state: TwinState, registry: ImageRegistry): ReferenceTwin {
  if (waitingPods(state).length + runningPods(state).length > 0) return { twin: state, workload: 'open' }
  const asked = workOf(state, { workload: 'each-camera', edits: [] }).map((work) => ({ ...work, frames: REFERENCE_FRAMES }))
  const { work, processors } = surveyWork(state, asked, { granularity: 'stage', registry, busyMs: new Map() })
  const podCounts = new Map<string, number>()
  const events = work.flatMap((each): TwinEvent[] => {
    const place = stockPlace(each, { processors, podCounts, home: homeNodeOf(state, each.camera) })
    if (place !== null) podCounts.set(place.accelerator, (podCounts.get(place.accelerator) ?? 0) + 1)
    return eventsOf(state, { work: each, place, registry })
  })
  return { twin: applyForked(state, events), workload: 'each-camera' }
}

interface Where {
  readonly processors: readonly Processor[]
  readonly podCounts: ReadonlyMap<string, number>
  readonly home: string | null
}

/** The fastest of the camera's own node; for a camera without a node the one with the fewest pods. Ties go by name. */
function stockPlace({ wholeMs }: SurveyedWork, { processors, podCounts, home }: Where): Processor | null {
  const able = processors.filter(({ accelerator, node }) => wholeMs.has(accelerator) && (home === null || node === home))
  const loadOf = ({ accelerator }: Processor) => (home === null ? (podCounts.get(accelerator) ?? 0) : wholeMs.get(accelerator)!)
  return able.sort((a, b) => loadOf(a) - loadOf(b))[0] ?? null
}

interface Placed {
  readonly work: SurveyedWork
  readonly place: Processor | null
  readonly registry: ImageRegistry
}

function eventsOf(state: TwinState, { work, place, registry }: Placed): TwinEvent[] {
  const { id, camera, application, frames } = work
  const common = { ...commonOf(state), timeMs: state.clockMs }
  const stages = applicationNamed(application)?.stages.map(({ name }) => name) ?? ['infer']
  const raised: TwinEvent = { type: 'inference.requested', ...common, id, camera, application, frames }
  return [
    raised,
    ...stages.flatMap((stage): TwinEvent[] => {
      const name = `${id}-${stage}`
      const spec = { request: id, camera, application, stage, frames, iteration: 0 }
      const created: TwinEvent = { type: 'pod.created', ...common, name, uid: `reference-${name}`, spec }
      if (place === null) return [created]
      const { accelerator, node, acceleratorKind } = place
      const image = imageForStage(registry, { application, stage }, acceleratorKind)?.image ?? ''
      return [created, { type: 'pod.bound', ...common, name, node, accelerator, image, by: 'reference' }]
    }),
  ]
}
