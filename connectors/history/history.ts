/**
 * The history of a site over any store: a bounded queue in front, batches, a breaker, down-sampling, answers.
 *
 * It is a view. Whatever the store does, `write` only notes and returns, and every point is counted once: as waiting,
 * written, given up or refused.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Check } from '../../models/contracts/api.ts'
import type { HistoryPoint } from '../../models/contracts/history.ts'
import { TwinError } from '../../models/errors.ts'
import type { History, HistoryCounts } from '../../models/ports.ts'
import { type Answering, answerSeries, answerTransitions } from './answer.ts'
import { cleanPoint } from './clean.ts'
import { createDownSampling } from './down-sampling.ts'
import type { HistoryStore } from './history-store.ts'
import type { HistoryContext } from './settings.ts'
import { createWaitingPoints } from './waiting-points.ts'

const BATCH_POINTS_MAX = 5_000
const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 30_000
/** How long a refusal is told of after it was seen last. */
const REFUSAL_TOLD_MS = 60_000
const STOP_MS_MAX = 2_000

export function createHistory(store: HistoryStore, context: HistoryContext): History {
  const { clock, random, log, batchMs = 1_000, queuePointsMax = 50_000 } = context
  const waiting = createWaitingPoints(queuePointsMax)
  const downSampling = createDownSampling(store, clock)
  const counts = { written: 0, dropped: 0, refused: 0 }
  let onTheirWay: readonly HistoryPoint[] = []
  let opening: Promise<void> | null = null
  let isStopped = false
  let work: Promise<void> | null = null
  let failure: { readonly problem: string; readonly count: number; readonly retryAtMs: number } | null = null
  let refusal: { readonly problem: string; readonly seenMs: number } | null = null

  const refuse = (problem: string | null): void => {
    if (problem === null) return
    if (stillTold(refusal, clock()) === null) log.warn({ problem, source: store.source }, 'history refuses points')
    refusal = { problem, seenMs: clock() }
  }
  const fail = (error: unknown): void => {
    const problem = messageOf(error)
    const count = (failure?.count ?? 0) + 1
    const pauseMs = Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** (count - 1)) * (0.5 + random())
    if (failure?.problem !== problem) log.warn({ problem, source: store.source }, 'history store does not answer')
    failure = { problem, count, retryAtMs: clock() + pauseMs }
    opening = null
  }
  /** Runs `use` on an open store; while the breaker is open, nothing is tried. */
  const withStore = async <T>(use: () => Promise<T>): Promise<T> => {
    if (failure !== null && clock() < failure.retryAtMs) throw new Error(failure.problem)
    try {
      opening ??= store.open()
      await opening
      const result = await use()
      if (failure !== null) log.info({ source: store.source }, 'history store is back')
      failure = null
      return result
    } catch (error) {
      fail(error)
      throw error
    }
  }

  const writeWaiting = async (): Promise<void> => {
    while (onTheirWay.length + waiting.size() > 0) {
      if (onTheirWay.length === 0) onTheirWay = waiting.take(BATCH_POINTS_MAX)
      const points = onTheirWay
      const { refusedCount, problem } = await withStore(() => store.insert(points))
      downSampling.wrote(points)
      // Given up by `stop`, and counted.
      if (onTheirWay !== points) return
      counts.refused += refusedCount
      counts.written += points.length - refusedCount
      onTheirWay = []
      refuse(problem)
      await nextTurn()
    }
  }
  /** One at a time; a failure is noted and tried again later. */
  const flush = (): Promise<void> => {
    work ??= writeWaiting()
      .catch(() => {})
      .finally(() => {
        work = null
      })
    return work
  }
  const timer = setInterval(flush, batchMs)

  const answer = async <T>(find: (answering: Answering) => Promise<T>): Promise<T> => {
    try {
      return await withStore(() => find({ store, downSampling, nowMs: clock() }))
    } catch (error) {
      const problem = messageOf(error)
      const message = `The history (${store.source}) does not answer: ${problem}. ${store.remedyOf(problem)}`
      throw new TwinError('HISTORY_UNREACHABLE', message, { details: { source: store.source } })
    }
  }

  let maintenance: Promise<void> | null = null
  const maintain = async (): Promise<void> => {
    try {
      refuse(await withStore(() => downSampling.run()))
      await withStore(() => store.forget(clock()))
    } catch {
      // Noted by `withStore`; what is due stays due.
    }
  }

  return {
    write(points) {
      const nowMs = clock()
      for (const point of points) {
        const clean = cleanPoint(point, nowMs)
        if (clean === null) counts.refused++
        else if (isStopped) counts.dropped++
        else counts.dropped += waiting.add(clean)
      }
      if (waiting.size() >= BATCH_POINTS_MAX) flush()
    },
    series: (query) => answer((answering) => answerSeries(query, answering)),
    transitions: (query) => answer((answering) => answerTransitions(query, answering)),
    maintain() {
      maintenance ??= maintain().finally(() => {
        maintenance = null
      })
      return maintenance
    },
    checks: () => [toCheck(store, { failure, refusal: stillTold(refusal, clock()), counts: countsNow() })],
    counts: countsNow,
    async stop() {
      if (isStopped) return
      isStopped = true
      clearInterval(timer)
      const hurry = new AbortController()
      const last = Promise.all([maintenance, flush()])
      await Promise.race([last, sleep(STOP_MS_MAX, undefined, { signal: hurry.signal }).catch(() => {})])
      hurry.abort()
      counts.dropped += onTheirWay.length + waiting.take(queuePointsMax).length
      onTheirWay = []
      store.close()
    },
  }

  function countsNow(): HistoryCounts {
    return { queued: onTheirWay.length + waiting.size(), ...counts }
  }
}

interface Standing {
  readonly failure: { readonly problem: string } | null
  readonly refusal: { readonly problem: string } | null
  readonly counts: HistoryCounts
}

function toCheck(store: HistoryStore, { failure, refusal, counts }: Standing): Check {
  const { queued, written, dropped, refused } = counts
  const sums = `${store.source}: ${written} points written, ${queued} waiting, ${dropped} given up, ${refused} refused`
  const problem = failure?.problem ?? refusal?.problem
  if (problem === undefined) return { name: 'history', ok: true, detail: sums, remedy: '' }
  return { name: 'history', ok: false, detail: `${problem} (${sums})`, remedy: store.remedyOf(problem) }
}

function stillTold<T extends { readonly seenMs: number }>(refusal: T | null, nowMs: number): T | null {
  return refusal !== null && nowMs - refusal.seenMs < REFUSAL_TOLD_MS ? refusal : null
}

/** The message only: the error of a client may carry the request, and so the password. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replace(/\s+/g, ' ').trim().slice(0, 300) || 'it failed without a reason'
}
