/**
 * One twin of one site, running: journal, ingest, site, scrapes, clock, loop and server wired together.
 * What was started is stopped in reverse order, also when a later start fails.
 */
import { join } from 'node:path'
import { createEmbeddedLog } from '../connectors/journal/embedded-log.ts'
import { openJournal } from '../connectors/journal/journal.ts'
import { runServer } from '../connectors/server/server.ts'
import { drawsOf } from '../connectors/simulated-site/random.ts'
import { type LeftOver, runSimulatedSite } from '../connectors/simulated-site/simulated-site.ts'
import { loadSite } from '../connectors/simulated-site/site.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { isEnded } from '../models/entities/pod.ts'
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { Logger, Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { makeChangeHub } from './change-hub.ts'
import { makeChecks } from './checks.ts'
import type { Config } from './config.ts'
import { runIngest } from './ingest.ts'
import { makeOwnMetrics, type OwnMetrics } from './own-metrics.ts'
import { recoverTwin } from './recovery.ts'
import { runClock } from './run-clock.ts'
import { type RunningLoop, runLoop } from './run-loop.ts'
import { type RunningRegret, runRegret } from './run-regret.ts'
import { runOwnExporter, runScrapes, type ScrapeSource } from './run-scrapes.ts'
import { runStanding } from './run-standing.ts'
import { makeStudyApi } from './study-api.ts'
import { makeTwinApi } from './twin-api.ts'
import { createTwinHistory } from './twin-history.ts'
import { createWhatIfPool } from './what-if-pool.ts'

export interface RunningTwin {
  readonly site: string
  readonly url: string
  /** Rejects when something that must not fail did. */
  readonly failed: Promise<never>
  readonly stop: Stop
}

export interface TwinOptions {
  readonly config: Config
  readonly log: Logger
  readonly viewerDir: string | undefined
}

export async function runTwin(options: TwinOptions): Promise<RunningTwin> {
  const stops: (() => Promise<void> | void)[] = []
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne()
  }
  try {
    return { ...(await startAll(options, stops)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(
  { config, log, viewerDir }: TwinOptions,
  stops: (() => Promise<void> | void)[],
): Promise<Omit<RunningTwin, 'stop'>> {
  const clock = Date.now
  const description = loadSite(config.site)
  const journal = openJournal({ path: join(config.dataDir, `${description.name}.journal.db`), eventsKept: config.eventsKept })
  stops.push(() => journal.close())
  const recovery = recoverTwin(journal)
  const { snapshotSequence, replayedCount, refusedCount, state: initial } = recovery
  log.info({ sequence: initial.sequence, snapshotSequence, replayedCount, refusedSnapshotCount: refusedCount }, 'twin recovered')

  const eventLog = createEmbeddedLog()
  stops.push(() => eventLog.close())
  const publish = eventLog.publish

  let loop: RunningLoop | null = null
  let metrics: OwnMetrics | null = null
  let regret: RunningRegret | null = null
  const hub = makeChangeHub(() => loop?.status() ?? 'starting')
  const ingest = await runIngest({
    log: eventLog,
    journal,
    initial,
    clock,
    snapshotEvery: config.snapshotEvery,
    logger: log,
    onApplied: (before, after, events) => {
      metrics?.onApplied(before, after, events)
      hub.announce(before, after)
      regret?.onApplied(before, after, events)
      if (events.some(({ event }) => WAKES.has(event.type))) loop?.wake()
    },
  })
  stops.push(() => ingest.stop())
  const { state } = ingest
  metrics = makeOwnMetrics({ state, counts: ingest.counts })
  const registry = defaultRegistry()
  const pool = createWhatIfPool({ registry })
  stops.push(pool.stop)
  const history = createTwinHistory({ journal, clock })
  regret = runRegret({ state, journal, stateAt: history.stateAt, publish, pool, settings: config, clock, log })
  stops.push(regret.stop)

  const site = await runSimulatedSite({ site: description, publish, clock, seed: config.seed, log, leftOver: leftOverOf(initial) })
  stops.push(() => site.stop())
  const sources: ScrapeSource[] = site.exporterTargets.map((target) => ({ ...target, isObserver: false }))
  if (config.thisMachine) {
    const own = await runOwnExporter(log)
    stops.push(own.stop)
    sources.push({ ...own.source, isObserver: true })
  }
  const random = drawsOf(config.seed, 'scrape-jitter').uniform
  stops.push(runScrapes({ site: site.name, sources, intervalMs: config.scrapeMs, publish, random, clock, log }))
  stops.push(runClock({ site: site.name, periodMs: config.tickMs, publish, clock, log }))

  loop = runLoop({ state, publish, sink: site.sink, registry, settings: config, clock, log, periodMs: config.tickMs })
  stops.push(loop.stop)
  if (config.mode !== undefined && config.mode !== state().loopMode) {
    await publish([{ type: 'loop.modeChanged', site: site.name, timeMs: clock(), source: 'operator', mode: config.mode, by: 'start' }])
  }
  const api = makeTwinApi({
    state,
    stateAt: history.stateAt,
    publish,
    journal,
    registry,
    ask: pool.ask,
    settings: config,
    clock,
    loopStatus: loop.status,
    onChanges: hub.onChanges,
    observeWhatIf: metrics.observeWhatIf,
    checks: makeChecks({ state, journal, clock }),
    faults: site.faults,
  })
  const standing = runStanding({ state, pool, settings: { delta1Seconds: config.delta1Seconds, delta2: config.delta2 }, log })
  stops.push(standing.stop)
  const studies = makeStudyApi({
    state,
    stateAt: history.stateAt,
    whatIf: api.whatIf,
    pool,
    standing: () => ({ nMinusOne: standing.report(), radar: standing.radar() }),
    clock,
  })
  const server = await runServer({
    api: { ...api, ...studies },
    host: config.host,
    port: config.port,
    metrics: metrics.text,
    log,
    clock,
    ...(config.token === undefined ? {} : { token: config.token }),
    ...(viewerDir === undefined ? {} : { viewerDir }),
  })
  stops.push(server.stop)
  const failed = ingest.finished.then(() => new Promise<never>(() => {}))
  return {
    site: site.name,
    url: server.url,
    failed: failed.catch((cause: unknown) =>
      Promise.reject(new TwinError('INTERNAL', 'the fold failed; nothing more is applied', { cause })),
    ),
  }
}

/** An emulated site dies with the process: what it ran then is lost, and the site has to say so. */
function leftOverOf({ entities, clockMs }: TwinState): LeftOver {
  const requests = [...entities.request.values()].filter(({ mode }) => mode === 'waiting' || mode === 'assigned')
  return {
    pods: [...entities.pod.values()].filter((pod) => !isEnded(pod)).map(({ name }) => name),
    requests: requests.map(({ id, reported }) => ({ id, requestedMs: reported.requestedMs ?? clockMs })),
  }
}

/** What the loop should look at at once; samples and ticks can wait for its period. */
export const WAKES: ReadonlySet<TwinEvent['type']> = new Set([
  'node.conditionsChanged',
  'node.gone',
  'accelerator.conditionsChanged',
  'accelerator.gone',
  'pod.created',
  'pod.failed',
  'pod.finished',
  'inference.completed',
  'decision.approved',
  'loop.modeChanged',
] as const)
