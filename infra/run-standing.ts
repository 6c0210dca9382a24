/**
 * Works out the N−1 report and the class radar of the live twin in the background, a slice at a time in the pool of
 * workers: the thread of the fold never waits for it. After each slice it rests so long that it stays below its share
 * of one core; a slice counts from being asked for to being answered, so on a busy machine it rests even longer.
 */
import { performance } from 'node:perf_hooks'
import { type StartTimer, startTimer } from '../connectors/simulated-site/agenda.ts'
import type { Loss, NMinusOneCase, NMinusOneReport, Radar } from '../models/contracts/standing.ts'
import { isEnded } from '../models/entities/pod.ts'
import type { Logger, Stop } from '../models/ports.ts'
import { lossesOf, type NMinusOneBase, nMinusOneReport } from '../twin/n-minus-one.ts'
import { emptyRadar, nextRadar, type RadarSettings } from '../twin/radar.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { WhatIfPool } from './what-if-pool.ts'

export interface StandingOptions {
  readonly state: () => TwinState
  readonly pool: Pick<WhatIfPool, 'run'>
  readonly settings: Pick<RadarSettings, 'delta1Seconds' | 'delta2'> & Partial<Pick<RadarSettings, 'bandRatio'>>
  readonly log: Logger
  /** Of one core, above 0. */
  readonly cpuShareRatio?: number
  /** Monotonic, ms. */
  readonly clock?: () => number
  readonly timer?: StartTimer
}

export interface Standing {
  /** The last that was finished, with the twin it is of; null before the first. */
  readonly report: () => NMinusOneReport | null
  readonly radar: () => Radar
  readonly stop: Stop
}

export const STANDING = {
  cpuShareRatio: 0.05,
  bandRatio: 0.1,
  /** Between two looks when there is nothing to do, and between two points of the radar at least. */
  periodMs: 1_000,
  /** Between the starts of two reports at least. */
  restartMsMin: 5_000,
  /** A report of an unchanged site is made anew by then, since rates of links and ages of facts move on. */
  ageMsMax: 60_000,
  /** A site that never settles still gets a report: so often may one be thrown away unfinished. */
  restartsMax: 3,
  failurePauseMs: 30_000,
} as const

export function runStanding(options: StandingOptions): Standing {
  const { state, pool, log, clock = () => performance.now(), timer = startTimer, cpuShareRatio = STANDING.cpuShareRatio } = options
  const settings: RadarSettings = { bandRatio: STANDING.bandRatio, ...options.settings }
  const stopping = new AbortController()
  const { signal } = stopping
  const reporter = makeReporter({ pool, clock, signal })
  let radar = emptyRadar(settings)
  let measured = { sequence: -1, nextMs: 0 }
  let isRadarsTurn = false
  let pausedUntilMs = 0

  const measure = async (twin: TwinState): Promise<void> => {
    measured = { sequence: twin.sequence, nextMs: clock() + STANDING.periodMs }
    const { delta1Seconds, delta2 } = settings
    radar = nextRadar(radar, await pool.run('load', twin, { input: { delta1Seconds, delta2 }, signal }), settings)
  }
  /** @returns whether there was anything to do. */
  const slice = async (): Promise<boolean> => {
    const twin = state()
    if (twin.site === null) return false
    // In turns: where slices are long a new measure is always due, and the report would never be done.
    isRadarsTurn = !isRadarsTurn && twin.sequence !== measured.sequence && clock() >= measured.nextMs
    if (!isRadarsTurn) return clock() < pausedUntilMs ? false : reporter.step(twin)
    await measure(twin)
    return true
  }
  const fail = (error: unknown): boolean => {
    const nextMs = clock() + STANDING.failurePauseMs
    // The load of a site too large for the report can still be told.
    if (isRadarsTurn) measured = { ...measured, nextMs }
    else {
      reporter.drop()
      pausedUntilMs = nextMs
    }
    if (!signal.aborted)
      log.warn({ error: String(error), pauseMs: STANDING.failurePauseMs }, isRadarsTurn ? 'radar not measured' : 'n-1 report not made')
    return true
  }
  const stop = repeat({ slice: () => slice().catch(fail), clock, timer, cpuShareRatio })
  return {
    report: reporter.report,
    radar: () => radar,
    stop: () => {
      stopping.abort()
      return stop()
    },
  }
}

