/**
 * The twin of one pod: a stage of a request on its way from created to its end.
 *
 * Topics keep no order between each other, so the lifecycle is a partial order: an event of an earlier
 * stage that comes late fills in what is missing and never takes the pod back.
 */
import { setup } from 'xstate'
import { z } from 'zod'
import type { EventOf } from '../events/events.ts'
import { podSpecShape } from '../events/work-events.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { modeTable } from './mode-table.ts'

export const POD_MODES = ['expected', 'pending', 'gated', 'bound', 'running', 'succeeded', 'failed', 'evicted'] as const
type PodSignal = 'created' | 'gated' | 'bound' | 'started' | 'finished' | 'failed' | 'evicted'

/** What the cluster warned of, by reason; newest last. */
const podWarningShape = z.object({ reason: z.string(), note: z.string(), count: z.number(), timeMs: z.number() })
export type PodWarning = z.infer<typeof podWarningShape>
/** Of how many reasons the newest are kept. */
export const POD_WARNINGS_MAX = 8

const podPlaceShape = z.object({ node: z.string(), accelerator: z.string(), image: z.string(), by: z.string() })

export const podShape = z.object({
  kind: z.literal('pod'),
  name: z.string(),
  mode: z.enum(POD_MODES),
  uid: z.string().nullable(),
  spec: podSpecShape.nullable(),
  /** Where a decision wants it; null when none was applied. */
  desired: z.object({ accelerator: z.string().nullable(), decision: z.string().nullable() }),
  reported: z.object({
    place: podPlaceShape.nullable(),
    createdMs: z.number().nullable(),
    boundMs: z.number().nullable(),
    startedMs: z.number().nullable(),
    endedMs: z.number().nullable(),
    reason: z.string(),
    /** Absent: none. */
    warnings: z.array(podWarningShape).optional(),
    /** Who told us last, and when. */
    source: z.string(),
    timeMs: z.number(),
  }),
  /** By the decision that placed it. */
  predicted: z.object({ startMs: z.number().nullable(), finishMs: z.number().nullable() }),
})
export type Pod = z.infer<typeof podShape>
export type PodEvent = EventOf<
  'pod.created' | 'pod.gated' | 'pod.bound' | 'pod.started' | 'pod.finished' | 'pod.failed' | 'pod.evicted' | 'pod.warned'
>

const end = { finished: 'succeeded', failed: 'failed', evicted: 'evicted' } as const
export const podMachine = setup({ types: { events: {} as { type: PodSignal } } }).createMachine({
  id: 'pod',
  initial: 'expected',
  states: {
    expected: { on: { created: 'pending' } },
    pending: { on: { gated: 'gated', bound: 'bound', failed: 'failed', evicted: 'evicted' } },
    gated: { on: { bound: 'bound', failed: 'failed', evicted: 'evicted' } },
    bound: { on: { started: 'running', failed: 'failed', evicted: 'evicted' } },
    running: { on: end },
    succeeded: {},
    failed: {},
    evicted: {},
  },
})
const modes = modeTable<Pod['mode'], PodSignal>(podMachine, POD_MODES)

const RANK: Readonly<Record<Pod['mode'], number>> = {
  expected: 0,
  pending: 1,
  gated: 2,
  bound: 3,
  running: 4,
  succeeded: 5,
  failed: 5,
  evicted: 5,
}
const REACHES = {
  'pod.created': ['created', 'pending'],
  'pod.gated': ['gated', 'gated'],
  'pod.bound': ['bound', 'bound'],
  'pod.started': ['started', 'running'],
  'pod.finished': ['finished', 'succeeded'],
  'pod.failed': ['failed', 'failed'],
  'pod.evicted': ['evicted', 'evicted'],
} as const satisfies Record<Exclude<PodEvent['type'], 'pod.warned'>, readonly [PodSignal, Pod['mode']]>

export function aNewPod(name: string): Pod {
  return {
    kind: 'pod',
    name,
    mode: modes.initial,
    uid: null,
    spec: null,
    desired: { accelerator: null, decision: null },
    reported: { place: null, createdMs: null, boundMs: null, startedMs: null, endedMs: null, reason: '', source: '', timeMs: 0 },
    predicted: { startMs: null, finishMs: null },
  }
}

