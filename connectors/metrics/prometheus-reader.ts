/**
 * Reads all exporters through Prometheus, again and again: each of its scrapes is handed on once.
 *
 * A fault of Prometheus ends the reading and is no fault of an exporter; an exporter is lost when Prometheus says so.
 */
import type { Clock } from '../../models/ports.ts'
import type { CounterState } from './number-rules.ts'
import type { PrometheusApi, PrometheusTarget } from './prometheus-api.ts'
import { type PrometheusScrape, SCRAPE_SERIES, toPrometheusScrape } from './prometheus-samples.ts'
import { findTarget, isScrapedSeldom } from './prometheus-targets.ts'
import { seriesOf, toReadings } from './readings.ts'
import type { ScrapeFailure, ScrapeFailureReason, ScrapeOutcome } from './scrape.ts'
import type { ScrapeResult, ScrapeTarget } from './scraper.ts'

export interface PrometheusReader {
  /** @returns why Prometheus could not be read. */
  read(): Promise<ScrapeFailure | undefined>
  seen(): Seen
}

export interface Seen {
  /** Prometheus' clock less ours, without what the way there may account for. */
  readonly skewMs: number
  /** Exporters that it does not scrape. */
  readonly unknown: readonly string[]
  /** Exporters that it scrapes too seldom. */
  readonly seldom: readonly string[]
}

export interface PrometheusReaderOptions {
  readonly targets: readonly ScrapeTarget[]
  readonly onScrape: (result: ScrapeResult) => void
  readonly now: Clock
}

/** One exporter, and what is known of it by now. */
interface Source {
  readonly target: ScrapeTarget
  readonly names: readonly string[]
  known: PrometheusTarget | undefined
  /** Of the last scrape that was handed on. */
  toldMs: number
  counters: CounterState | undefined
  isWell: boolean
}

type ReadSource = Source & { readonly known: PrometheusTarget }

/** Prometheus' clock and targets are asked for this often, and sooner while an exporter is missing or down. */
const LOOK_AROUND_MS = 15_000
const LOOK_AGAIN_MS = 2_000
const AT_ONCE = 8
/** Faults of what one exporter wrote; all others are of Prometheus or of the way to it. */
const OF_EXPORTER: readonly ScrapeFailureReason[] = ['too-many-series', 'body-too-large', 'malformed']

export function createPrometheusReader(api: PrometheusApi, { targets, onScrape, now }: PrometheusReaderOptions): PrometheusReader {
  const sources = targets.map(toSource)
  let lookedMs = Number.NEGATIVE_INFINITY
  let skewMs = 0

  const lookAround = async (): Promise<ScrapeFailure | undefined> => {
    const sentMs = now()
    const clock = await api.timeMs()
    if (!clock.ok) return clock
    skewMs = skewOf(clock.value, { sentMs, heardMs: now() })
    const answer = await api.targets()
    if (!answer.ok) return answer
    for (const source of sources) source.known = findTarget(answer.value, source.target)
    lookedMs = now()
    return undefined
  }

  const read = async (): Promise<ScrapeFailure | undefined> => {
    const lookMs = sources.every(({ known, isWell }) => known !== undefined && isWell) ? LOOK_AROUND_MS : LOOK_AGAIN_MS
    const failure = now() - lookedMs < lookMs ? undefined : await lookAround()
    if (failure !== undefined) return failure
    const lost: { readonly source: Source; readonly scrape: PrometheusScrape }[] = []
    const fault = await readAll(sources.filter(isKnown), async (source) => {
      const outcome = await api.samples(source.known, source.names)
      if (!outcome.ok && !OF_EXPORTER.includes(outcome.reason)) return outcome
      const scrape = take(source, outcome)
      if (scrape !== undefined) lost.push({ source, scrape })
      return undefined
    })
    // Why a target is down stands in the list of targets, and ours may be older than that.
    const lateFault = lost.some(({ source }) => source.known?.lastError === '') ? await lookAround() : undefined
    for (const { source, scrape } of lost) tellLost(source, scrape)
    return fault ?? lateFault
  }

  /** @returns the scrape, when it is one that failed and is news. */
  const take = (source: Source, outcome: ScrapeOutcome): PrometheusScrape | undefined => {
    const { target } = source
    source.isWell = false
    if (!outcome.ok) {
      onScrape({ target, timeMs: now(), durationMs: 0, ...outcome })
      return undefined
    }
    const scrape = toPrometheusScrape(outcome.samples)
    if (scrape === undefined) return undefined
    source.isWell = scrape.isUp
    // Not `<=`: a clock that was put right goes back.
    if (scrape.timeMs === source.toldMs) return undefined
    if (!scrape.isUp) return scrape
    const { timeMs, durationMs } = scrape
    const previous = source.counters === undefined ? {} : { previous: source.counters }
    const { readings, rejected, state } = toReadings(scrape.samples, target.profile, { timeMs, ...previous })
    source.toldMs = timeMs
    source.counters = state
    onScrape({ target, ok: true, timeMs, durationMs, readings, rejected, parseErrors: outcome.errors })
    return undefined
  }

  const tellLost = (source: Source, { timeMs, durationMs }: PrometheusScrape): void => {
    source.toldMs = timeMs
    const message = source.known?.lastError || 'it could not scrape the exporter and does not say why'
    onScrape({ target: source.target, ok: false, timeMs, durationMs, reason: 'prometheus', message })
  }

  const seen = (): Seen => {
    const namesOf = (which: (source: Source) => boolean) => sources.filter(which).map(({ target }) => target.name)
    return {
      skewMs,
      unknown: Number.isFinite(lookedMs) ? namesOf(({ known }) => known === undefined) : [],
      seldom: namesOf(({ known }) => known !== undefined && isScrapedSeldom(known)),
    }
  }
  return { read, seen }
}

function toSource(target: ScrapeTarget): Source {
  const names = [...SCRAPE_SERIES, ...new Set(target.profile.devices.flatMap(seriesOf))]
  return { target, names, known: undefined, toldMs: Number.NEGATIVE_INFINITY, counters: undefined, isWell: false }
}

function isKnown(source: Source): source is ReadSource {
  return source.known !== undefined
}

/** Some at once, until one says that Prometheus does not answer. */
async function readAll(
  sources: readonly ReadSource[],
  readOne: (source: ReadSource) => Promise<ScrapeFailure | undefined>,
): Promise<ScrapeFailure | undefined> {
  let failure: ScrapeFailure | undefined
  const waiting = sources.values()
  const work = async (): Promise<void> => {
    for (const source of waiting) {
      failure ??= await readOne(source)
      if (failure !== undefined) return
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return failure
}

function skewOf(timeMs: number, { sentMs, heardMs }: { readonly sentMs: number; readonly heardMs: number }): number {
  const differenceMs = timeMs - (sentMs + heardMs) / 2
  return Math.sign(differenceMs) * Math.max(0, Math.abs(differenceMs) - (heardMs - sentMs) / 2)
}
