/**
 * Where the requests of a load may arrive: every way to spread them over the cameras, each counted once.
 *
 * Of the many of Heavy, those that differ only in which TX2 is which are one case with a weight. Two requests for one
 * network stay apart: schedulers break the tie between them by their order, and the one at the Raspberry Pi matters more.
 */
import { type LoadName, requestsOfLoad } from '../../models/applications/loads.ts'
import type { InferenceRequest } from '../../models/applications/task-graph.ts'
import type { Settings } from './dhs-settings.ts'

/** The first is the Raspberry Pi, the others are alike. */
export const CAMERAS: readonly string[] = ['pi-1', 'tx2-1', 'tx2-2', 'tx2-3']

export interface Arrival {
  readonly requests: readonly InferenceRequest[]
  /** How many arrivals it stands for. */
  readonly weight: number
}

export function arrivalsOf(load: LoadName, arrivals: Settings['arrivals']): Arrival[] {
  const roundRobin = requestsOfLoad(load, CAMERAS)
  if (arrivals === 'round robin') return [{ requests: roundRobin, weight: 1 }]
  const perCameraMax = arrivals === 'spread evenly' ? Math.ceil(roundRobin.length / CAMERAS.length) : roundRobin.length
  const byCase = new Map<string, { requests: InferenceRequest[]; weight: number }>()
  for (let code = 0; code < CAMERAS.length ** roundRobin.length; code++) {
    const requests = roundRobin.map((request, index) => ({
      ...request,
      camera: CAMERAS[Math.floor(code / CAMERAS.length ** index) % CAMERAS.length]!,
    }))
    const asked = CAMERAS.map((camera) => requests.flatMap(({ id, camera: from }) => (from === camera ? [id] : [])))
    if (asked.some((ids) => ids.length > perCameraMax)) continue
    const [pi, ...tx2s] = asked.map((ids) => ids.join())
    const key = JSON.stringify([pi, ...(load === 'heavy' ? tx2s.sort() : tx2s)])
    const known = byCase.get(key)
    if (known) known.weight++
    else byCase.set(key, { requests, weight: 1 })
  }
  return [...byCase.values()]
}
