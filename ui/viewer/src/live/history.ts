/** The last utilisation samples of each accelerator and node, kept in the page for the sparklines. Bounded in time and in number. */
import type { TwinView } from './view.ts'

export interface Sample {
  readonly timeMs: number
  readonly ratio: number
}
export type History = ReadonlyMap<string, readonly Sample[]>

export const EMPTY_HISTORY: History = new Map()
export const HISTORY_MS = 120_000
const SAMPLES_MAX = 240

/** The same object when nothing has a newer sample. By name: that of an accelerator has a slash, that of a node has none. */
export function withSamples(history: History, { entities }: TwinView): History {
  let next: Map<string, readonly Sample[]> | null = null
  for (const loaded of [entities.accelerator, entities.node]) {
    for (const { name, reported } of loaded.values()) {
      const ratio = reported.load?.value.utilizationRatio
      if (reported.load === null || ratio === undefined) continue
      const { timeMs } = reported.load
      const known = history.get(name) ?? []
      if (known.length > 0 && known.at(-1)!.timeMs >= timeMs) continue
      next ??= new Map(history)
      next.set(name, [...known, { timeMs, ratio }].filter((sample) => sample.timeMs > timeMs - HISTORY_MS).slice(-SAMPLES_MAX))
    }
  }
  return next ?? history
}
