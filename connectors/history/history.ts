/**
 * The history of a site over any store: writing behind a queue, a breaker, down-sampling and answers.
 * It is a view: whatever the store does, `write` only notes and returns.
 */
import type { Check } from '../../models/contracts/api.ts'
import { TwinError } from '../../models/errors.ts'
import type { History, HistoryCounts } from '../../models/ports.ts'
import { type Answering, answerSeries, answerTransitions } from './answer.ts'
import { createBreaker, messageOf } from './breaker.ts'
import { createDownSampling } from './down-sampling.ts'
import type { HistoryStore } from './history-store.ts'
import type { HistoryContext } from './settings.ts'
import { runWriting } from './writing.ts'

/** How long a refusal is told of after it was seen last. */
const REFUSAL_TOLD_MS = 60_000

export function createHistory(store: HistoryStore, context: HistoryContext): History {
  const { clock, log, batchMs = 1_000, queuePointsMax = 50_000 } = context
  const breaker = createBreaker(store, context)
  const downSampling = createDownSampling(store, clock)
  const refusals = createRefusals((problem) => log.warn({ problem, source: store.source }, 'history refuses points'), clock)
  const writing = runWriting({
    async insert(points) {
      const inserted = await breaker.run(() => store.insert(points))
      downSampling.wrote(points)
      refusals.note(inserted.problem)
      return inserted
    },
    batchMs,
    queuePointsMax,
  })
  const answer = async <T>(find: (answering: Answering) => Promise<T>): Promise<T> => {
    try {
      return await breaker.run(() => find({ store, downSampling, nowMs: clock() }))
    } catch (error) {
      const problem = messageOf(error)
      const message = `The history (${store.source}) does not answer: ${problem}. ${store.remedyOf(problem)}`
      throw new TwinError('HISTORY_UNREACHABLE', message, { details: { source: store.source } })
    }
  }
  const maintain = async (): Promise<void> => {
    try {
      refusals.note(await breaker.run(downSampling.run))
      await breaker.run(() => store.forget(clock()))
    } catch {
      // Noted by the breaker; what is due stays due.
    }
  }
  let maintenance: Promise<void> | null = null
  let stopping: Promise<void> | null = null
  return {
    write: (points) => writing.add(points, clock()),
    series: (query) => answer((answering) => answerSeries(query, answering)),
    transitions: (query) => answer((answering) => answerTransitions(query, answering)),
    maintain() {
      maintenance ??= maintain().finally(() => {
        maintenance = null
      })
      return maintenance
    },
    checks: () => [toCheck(store, { problem: breaker.problem() ?? refusals.told(), counts: writing.counts() })],
    counts: writing.counts,
    stop() {
      stopping ??= writing.stop().then(breaker.stop)
      return stopping
    },
  }
}

interface Refusals {
  note(problem: string | null): void
  told(): string | null
}

/** Points that the store did not take: told of once in the log, and in the checks as long as it goes on. */
function createRefusals(tell: (problem: string) => void, clock: () => number): Refusals {
  let last: { readonly problem: string; readonly seenMs: number } | null = null
  const told = (): string | null => (last !== null && clock() - last.seenMs < REFUSAL_TOLD_MS ? last.problem : null)
  return {
    note(problem) {
      if (problem === null) return
      if (told() === null) tell(problem)
      last = { problem, seenMs: clock() }
    },
    told,
  }
}

function toCheck(store: HistoryStore, { problem, counts }: { readonly problem: string | null; readonly counts: HistoryCounts }): Check {
  const { queued, written, dropped, refused } = counts
  const sums = `${store.source}: ${written} points written, ${queued} waiting, ${dropped} given up, ${refused} refused`
  if (problem === null) return { name: 'history', ok: true, detail: sums, remedy: '' }
  return { name: 'history', ok: false, detail: `${problem} (${sums})`, remedy: store.remedyOf(problem) }
}
