/** A clock and a timer that a test moves by hand; and a small site on them that keeps the events it published. */
import type { EventOf, TwinEvent, TwinEventType } from '../../../models/events/events.ts'
import type { StartTimer } from '../agenda.ts'
import { runSimulatedSite, type SimulatedSite, type SimulatedSiteOptions } from '../simulated-site.ts'
import type { SiteDescription } from '../site-description.ts'

export interface ManualTime {
  readonly clock: () => number
  readonly timer: StartTimer
  /** Fires what is due on the way, in order, each at its own time. */
  readonly advance: (durationMs: number) => Promise<void>
  /** Moves the clock but no timer, as a sleep of the machine or a step of its clock does. */
  readonly step: (durationMs: number) => void
}

export const START_MS = 1_800_000_000_000

export function aManualTime(): ManualTime {
  let nowMs = START_MS
  let timers: { dueMs: number; readonly run: () => void }[] = []
  return {
    clock: () => nowMs,
    timer: (delayMs, run) => {
      const entry = { dueMs: nowMs + delayMs, run }
      timers.push(entry)
      return () => {
        timers = timers.filter((each) => each !== entry)
      }
    },
    advance: async (durationMs) => {
      const untilMs = nowMs + durationMs
      for (;;) {
        const [next] = timers.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)
        if (!next) break
        timers = timers.filter((each) => each !== next)
        nowMs = Math.max(nowMs, next.dueMs)
        next.run()
      }
      nowMs = untilMs
      // Whatever was published on the way is taken in.
      await new Promise((resolve) => setImmediate(resolve))
    },
    step: (durationMs) => {
      nowMs += durationMs
      timers = timers.map((entry) => Object.assign(entry, { dueMs: entry.dueMs + durationMs }))
    },
  }
}

export interface PlayedSite {
  readonly site: SimulatedSite
  readonly time: ManualTime
  readonly events: TwinEvent[]
  readonly eventsOf: <T extends TwinEventType>(...types: readonly T[]) => EventOf<T>[]
  /** `pod.started +1500 cam-1-…`: type, ms since the start, subject; the things that happen to work. */
  readonly story: () => string[]
}

export async function playSite(site: SiteDescription, options: Partial<SimulatedSiteOptions> = {}): Promise<PlayedSite> {
  const time = aManualTime()
  const events: TwinEvent[] = []
  const publish = async (news: TwinEvent[]) => void events.push(...news)
  const nothing = () => {}
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
  const played = await runSimulatedSite({ site, publish, clock: time.clock, timer: time.timer, seed: 1, log, ...options })
  await time.advance(0)
  const eventsOf = <T extends TwinEventType>(...types: readonly T[]) =>
    events.filter((event): event is EventOf<T> => types.some((type) => type === event.type))
  const story = () =>
    events
      .filter(({ type }) => !/observed|sampled|^link/.test(type))
      .map((event) => `${event.type} +${event.timeMs - START_MS} ${'name' in event ? event.name : 'id' in event ? event.id : ''}`)
  return { site: played, time, events, eventsOf, story }
}