export function isEnded(pod: Pod): boolean {
  return RANK[pod.mode] === RANK.succeeded
}

export function applyPodEvent(pod: Pod, event: PodEvent): Applied<Pod> {
  if (event.type === 'pod.warned') return warned(pod, event)
  if (event.type === 'pod.created' && pod.uid !== null && pod.uid !== event.uid) return startAnew(pod, event)
  const [signal, reached] = REACHES[event.type]
  // A terminal state is final; any other news of a finished pod can only fill gaps.
  if (isEnded(pod) && RANK[reached] === RANK.succeeded) return superseded(pod)
  const filled = fillIn(pod, event)
  if (RANK[reached] <= RANK[pod.mode]) return { entity: filled, superseded: true, expected: true }
  // A skipped stage is a surprise, and what was observed is adopted.
  const { expected } = modes.step(pod.mode, signal)
  return adopted({ ...filled, mode: reached }, expected)
}

/** A warning is no step of the lifecycle. Of each reason the newest word counts; one about an earlier pod of that name is none of this one's. */
function warned(pod: Pod, { uid, reason, note, count, timeMs }: EventOf<'pod.warned'>): Applied<Pod> {
  const held = pod.reported.warnings ?? []
  const before = held.find((each) => each.reason === reason)
  if (pod.uid !== uid || (before !== undefined && before.timeMs > timeMs)) return superseded(pod)
  const others = held.filter((each) => each !== before)
  const warnings = [...others, { reason, note, count, timeMs }].sort((a, b) => a.timeMs - b.timeMs).slice(-POD_WARNINGS_MAX)
  return adopted({ ...pod, reported: { ...pod.reported, warnings } })
}

/** Another uid under the same name is another pod, and the one we knew is gone; if it had not ended, nobody told us. */
function startAnew(pod: Pod, event: EventOf<'pod.created'>): Applied<Pod> {
  if (event.timeMs < (pod.reported.createdMs ?? 0)) return superseded(pod)
  // What a decision wants of that name travels on another topic and may be meant for either.
  const { entity } = applyPodEvent({ ...aNewPod(pod.name), desired: pod.desired, predicted: pod.predicted }, event)
  return adopted(entity, isEnded(pod))
}

/** Adds what was not known; what is told a second time (a list of the cluster repeats it) is an echo. */
function fillIn(pod: Pod, event: Exclude<PodEvent, { type: 'pod.warned' }>): Pod {
  const reported = { ...pod.reported, source: event.source, timeMs: Math.max(pod.reported.timeMs, event.timeMs) }
  switch (event.type) {
    case 'pod.created':
      // What it asks for may be known only later.
      if (pod.uid !== null) return pod.spec?.asks?.length === 0 ? { ...pod, spec: event.spec } : pod
      return { ...pod, uid: event.uid, spec: event.spec, reported: { ...reported, createdMs: event.timeMs } }
    case 'pod.gated':
      // What holds a pod back is of interest until it is bound.
      if (RANK[pod.mode] > RANK.gated) return pod
      return { ...pod, reported: { ...reported, reason: event.gate } }
    case 'pod.bound': {
      // A binding is for life: a second one is an echo.
      if (pod.reported.place !== null) return pod
      const place = { node: event.node, accelerator: event.accelerator, image: event.image, by: event.by }
      return { ...pod, reported: { ...reported, place, boundMs: event.timeMs, reason: isEnded(pod) ? reported.reason : '' } }
    }
    case 'pod.started':
      if (pod.reported.startedMs !== null) return pod
      return { ...pod, reported: { ...reported, startedMs: event.timeMs } }
    case 'pod.finished':
      return { ...pod, reported: { ...reported, endedMs: event.timeMs, reason: '' } }
    case 'pod.failed':
    case 'pod.evicted':
      return { ...pod, reported: { ...reported, endedMs: event.timeMs, reason: event.reason } }
  }
}
