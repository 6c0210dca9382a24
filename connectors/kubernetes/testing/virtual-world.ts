/**
 * Time that passes only when nothing else is to be done, and processes that can be killed, or stopped and continued, between any two of
 * their steps. A run is fully determined by what is drawn for it.
 */
import { setImmediate } from 'node:timers/promises'

export interface World {
  readonly nowMs: () => number
  /** @param process whose step it is: a killed one never takes it, a stopped one takes it when it continues. Null: the world's own. */
  at(timeMs: number, step: () => void, process?: Process | null): void
  /** Until that time, or nothing is left to do. */
  run(untilMs: number): Promise<void>
}

export interface Process {
  readonly name: string
  isAlive: boolean
  /** It takes no step before. */
  stoppedUntilMs: number
}

export const aProcess = (name: string): Process => ({ name, isAlive: true, stoppedUntilMs: 0 })

interface Entry {
  readonly timeMs: number
  readonly order: number
  readonly step: () => void
  readonly process: Process | null
}

export function aWorld(): World {
  const entries: Entry[] = []
  let nowMs = 0
  let order = 0
  const insert = (entry: Entry): void => {
    let index = entries.length
    while (index > 0 && isAfter(entries[index - 1]!, entry)) index--
    entries.splice(index, 0, entry)
  }
  return {
    nowMs: () => nowMs,
    at: (timeMs, step, process = null) => insert({ timeMs: Math.max(nowMs, timeMs), order: order++, step, process }),
    async run(untilMs) {
      await setImmediate()
      for (;;) {
        const next = entries[0]
        if (next === undefined || next.timeMs > untilMs) break
        entries.shift()
        nowMs = next.timeMs
        const { process } = next
        if (process !== null && !process.isAlive) continue
        if (process !== null && process.stoppedUntilMs > nowMs) {
          insert({ ...next, timeMs: process.stoppedUntilMs, order: order++ })
          continue
        }
        next.step()
        // What the step set off runs until it waits for the world again.
        await setImmediate()
      }
      nowMs = untilMs
    },
  }
}

const isAfter = (a: Entry, b: Entry): boolean => a.timeMs > b.timeMs || (a.timeMs === b.timeMs && a.order > b.order)
