/**
 * Takes points to a store in batches, behind a bounded queue. Every point is counted once: as waiting, written, given up or
 * refused. A batch that failed stays as it is and is tried again, so a point that the store took is never counted as given up.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { HistoryPoint } from '../../models/contracts/history.ts'
import type { HistoryCounts } from '../../models/ports.ts'
import { cleanPoint } from './clean.ts'
import type { Inserted } from './history-store.ts'
import { createWaitingPoints } from './waiting-points.ts'

export interface WritingOptions {
  readonly insert: (points: readonly HistoryPoint[]) => Promise<Inserted>
  readonly batchMs: number
  readonly queuePointsMax: number
}

export interface Writing {
  add(points: readonly HistoryPoint[], nowMs: number): void
  counts(): HistoryCounts
  /** After one last try that may take two seconds. */
  stop(): Promise<void>
}

const BATCH_POINTS_MAX = 5_000
const STOP_MS_MAX = 2_000

export function runWriting({ insert, batchMs, queuePointsMax }: WritingOptions): Writing {
  const waiting = createWaitingPoints(queuePointsMax)
  const counts = { written: 0, dropped: 0, refused: 0 }
  let onTheirWay: readonly HistoryPoint[] = []
  let isStopped = false
  let work: Promise<void> | null = null

  const writeWaiting = async (): Promise<void> => {
    while (onTheirWay.length + waiting.size() > 0) {
      if (onTheirWay.length === 0) onTheirWay = waiting.take(BATCH_POINTS_MAX)
      const points = onTheirWay
      const { refusedCount } = await insert(points)
      // Given up by `stop`, and counted.
      if (onTheirWay !== points) return
      counts.refused += refusedCount
      counts.written += points.length - refusedCount
      onTheirWay = []
      await nextTurn()
    }
  }
  /** One at a time. Who inserts notes a failure; the next try is the timer's. */
  const flush = (): Promise<void> => {
    work ??= writeWaiting()
      .catch(() => {})
      .finally(() => {
        work = null
      })
    return work
  }
  const timer = setInterval(flush, batchMs)

  return {
    add(points, nowMs) {
      for (const point of points) {
        const clean = cleanPoint(point, nowMs)
        if (clean === null) counts.refused++
        else if (isStopped) counts.dropped++
        else counts.dropped += waiting.add(clean)
      }
      if (waiting.size() >= BATCH_POINTS_MAX) flush()
    },
    counts: () => ({ queued: onTheirWay.length + waiting.size(), ...counts }),
    async stop() {
      isStopped = true
      clearInterval(timer)
      await untilDoneOr(STOP_MS_MAX, flush())
      counts.dropped += onTheirWay.length + waiting.take(queuePointsMax).length
      onTheirWay = []
    },
  }
}

async function untilDoneOr(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  await Promise.race([work, sleep(ms, undefined, { signal: late.signal }).catch(() => {})])
  late.abort()
}
