/**
 * A what-if asked along a line: one value of a scenario varied, who wins at each point, and where the winner changes.
 *
 * `sweepPoints` yields after every question, so whoever drives it can show progress or simply stop. The same sweep of
 * the same twin gives the same answer.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { WhatIfAnswer } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import type { BreakPoint, SweepAnswer, SweepPoint } from '../models/scenario/answers.ts'
import { formatScenario, formatSweep } from '../models/scenario/format.ts'
import { resolveScenario } from '../models/scenario/resolve.ts'
import type { Scenario, Sweep } from '../models/scenario/scenario.ts'
import { isWhole, pinScenario, sweepValues, toQuery } from '../models/scenario/to-query.ts'
import { scenarioNames } from './scenario-names.ts'
import type { TwinState } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

export interface SweepOptions {
  readonly registry: ImageRegistry
  /** Of `state`, for the record. */
  readonly stateHash: string
  /** What relative times in the scenario count from. */
  readonly nowMs: number
  /** How far apart the ends of a break point may stay, as a share of the range (of its logarithm on a log scale). */
  readonly toleranceRatio?: number
  /** Questions beyond the points themselves that break points may cost. */
  readonly trialCountMax?: number
}

export interface SweepStep {
  readonly point: SweepPoint
  /** Asked to narrow down a break point; not among the points of the answer. */
  readonly isTrial: boolean
  readonly doneCount: number
  /** Of points; trials come behind them. */
  readonly pointCount: number
}

const TOLERANCE_RATIO = 1e-4
const TRIAL_COUNT_MAX = 500

const UNITS: Readonly<Record<Sweep['target']['kind'], SweepAnswer['unit']>> = {
  'set-link': 'B/s',
  'scale-link': 'factor',
  burst: 'requests',
  'burst-each-camera': 'requests',
  delta1: 's',
  delta2: 'requests/camera',
}

/** As `sweepPoints`, to the end. */
export function runSweep(
  state: TwinState,
  scenario: Scenario,
  { onPoint, ...options }: SweepOptions & { readonly onPoint?: (step: SweepStep) => void },
): SweepAnswer {
  const steps = sweepPoints(state, scenario, options)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    onPoint?.(value)
  }
}

/**
 * The points in ascending order, then the trials. A winner that comes and goes between two points with the same winner is
 * not seen; between two with different winners every change that a bisection meets is reported.
 *
 * @param state The base of the scenario (`baseOf`), chosen by the caller.
 * @throws TwinError QUERY_INVALID, ENTITY_UNKNOWN, APPLICATION_UNKNOWN or PROBLEM_TOO_LARGE, the last ones with the point
 */
export function* sweepPoints(state: TwinState, scenario: Scenario, options: SweepOptions): Generator<SweepStep, SweepAnswer, void> {
  const { sweep } = scenario
  if (sweep === null) throw new TwinError('QUERY_INVALID', 'the scenario has no sweep; add one, as sweep link(cam-1) 5..100 Mbit/s')
  const { toleranceRatio = TOLERANCE_RATIO, trialCountMax = TRIAL_COUNT_MAX, stateHash, registry, nowMs } = options
  const values = sweepValues(sweep)
  const resolved = resolveScenario(scenario, scenarioNames(state))
  const warnings = new Set<string>()
  const ask = (x: number): SweepPoint => {
    const answer = atPoint(sweep, x, () => askWhatIf(state, toQuery(resolved, { nowMs, x }), { id: 'sweep', stateHash, registry }))
    for (const warning of answer.warnings) warnings.add(warning)
    return toPoint(x, answer)
  }

  const points: SweepPoint[] = []
  const stepOf = (point: SweepPoint, isTrial: boolean): SweepStep => ({
    point,
    isTrial,
    doneCount: points.length,
    pointCount: values.length,
  })
  for (const x of values) {
    points.push(ask(x))
    yield stepOf(points[points.length - 1]!, false)
  }

  const breakPoints: BreakPoint[] = []
  let trialCount = 0
  let unrefinedCount = 0
  for (const [index, right] of points.slice(1).entries()) {
    for (let left = points[index]!; left.winner !== right.winner; ) {
      let [low, high] = [left, right]
      while (!isNarrow(sweep, { low: low.x, high: high.x, toleranceRatio }) && trialCount < trialCountMax) {
        const middle = ask(middleOf(sweep, low.x, high.x))
        trialCount++
        yield stepOf(middle, true)
        if (middle.winner === low.winner) low = middle
        else high = middle
      }
      if (!isNarrow(sweep, { low: low.x, high: high.x, toleranceRatio })) unrefinedCount++
      breakPoints.push(toBreakPoint(sweep, low, high))
      left = high
    }
  }
  return {
    scenario: formatScenario(pinScenario(scenario, nowMs)),
    basis: { sequence: state.sequence, timeMs: state.clockMs, stateHash },
    unit: UNITS[sweep.target.kind],
    points,
    breakPoints,
    toleranceRatio,
    unrefinedCount,
    warnings: [...warnings].sort(),
  }
}

function toPoint(x: number, { outcomes }: WhatIfAnswer): SweepPoint {
  const makespanMsByAlgorithm: SweepPoint['makespanMsByAlgorithm'] = {}
  for (const { algorithm, makespanMs } of outcomes) makespanMsByAlgorithm[algorithm] = makespanMs
  return { x, winner: outcomes[0]?.algorithm ?? null, makespanMsByAlgorithm }
}

/** @throws TwinError of the question, with the point where it happened */
function atPoint<T>(sweep: Sweep, x: number, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof TwinError)) throw error
    const place = `at ${x} ${UNITS[sweep.target.kind]} of ${formatSweep(sweep)}`
    throw new TwinError(error.code, `${error.message} (${place})`, { details: { ...error.details, x }, cause: error })
  }
}

function isNarrow(sweep: Sweep, { low, high, toleranceRatio }: { low: number; high: number; toleranceRatio: number }): boolean {
  const { from, to, scale, target } = sweep
  if (isWhole(target)) return high - low <= 1
  const middle = middleOf(sweep, low, high)
  // Doubles end somewhere.
  if (middle <= low || middle >= high) return true
  const share = scale === 'log' ? Math.log(high / low) / Math.log(to / from) : (high - low) / (to - from)
  return share <= toleranceRatio
}

function middleOf({ target, scale }: Sweep, low: number, high: number): number {
  if (isWhole(target)) return Math.floor((low + high) / 2)
  return scale === 'log' ? Math.sqrt(low * high) : (low + high) / 2
}

function toBreakPoint(sweep: Sweep, low: SweepPoint, high: SweepPoint): BreakPoint {
  const x = isWhole(sweep.target) ? high.x : middleOf(sweep, low.x, high.x)
  return { xLow: low.x, xHigh: high.x, x, from: low.winner, to: high.winner }
}
