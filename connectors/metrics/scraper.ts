/**
 * Scrapes each target again and again, within limits of time and size, and hands over what was read or why nothing was.
 *
 * One target never has two scrapes under way; intervals are jittered so that many targets do not fall into step.
 */

import type { ExpositionError } from '../../models/exposition/format.ts'
import type { Clock, Logger, Stop } from '../../models/ports.ts'
import { pause } from '../pause.ts'
import type { Fetch } from './limited-get.ts'
import type { CounterState } from './number-rules.ts'
import type { Profile } from './profile.ts'
import { type Reading, type RejectedSeries, toReadings } from './readings.ts'
import { type ScrapeFailure, scrapeOnce } from './scrape.ts'

export interface ScrapeTarget {
  /** The node that the target reports on. */
  readonly name: string
  readonly url: string
  readonly profile: Profile
  readonly intervalMs: number
}

export type ScrapeResult =
  | {
      readonly target: ScrapeTarget
      readonly ok: true
      /** When the request was sent. */
      readonly timeMs: number
      readonly durationMs: number
      readonly readings: readonly Reading[]
      readonly rejected: readonly RejectedSeries[]
      readonly parseErrors: readonly ExpositionError[]
    }
  | ({ readonly target: ScrapeTarget; readonly ok: false; readonly timeMs: number; readonly durationMs: number } & ScrapeFailure)

export interface ScraperOptions {
  readonly targets: readonly ScrapeTarget[]
  /** Called once per scrape; never after the scraper was stopped. */
  readonly onScrape: (result: ScrapeResult) => void
  readonly log: Logger
  readonly now: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly fetch?: Fetch
  /** Of the whole response. Default 5 s. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 5_000
const JITTER_RATIO = 0.1
/** The first scrapes of many targets are spread over this. */
const FIRST_WITHIN_MS = 500

/** Stop resolves when no scrape is under way any more. */
export function runScraper(options: ScraperOptions): Stop {
  const stopping = new AbortController()
  const loops = options.targets.map((target) => scrapeForever(target, stopping.signal, options))
  return async () => {
    stopping.abort()
    await Promise.all(loops)
  }
}

async function scrapeForever(target: ScrapeTarget, stopping: AbortSignal, options: ScraperOptions): Promise<void> {
  const { now, random, log, onScrape } = options
  let previous: CounterState | undefined
  let wasReached: boolean | undefined
  await pause(random() * Math.min(FIRST_WITHIN_MS, target.intervalMs), stopping)
  while (!stopping.aborted) {
    const timeMs = now()
    const outcome = await scrapeOnce(target.url, {
      stopping,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      fetch: options.fetch ?? globalThis.fetch,
    })
    if (stopping.aborted) return
    const durationMs = now() - timeMs
    if (outcome.ok) {
      const { readings, rejected, state } = toReadings(
        outcome.samples,
        target.profile,
        previous === undefined ? { timeMs } : { timeMs, previous },
      )
      previous = state
      onScrape({ target, ok: true, timeMs, durationMs, readings, rejected, parseErrors: outcome.errors })
    } else {
      const { reason, message } = outcome
      // A failing target is said once; each failure goes to the caller.
      if (wasReached !== false) log.warn({ target: target.name, url: target.url, reason, detail: message }, 'scrape failed')
      onScrape({ target, ok: false, timeMs, durationMs, reason, message })
    }
    if (outcome.ok && wasReached === false) log.info({ target: target.name, url: target.url }, 'scrape works again')
    wasReached = outcome.ok
    await pause(Math.max(0, jitteredMs(target.intervalMs, random()) - (now() - timeMs)), stopping)
  }
}

/** Within ±10 % of the interval. @param share In [0, 1). */
export function jitteredMs(intervalMs: number, share: number): number {
  return intervalMs * (1 + JITTER_RATIO * (2 * share - 1))
}
