/**
 * From a watched cluster to the event log: takes note of what changed and tells it in order, a batch at a time.
 *
 * While the log refuses, the same batch is offered again and nothing further is worked out, so nothing is lost or told out of turn.
 * Facts are told again every half minute while their source is in touch: their age in the twin is then the age of what we know.
 */
import { TwinError } from '../../../models/errors.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import type { Clock, EventLog, Logger, Stop } from '../../../models/ports.ts'
import { pause } from '../../pause.ts'
import type { Cluster, ClusterChange } from './cluster.ts'
import { createBacklog } from './cluster-backlog.ts'
import type { Telling } from './telling.ts'

export interface FeedOptions {
  readonly telling: Telling
  readonly publish: EventLog['publish']
  readonly clock: Clock
  readonly log: Logger
  /** What changes within so long is told together; default 20 ms. */
  readonly gatherMs?: number
  /** Until a log that refused is asked again; default 1 s. */
  readonly retryMs?: number
}

export interface Feed {
  readonly note: (change: ClusterChange) => void
  readonly status: () => FeedStatus
  readonly stop: Stop
}

export interface FeedStatus {
  readonly waitingCount: number
  readonly toldCount: number
  readonly refusedCount: number
  /** Since when the log takes nothing; null: it does. */
  readonly stuckSinceMs: number | null
  /** Objects that could not be understood, by name, and why. */
  readonly puzzles: ReadonlyMap<string, string>
}

const BATCH_MAX = 1_000
const LOOK_MS = 1_000

export function runFeed(cluster: Cluster, options: FeedOptions): Feed {
  const { telling, publish, clock, log, gatherMs = 20, retryMs = 1_000 } = options
  const backlog = createBacklog({ cluster, telling, clock })
  const stopping = new AbortController()
  const stopped = Promise.withResolvers<void>()
  const counts = { told: 0, refused: 0 }
  let stuckSinceMs: number | null = null
  let wake = Promise.withResolvers<void>()

  const offer = async (events: readonly TwinEvent[]): Promise<void> => {
    if (events.length === 0) return
    for (let tries = 0; !stopping.signal.aborted || tries === 0; tries++) {
      try {
        await publish(events)
        counts.told += events.length
        stuckSinceMs = null
        return
      } catch (error) {
        if (error instanceof TwinError && error.code === 'LOG_REFUSED') return oneByOne(events)
        stuckSinceMs ??= clock()
        log.warn({ error: String(error), eventCount: events.length, retryMs }, 'cluster events not accepted')
        await pause(retryMs, stopping.signal)
      }
    }
  }
  /** What the log will never take must not hold up the rest. */
  const oneByOne = async (events: readonly TwinEvent[]): Promise<void> => {
    if (events.length > 1) {
      for (const event of events) await offer([event])
      return
    }
    counts.refused++
    log.error({ type: events[0]?.type, event: JSON.stringify(events[0]).slice(0, 500) }, 'cluster event refused by the log')
  }

  const run = async (): Promise<void> => {
    await Promise.race([cluster.synced, stopped.promise])
    for (let lookedMs = 0; !stopping.signal.aborted; ) {
      if (clock() - lookedMs >= LOOK_MS) {
        lookedMs = clock()
        backlog.look()
        await offer(telling.giveUp({ timeMs: lookedMs }))
      }
      const events = backlog.take()
      for (let first = 0; first < events.length; first += BATCH_MAX) await offer(events.slice(first, first + BATCH_MAX))
      if (events.length > 0 && backlog.waitingCount() > 0) continue
      await Promise.race([wake.promise, pause(LOOK_MS, stopping.signal)])
      wake = Promise.withResolvers()
      await pause(gatherMs, stopping.signal)
    }
  }
  const running = run()

  return {
    note: (change) => {
      if (backlog.note(change)) wake.resolve()
    },
    status: () => ({
      waitingCount: backlog.waitingCount(),
      toldCount: counts.told,
      refusedCount: counts.refused,
      stuckSinceMs,
      puzzles: backlog.puzzles(),
    }),
    async stop() {
      stopping.abort()
      stopped.resolve()
      wake.resolve()
      await running
    },
  }
}
