/**
 * Turns samples into minutes and minutes into hours when they are over.
 *
 * An interval is due as soon as something was written into it and until it was worked out after that; so late points,
 * a store that was away and a restart all come out right, and working one out twice changes nothing.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type HistoryPoint, SERIES_KINDS, type SeriesKind } from '../../models/contracts/history.ts'
import type { HistoryStore } from './history-store.ts'
import { floorTo, mergeInto, TIERS } from './tiers.ts'

export interface DownSampling {
  /** To be told of what was written, after it was. */
  readonly wrote: (points: readonly HistoryPoint[]) => void
  /** Before this time the tier holds all that it should of the kind. */
  readonly completeUntilMs: (tier: CoarseTier, kind: SeriesKind) => Promise<number>
  /** Works out what is due; resolves to the problem if the store would not take some of it. */
  readonly run: () => Promise<string | null>
}

type CoarseTier = 'm1' | 'h1'
interface Job {
  readonly tier: CoarseTier
  readonly kind: SeriesKind
  /** Starts of the intervals that are due. */
  readonly due: Set<number>
}

/** A minute that has just ended gets its last points a little later; to wait saves working it out twice. */
const SETTLE_MS = 5_000
const FINER = { m1: 'raw', h1: 'm1' } as const

export function createDownSampling(store: HistoryStore, clock: () => number): DownSampling {
  // All minutes before any hour: an hour is made of minutes.
  const jobs: readonly Job[] = (['m1', 'h1'] as const).flatMap((tier) =>
    SERIES_KINDS.map((kind) => ({ tier, kind, due: new Set<number>() })),
  )
  const dueOf = (tier: CoarseTier, kind: SeriesKind): Set<number> => jobs.find((job) => job.tier === tier && job.kind === kind)!.due
  const resumed = new Set<Job>()
  let writeCount = 0

  const resume = async (kind: SeriesKind): Promise<void> => {
    for (const job of jobs) {
      if (job.kind !== kind || resumed.has(job)) continue
      for (const startMs of await leftOver(store, job, clock())) job.due.add(startMs)
      resumed.add(job)
    }
  }
  const workOut = async ({ tier, kind, due }: Job, startMs: number): Promise<string | null> => {
    const { intervalMs } = TIERS[tier]
    const writeCountBefore = writeCount
    const finer = await store.read(FINER[tier], { kind, fromMs: startMs, toMs: startMs + intervalMs })
    if (finer.length > 0) {
      const series = finer.map(({ name, field, points }) => ({ name, field, points: mergeInto(intervalMs, points) }))
      const { problem } = await store.store(tier, kind, series)
      if (tier === 'm1') dueOf('h1', kind).add(floorTo(startMs, TIERS.h1.intervalMs))
      return problem
    }
    // After a long pause all the empty intervals are passed over in one step, unless something came in meanwhile.
    const nextMs = (await store.end(FINER[tier], 'oldest', { kind, fromMs: startMs })) ?? clock()
    if (writeCount > writeCountBefore) return null
    for (const each of due) if (each > startMs && each + intervalMs <= nextMs) due.delete(each)
    return null
  }

  return {
    wrote(points) {
      writeCount++
      for (const point of points) {
        if (point.kind !== 'transition') dueOf('m1', point.kind).add(floorTo(point.timeMs, TIERS.m1.intervalMs))
      }
    },
    async completeUntilMs(tier, kind) {
      await resume(kind)
      const firstMs = Math.min(clock(), ...dueOf('m1', kind), ...(tier === 'h1' ? dueOf('h1', kind) : []))
      return floorTo(firstMs, TIERS[tier].intervalMs)
    },
    async run() {
      let problem: string | null = null
      for (const job of jobs) {
        await resume(job.kind)
        const overMs = clock() - SETTLE_MS - TIERS[job.tier].intervalMs
        for (const startMs of [...job.due].filter((each) => each <= overMs).sort((a, b) => a - b)) {
          // Taken out first: what is written meanwhile makes it due again.
          if (!job.due.delete(startMs)) continue
          try {
            problem = (await workOut(job, startMs)) ?? problem
          } catch (error) {
            job.due.add(startMs)
            throw error
          }
          await nextTurn()
        }
      }
      return problem
    },
  }
}

/** What an earlier process did not get to: the intervals from the newest that it worked out until now. */
async function leftOver(store: HistoryStore, { tier, kind }: Job, nowMs: number): Promise<number[]> {
  const { intervalMs } = TIERS[tier]
  const newestMs = await store.end(tier, 'newest', { kind, fromMs: 0 })
  const oldestMs = await store.end(FINER[tier], 'oldest', { kind, fromMs: nowMs - TIERS[FINER[tier]].keptMs })
  if (oldestMs === null) return []
  const firstMs = floorTo(Math.max(oldestMs, newestMs ?? 0), intervalMs)
  return Array.from({ length: Math.max(0, Math.ceil((nowMs - firstMs) / intervalMs)) }, (_, n) => firstMs + n * intervalMs)
}
