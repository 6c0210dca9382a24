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
  wrote(points: readonly HistoryPoint[]): void
  /** Before this time the tier holds all that it should of the kind. */
  completeUntilMs(tier: 'm1' | 'h1', kind: SeriesKind): Promise<number>
  /** Works out what is due; @returns the problem if the store would not take some of it. */
  run(): Promise<string | null>
}

/** A minute that has just ended gets its last points a little later; to wait saves working it out twice. */
const SETTLE_MS = 5_000
const FINER = { m1: 'raw', h1: 'm1' } as const

interface Due {
  readonly m1: Set<number>
  readonly h1: Set<number>
}

export function createDownSampling(store: HistoryStore, clock: () => number): DownSampling {
  const dueByKind = new Map<SeriesKind, Due>(SERIES_KINDS.map((kind) => [kind, { m1: new Set(), h1: new Set() }]))
  let writeCount = 0
  const resumedKinds = new Set<SeriesKind>()
  const due = (kind: SeriesKind): Due => dueByKind.get(kind)!

  /** What an earlier process left to do: the intervals from the newest that it worked out until now. */
  const resume = async (kind: SeriesKind): Promise<void> => {
    if (resumedKinds.has(kind)) return
    const nowMs = clock()
    const unfinished: [Set<number>, number[]][] = []
    for (const tier of ['m1', 'h1'] as const) {
      const { intervalMs } = TIERS[tier]
      const newestMs = await store.end(tier, 'newest', { kind, fromMs: 0 })
      const oldestMs = await store.end(FINER[tier], 'oldest', { kind, fromMs: nowMs - TIERS[FINER[tier]].keptMs })
      if (oldestMs === null) continue
      const firstMs = floorTo(Math.max(oldestMs, newestMs ?? 0), intervalMs)
      unfinished.push([
        due(kind)[tier],
        Array.from({ length: Math.ceil((nowMs - firstMs) / intervalMs) }, (_, i) => firstMs + i * intervalMs),
      ])
    }
    for (const [dueOfTier, starts] of unfinished) for (const startMs of starts) dueOfTier.add(startMs)
    resumedKinds.add(kind)
  }

  const workOut = async (tier: 'm1' | 'h1', kind: SeriesKind, startMs: number): Promise<string | null> => {
    const { intervalMs } = TIERS[tier]
    const span = { kind, fromMs: startMs, toMs: startMs + intervalMs }
    const finer = await store.read(FINER[tier], span)
    if (finer.length === 0) {
      await skipGap(tier, kind, startMs)
      return null
    }
    const series = finer.map(({ name, field, points }) => ({ name, field, points: mergeInto(intervalMs, points) }))
    const { problem } = await store.store(tier, kind, series)
    if (tier === 'm1') due(kind).h1.add(floorTo(startMs, TIERS.h1.intervalMs))
    return problem
  }

  /** After a long pause the empty intervals are passed over in one step. */
  const skipGap = async (tier: 'm1' | 'h1', kind: SeriesKind, startMs: number): Promise<void> => {
    const writeCountBefore = writeCount
    const nextMs = await store.end(FINER[tier], 'oldest', { kind, fromMs: startMs })
    if (writeCount > writeCountBefore) return
    const dueOfTier = due(kind)[tier]
    for (const each of dueOfTier) if (each > startMs && each + TIERS[tier].intervalMs <= (nextMs ?? clock())) dueOfTier.delete(each)
  }

  return {
    wrote(points) {
      writeCount++
      for (const point of points) {
        if (point.kind !== 'transition') due(point.kind).m1.add(floorTo(point.timeMs, TIERS.m1.intervalMs))
      }
    },
    async completeUntilMs(tier, kind) {
      await resume(kind)
      const { m1, h1 } = due(kind)
      const firstMs = Math.min(...m1, ...(tier === 'h1' ? h1 : []), clock())
      return floorTo(firstMs, TIERS[tier].intervalMs)
    },
    async run() {
      let problem: string | null = null
      for (const tier of ['m1', 'h1'] as const) {
        for (const kind of SERIES_KINDS) {
          await resume(kind)
          const dueOfTier = due(kind)[tier]
          const overMs = clock() - SETTLE_MS - TIERS[tier].intervalMs
          for (const startMs of [...dueOfTier].filter((each) => each <= overMs).sort((a, b) => a - b)) {
            // Taken out first: what is written meanwhile makes it due again.
            if (!dueOfTier.delete(startMs)) continue
            try {
              problem = (await workOut(tier, kind, startMs)) ?? problem
            } catch (error) {
              dueOfTier.add(startMs)
              throw error
            }
            await nextTurn()
          }
        }
      }
      return problem
    },
  }
}