/** A report under way: of one twin from beginning to end. */
interface Run {
  readonly twin: TwinState
  readonly topology: string
  readonly work: string
  readonly startedMs: number
  base: NMinusOneBase | null
  readonly left: Loss[]
  readonly cases: NMinusOneCase[]
}

interface Reporter {
  /** One question of a report. @returns whether there was one to ask. */
  readonly step: (twin: TwinState) => Promise<boolean>
  /** Throws away what is under way; the next step begins anew. */
  readonly drop: () => void
  readonly report: () => NMinusOneReport | null
}

type ReporterOptions = Required<Pick<StandingOptions, 'pool' | 'clock'>> & { readonly signal: AbortSignal }

function makeReporter({ pool, clock, signal }: ReporterOptions): Reporter {
  let report: NMinusOneReport | null = null
  let run: Run | null = null
  let last: Pick<Run, 'topology' | 'work' | 'startedMs'> | null = null
  let restartCount = 0

  /** Work comes and goes all the time, so only a change of the site itself throws away what is under way. */
  const isDue = (twin: TwinState): boolean => {
    if (last === null) return true
    const sinceMs = clock() - last.startedMs
    if (sinceMs < STANDING.restartMsMin) return false
    if (last.topology !== topologyOf(twin)) return run === null || restartCount < STANDING.restartsMax
    return run === null && (last.work !== workOf(twin) || sinceMs >= STANDING.ageMsMax)
  }
  const begin = (twin: TwinState): Run => {
    restartCount = run === null ? 0 : restartCount + 1
    const begun = { twin, topology: topologyOf(twin), work: workOf(twin), startedMs: clock(), base: null, left: lossesOf(twin), cases: [] }
    last = begun
    return begun
  }
  return {
    async step(twin) {
      if (isDue(twin)) run = begin(twin)
      if (run === null) return false
      const { left, cases } = run
      if (run.base === null) run.base = await pool.run('nMinusOneBase', run.twin, { input: null, signal })
      else {
        const [loss] = left
        if (loss !== undefined) cases.push(await pool.run('nMinusOneCase', run.twin, { input: { loss, base: run.base }, signal }))
        left.shift()
      }
      if (left.length > 0) return true
      report = nMinusOneReport(run.base, cases)
      run = null
      return true
    },
    drop: () => {
      run = null
      last = null
    },
    report: () => report,
  }
}

interface Pace {
  readonly slice: () => Promise<boolean>
  readonly clock: () => number
  readonly timer: StartTimer
  readonly cpuShareRatio: number
}

/** One slice, then a rest, for ever: of slice and rest together the slice has its share. */
function repeat({ slice, clock, timer, cpuShareRatio }: Pace): Stop {
  let isStopped = false
  let running: Promise<void> | null = null
  let cancel = (): void => {}
  const turn = (): void => {
    const startedMs = clock()
    running = slice().then((hasWorked) => {
      running = null
      const restMs = hasWorked ? (clock() - startedMs) * Math.max(0, 1 / cpuShareRatio - 1) : STANDING.periodMs
      if (!isStopped) cancel = timer(restMs, turn)
    })
  }
  cancel = timer(0, turn)
  return async () => {
    isStopped = true
    cancel()
    await running
  }
}

/** What a loss is about: everything that can be lost, and whether it takes work. Equal texts: the same site. */
function topologyOf(twin: TwinState): string {
  const closed = [...twin.entities.node.values()].flatMap(({ name, reported }) => (reported.conditions?.value.cordoned ? name : []))
  const asked = [...twin.entities.camera.values()].map(({ name, desired }) => `${name} ${desired.applications.join(' ')}`)
  return JSON.stringify([lossesOf(twin).map(({ kind, name }) => `${kind} ${name}`), closed.sort(), asked.sort()])
}

/** What waits or runs, and where. */
function workOf({ entities }: TwinState): string {
  const open = [...entities.pod.values()].filter((pod) => !isEnded(pod))
  return JSON.stringify(open.map(({ name, mode, reported }) => `${name} ${mode} ${reported.place?.accelerator ?? ''}`).sort())
}
