/**
 * The twin of one site, running: journal, ingest, clock, loop, API and server on what it is given of the site.
 *
 * Where its events come from and what stands behind its sink is its caller's. It acts only while its gate is open: all
 * that it publishes and all that it does to the cluster passes there.
 */
import { join } from 'node:path'
import { openJournal } from '../connectors/journal/journal.ts'
import type { KafkaLogStatus } from '../connectors/kafka/kafka-log.ts'
import { runServer } from '../connectors/server/server.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Check } from '../models/contracts/api.ts'
import type { GateApi } from '../models/contracts/gates.ts'
import type { LogAdmin } from '../models/contracts/log-admin.ts'
import type { Trouble } from '../models/contracts/stream.ts'
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { Clock, EventLog, Logger, PlacementSink, Stop } from '../models/ports.ts'
import type { RulesFor } from '../twin/pod-rules.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { makeChangeHub } from './change-hub.ts'
import { makeChecks } from './checks.ts'
import type { Config } from './config.ts'
import { type Gate, makeGate } from './gate.ts'
import type { Ingest, TakeOptions } from './ingest.ts'
import { namespacesIn, openAccess } from './open-access.ts'
import { openJobs } from './open-jobs.ts'
import { makeOwnMetrics, type OwnMetrics } from './own-metrics.ts'
import { recoverTwin } from './recovery.ts'
import { runClock } from './run-clock.ts'
import { runHistory } from './run-history.ts'
import { runJobs } from './run-jobs.ts'
import { type RunningLoop, runLoop } from './run-loop.ts'
import { type RunningRegret, runRegret } from './run-regret.ts'
import { runStanding } from './run-standing.ts'
import { startMode } from './start-mode.ts'
import { makeStudyApi } from './study-api.ts'
import { makeTwinApi, type TwinApiOptions } from './twin-api.ts'
import { createTwinHistory } from './twin-history.ts'
import type { WhatIfPool } from './what-if-pool.ts'

/** What stands behind the sink: the cluster, real or simulated. */
export interface Connected {
  readonly sink: PlacementSink
  /** Where people may allow more or less for single pods. */
  readonly rulesFor?: RulesFor
  /** The twin with what the site's own scheduler would refuse, whoever decided it. */
  readonly withRejections?: (state: TwinState) => TwinState
  /** Why the sink would refuse whatever it is given, such as that another leads; null: it would not. */
  readonly waitsFor?: () => string | null
  readonly faults?: NonNullable<TwinApiOptions['faults']>
  /** Of a cluster that gates its pods for us. */
  readonly gates?: GateApi
  /** Of what stands between us and the site. */
  readonly checks?: () => readonly Check[]
  readonly stop: Stop
}

export interface ConnectMeans {
  readonly publish: EventLog['publish']
  /** The twin as it is whenever it is asked. */
  readonly state: () => TwinState
  /** What a person said to a plan somewhere else than here, such as in the cluster. */
  readonly judge: (verdict: {
    readonly id: string
    readonly approve: boolean
    readonly by: string
    readonly reason: string
  }) => Promise<void>
}

/** A log out of process, as far as its twin must know of it. */
export interface OutsideLog {
  readonly publishAndHear: (events: readonly TwinEvent[]) => Promise<void>
  readonly checks: () => readonly Check[]
  readonly status: () => KafkaLogStatus
  readonly admin: LogAdmin
}

export interface SiteTwinOptions {
  readonly site: string
  readonly config: Config
  readonly port: number
  readonly viewerDir: string | undefined
  readonly registry: ImageRegistry
  readonly pool: WhatIfPool
  readonly publish: EventLog['publish']
  /** Absent: the log is in process, where published means heard. */
  readonly outsideLog?: OutsideLog | undefined
  /** Starts to take the site's events from where the journal ends. */
  readonly startIngest: (options: TakeOptions) => Promise<Ingest>
  readonly connect: (initial: TwinState, means: ConnectMeans) => Promise<Connected>
  /** Shut while another process may be the site's owner; default: always open. */
  readonly gate?: Gate
  readonly clock: Clock
  readonly log: Logger
}

export interface SiteTwin {
  readonly site: string
  readonly url: string
  readonly state: () => TwinState
  /** Rejects when something that must not fail did. */
  readonly failed: Promise<never>
  /** Everything in reverse order, with a snapshot at the end. */
  readonly stop: Stop
}

