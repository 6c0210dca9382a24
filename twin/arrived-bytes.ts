/**
 * How much of each bound pod's clip has arrived: the transfers of the last minutes replayed on shared links, because
 * a camera that sends three clips at once sends each at a third of its link.
 */
import { applicationNamed } from '../models/applications/applications.ts'
import { isEnded, type Pod } from '../models/entities/pod.ts'
import { transferRates } from '../models/simulation/shared-links.ts'
import { clipSource } from './clip-source.ts'
import type { NodeLink } from './network.ts'
import type { TwinState } from './twin-state.ts'

interface Flow {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly startMs: number
  /** Known to be over by then: it had arrived, or nobody wanted it any more. */
  readonly endMs: number
  leftBytes: number
}

/** What was sent longer ago is there. */
const WINDOW_MS = 120_000
/** What takes less than this to send is rounding; a time stamp of today knows no smaller steps than a quarter of it. */
const LEFT_MS_MIN = 1e-3

/** @returns bytes by pod, of those whose clip comes from another node. */
export function arrivedBytes(state: TwinState, linkOf: (node: string) => NodeLink): ReadonlyMap<string, number> {
  const flows = [...state.entities.pod.values()].flatMap((pod) => toFlow(state, pod) ?? []).sort((a, b) => a.startMs - b.startMs)
  const wholeBytes = new Map(flows.map(({ id, leftBytes }) => [id, leftBytes]))
  const capacity = new Map(flows.flatMap(({ from, to }) => [from, to].map((node) => [node, linkOf(node).bytesPerMs] as const)))
  let nowMs = flows[0]?.startMs ?? state.clockMs
  while (nowMs < state.clockMs) {
    const active = flows.filter(({ startMs, endMs, leftBytes }) => startMs <= nowMs && endMs > nowMs && leftBytes > 0)
    const rates = transferRates(active, capacity)
    const next = [
      state.clockMs,
      ...flows.flatMap(({ startMs, endMs }) => [startMs, endMs].filter((ms) => ms > nowMs)),
      ...active.map(({ id, leftBytes }) => nowMs + leftBytes / (rates.get(id) ?? 0)),
    ]
    const nextMs = Math.min(...next)
    for (const flow of active) {
      const rate = rates.get(flow.id) ?? 0
      const leftBytes = flow.leftBytes - (nextMs - nowMs) * rate
      flow.leftBytes = leftBytes <= rate * LEFT_MS_MIN ? 0 : leftBytes
    }
    nowMs = nextMs
  }
  return new Map(flows.map(({ id, leftBytes }) => [id, (wholeBytes.get(id) ?? 0) - leftBytes]))
}

function toFlow(state: TwinState, pod: Pod): Flow | null {
  const { spec, name, reported } = pod
  const { place, boundMs, startedMs, endedMs } = reported
  const application = applicationNamed(spec?.application ?? '')
  if (spec === null || place === null || boundMs === null || application?.stages[0]?.name !== spec.stage) return null
  const source = clipSource(state, spec.camera)
  if (source === null || source.node === place.node) return null
  const startMs = Math.max(boundMs, source.sinceMs)
  const endMs = startedMs ?? (isEnded(pod) ? endedMs : null) ?? Number.POSITIVE_INFINITY
  if (state.clockMs - boundMs > WINDOW_MS && endMs !== Number.POSITIVE_INFINITY) return null
  return { id: name, from: source.node, to: place.node, startMs, endMs, leftBytes: application.inputBytes * spec.frames }
}
