/** The figures of the strip: how many requests stand where, and the latencies of those that completed and are still kept. */
import type { InferenceRequest } from '../../../../models/entities/request.ts'

export interface RequestFigures {
  readonly waitingCount: number
  readonly assignedCount: number
  readonly completedCount: number
  readonly failedCount: number
  /** Null without a completed request. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  /** Oldest first. */
  readonly completed: readonly { readonly timeMs: number; readonly latencyMs: number; readonly camera: string }[]
}

export function requestFigures(requests: Iterable<InferenceRequest>): RequestFigures {
  const counts = { expected: 0, waiting: 0, assigned: 0, completed: 0, failed: 0 }
  const completed: { timeMs: number; latencyMs: number; camera: string }[] = []
  for (const { mode, desired, reported } of requests) {
    counts[mode]++
    if (mode !== 'completed' || reported.latencyMs === null) continue
    completed.push({ timeMs: reported.completedMs ?? reported.timeMs, latencyMs: reported.latencyMs, camera: desired?.camera ?? '' })
  }
  completed.sort((a, b) => a.timeMs - b.timeMs)
  const latencies = completed.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  return {
    waitingCount: counts.waiting,
    assignedCount: counts.assigned,
    completedCount: counts.completed,
    failedCount: counts.failed,
    p50Ms: quantile(latencies, 0.5),
    p95Ms: quantile(latencies, 0.95),
    completed,
  }
}

/** Nearest rank: the smallest value that at least this share does not exceed. @param sorted ascending */
export function quantile(sorted: readonly number[], share: number): number | null {
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}
