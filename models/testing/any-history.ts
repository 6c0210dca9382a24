/**
 * Plausible histories of a small site: nodes that die and return, devices that fail, pods on their way, decisions and
 * their placements, echoes of what was told before. In order of time, as a source would tell it that misses nothing.
 */
import fc from 'fast-check'
import type { TwinEvent } from '../events/events.ts'
import { AT_MS, anEvent } from './events.ts'
import { ACTS, type Act, type Site, type Tell } from './history-acts.ts'

export interface HistoryOptions {
  readonly stepsMax?: number
  /** Longest time between two steps. */
  readonly pauseMsMax?: number
}

/** Shrinks by leaving steps out. `fc.sample(anyHistory(), { seed, numRuns: 1 })` is one history by its seed. */
export function anyHistory({ stepsMax = 60, pauseMsMax = 1_500 }: HistoryOptions = {}): fc.Arbitrary<TwinEvent[]> {
  const names = Object.keys(ACTS)
  const likely = ['tick', 'tick', 'list', 'sample', 'request', 'request', 'bind', 'bind', 'start', 'finish', 'decide', 'decide']
  const step = fc.record({ act: fc.constantFrom(...names, ...likely), a: fc.nat(1_000), b: fc.nat(1_000), pauseMs: fc.nat(pauseMsMax) })
  return fc.array(step, { maxLength: stepsMax, size: 'max' }).map((steps) => {
    const site = aSite()
    const tell: Tell = (type, over) => {
      const event = { ...anEvent(type, over), timeMs: site.nowMs }
      site.events.push(event)
      return event
    }
    for (const { act, a, b, pauseMs } of steps) {
      site.nowMs += pauseMs
      const chosen: Act | undefined = Reflect.get(ACTS, act)
      chosen?.(site, tell, a, b)
    }
    return site.events
  })
}

function aSite(): Site {
  const nodes = ['pi-1', 'tx2-1', 'edge-1'].map((name) => ({ name, alive: true, goneMs: null }))
  const devices = nodes.flatMap(({ name: node }) =>
    ['cpu0', 'gpu0'].map((device) => ({ node, name: `${node}/${device}`, healthy: true, present: true })),
  )
  return { nowMs: AT_MS, events: [], nodes, devices, pods: [], jobs: [], requestCount: 0, decisionCount: 0 }
}