export async function runSiteTwin(options: SiteTwinOptions): Promise<SiteTwin> {
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

async function startAll(options: SiteTwinOptions, stops: (() => Promise<void> | void)[]): Promise<Omit<SiteTwin, 'stop'>> {
  const { site, config, registry, pool, clock, log, gate = makeGate(site) } = options
  const mayAct = gate.isOpen
  const { outsideLog } = options
  const publish: EventLog['publish'] = (events) => gate.pass(() => options.publish(events))
  /** For whoever wants to see at once what became of it. */
  const tell = (events: readonly TwinEvent[]): Promise<unknown> =>
    gate.pass<unknown>(() => (outsideLog === undefined ? options.publish(events) : outsideLog.publishAndHear(events)))
  const journal = openJournal({ path: join(config.dataDir, `${site}.journal.db`), eventsKept: config.eventsKept })
  stops.push(() => journal.close())
  const recovery = recoverTwin(journal)
  const { snapshotSequence, replayedCount, refusedCount, state: initial } = recovery
  log.info({ site, sequence: initial.sequence, snapshotSequence, replayedCount, refusedSnapshotCount: refusedCount }, 'twin recovered')

  let loop: RunningLoop | null = null
  let metrics: OwnMetrics | null = null
  let regret: RunningRegret | null = null
  let dependencies: () => readonly Check[] = () => []
  const troubles = () => dependencies().flatMap(({ ok, advisory = false, ...trouble }) => (ok ? [] : [{ ...trouble, advisory }]))
  let takesFaults = false
  const hub = makeChangeHub({ loopStatus: () => loop?.status() ?? 'starting', troubles, takesFaults: () => takesFaults })
  const kept = runHistory({ site, settings: config, clock, random: Math.random, log })
  if (kept !== null) stops.push(kept.stop)
  const ingest = await options.startIngest({
    journal,
    initial,
    clock,
    snapshotEvery: config.snapshotEvery,
    logger: log,
    onApplied: (before, after, events) => {
      metrics?.onApplied(before, after, events)
      hub.announce(before, after)
      kept?.onApplied(before, after, events)
      regret?.onApplied(before, after, events)
      if (events.some(({ event }) => WAKES.has(event.type))) loop?.wake()
    },
  })
  stops.push(() => ingest.stop())
  const { state } = ingest
  metrics = makeOwnMetrics({
    state,
    counts: ingest.counts,
    clock,
    log: () => outsideLog?.status() ?? null,
    history: () => kept?.history.counts() ?? null,
  })
  const history = createTwinHistory({ journal, clock })
  regret = runRegret({ state, journal, stateAt: history.stateAt, publish, pool, settings: config, clock, log })
  stops.push(regret.stop)

  const access = openAccess(config, clock, () => namespacesIn(state().entities.pod.keys()))
  if (access !== null) stops.push(access.stop)
  let judge: ConnectMeans['judge'] = () => Promise.reject(new TwinError('OVERLOADED', 'the twin is starting; say it again in a moment'))
  const connected = await options.connect(initial, { publish: options.publish, state, judge: (verdict) => judge(verdict) })
  stops.push(connected.stop)
  takesFaults = connected.faults !== undefined
  const store = await openJobs({ site, config, clock, random: Math.random, log })
  const jobs = store && runJobs({ site, store, state, publish, mayAct, clock, log })
  if (store !== null) stops.push(() => store.close())
  if (jobs !== null) stops.push(jobs.stop)
  dependencies = () => [
    ...(outsideLog?.checks() ?? []),
    ...[connected.checks?.(), access?.access.checks(), kept?.history.checks(), jobs?.checks()].flatMap((checks = []) =>
      checks.map((check) => ({ ...check, advisory: true })),
    ),
  ]
  stops.push(watchTroubles(troubles, () => hub.announce(state(), state())))
  stops.push(runClock({ site, periodMs: config.tickMs, publish, mayAct, clock, log }))
  const sink: PlacementSink = { apply: (placement, decision) => gate.pass(() => connected.sink.apply(placement, decision)) }
  const { rulesFor, waitsFor, withRejections } = connected
  loop = runLoop({
    state,
    withRejections,
    publish: tell,
    sink,
    registry,
    settings: config,
    rulesFor,
    waitsFor,
    mayAct,
    clock,
    log,
    periodMs: config.tickMs,
  })
  stops.push(loop.stop)
  const starting = startMode({ site, mode: config.mode, isShared: options.gate !== undefined, mayAct, state, publish, clock, log })
  stops.push(starting.stop)
  await starting.first
  const api = makeTwinApi({
    state,
    stateAt: history.stateAt,
    publish: tell,
    journal,
    registry,
    ask: pool.ask,
    settings: config,
    rulesFor,
    clock,
    loopStatus: loop.status,
    troubles,
    onChanges: hub.onChanges,
    observeWhatIf: metrics.observeWhatIf,
    checks: makeChecks({ state, journal, dependencies, clock }),
    ...(connected.faults === undefined ? {} : { faults: connected.faults }),
  })
  judge = ({ approve, ...verdict }) => (approve ? api.approve(verdict) : api.reject(verdict))
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
    access: access?.access,
    api: { ...api, ...studies },
    host: config.host,
    port: options.port,
    metrics: metrics.text,
    history: kept?.history,
    jobs: store ?? undefined,
    logAdmin: outsideLog?.admin,
    gates: connected.gates,
    log,
    clock,
    ...(config.token === undefined ? {} : { token: config.token }),
    ...(options.viewerDir === undefined ? {} : { viewerDir: options.viewerDir }),
  })
  stops.push(server.stop)
  const failed = ingest.finished.then(() => new Promise<never>(() => {}))
  return {
    site,
    url: server.url,
    state,
    failed: failed.catch((cause: unknown) =>
      Promise.reject(new TwinError('INTERNAL', 'the fold failed; nothing more is applied', { cause })),
    ),
  }
}

/** A log that is away tells nothing, so that nothing is told of it either: somebody has to look. */
function watchTroubles(troubles: () => readonly Trouble[], onChange: () => void): () => void {
  let told = '[]'
  const timer = setInterval(() => {
    const now = JSON.stringify(troubles())
    if (now === told) return
    told = now
    onChange()
  }, 1_000)
  return () => clearInterval(timer)
}

/** What the loop should look at at once; samples and ticks can wait for its period. */
export const WAKES: ReadonlySet<TwinEvent['type']> = new Set([
  'node.conditionsChanged',
  'node.gone',
  'accelerator.conditionsChanged',
  'accelerator.gone',
  'pod.created',
  'pod.evicted',
  'pod.failed',
  'pod.finished',
  'inference.completed',
  'decision.approved',
  'loop.modeChanged',
] as const)
