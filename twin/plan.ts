/**
 * Which placements are worth making: every outcome of a what-if, measured on a fork to which exactly its placements
 * were applied, so that the prediction and what is done are the same thing.
 *
 * Pods that cannot start where they are must be placed; others are moved only when that brings enough and only if
 * they were not moved lately.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Placement } from '../models/contracts/decision.ts'
import { type AlgorithmName, type Outcome, type WhatIfAnswer, whatIfQueryShape } from '../models/contracts/what-if.ts'
import type { Pod } from '../models/entities/pod.ts'
import { inTurn } from './asked-devices.ts'
import type { LoopSettings } from './loop-settings.ts'
import { coolDown, mayMove, movesOf } from './move-history.ts'
import { forkWithPlacements } from './placed-fork.ts'
import type { TwinState } from './twin-state.ts'
import { isDisplaced, isOnItsWay, whyStuck } from './waiting-work.ts'
import { askWhatIf, predictUnchanged } from './what-if.ts'

/** What will finish, and when. Work that no plan can help is in neither. */
export interface Finish {
  readonly podCount: number
  /** From now until the last of them is done. */
  readonly makespanMs: number
  /** Sorted. */
  readonly requests: readonly string[]
}

export interface Plan {
  readonly algorithm: Outcome['algorithm']
  /** In the order in which to bind. */
  readonly placements: readonly Placement[]
  readonly finish: Finish
}

export interface PlanOptions {
  readonly id: string
  readonly registry: ImageRegistry
  readonly settings: LoopSettings
  /** Whose outcome is taken; default portfolio, the best of all. */
  readonly algorithm?: AlgorithmName
  /** Pods that may be placed or moved; default: all. */
  readonly isOurs?: (pod: Pod) => boolean
}

/** A decision names its basis by journal sequence; hashing the whole twin every second would buy nothing. */
const UNHASHED = ''

export function askAboutWaiting(state: TwinState, { id, registry, settings }: PlanOptions): WhatIfAnswer {
  const query = whatIfQueryShape.parse({ workload: 'waiting', delta1Seconds: settings.delta1Seconds, delta2: settings.delta2 })
  return askWhatIf(state, query, { id, stateHash: UNHASHED, registry })
}

/** The best that may be done now for the pods that are ours; without placements when nothing is worth doing. @param answer To `askAboutWaiting`. */
export function bestPlan(state: TwinState, answer: WhatIfAnswer, options: PlanOptions): Plan {
  const { settings } = options
  const { clockMs } = state
  const moves = movesOf(state)
  const isCooling = coolDown(state, settings).leftMs > 0
  const plans = new Map<string, Plan>()
  const add = (algorithm: Plan['algorithm'], placements: readonly Placement[]): void => {
    const key = placements.map(({ pod, to }) => `${pod} ${to}`).join('\n')
    if (!plans.has(key)) plans.set(key, planOf(state, { algorithm, placements }, options))
  }
  add(answer.outcomes[0]?.algorithm ?? 'heft', [])
  for (const outcome of outcomesFor(answer, options)) {
    const changes = changesOf(state, outcome, options)
    const addThose = (isAllowed: (change: Placement) => boolean) => add(outcome.algorithm, changes.filter(isAllowed))
    const isFree = (change: Placement) => mustMove(state, change) || isDisplaced(state, state.entities.pod.get(change.pod)!)
    addThose((change) => mustMove(state, change))
    addThose(isFree)
    if (!isCooling) addThose((change) => isFree(change) || mayMove(moves, change, { clockMs, coolDownMs: settings.coolDownMs }))
  }
  const ranked = [...plans.values()].sort(byWorth)
  const needed = ranked.find(({ placements }) => placements.every((each) => mustMove(state, each)))!
  return ranked.find((plan) => gainOf(needed.finish, plan.finish).isEnough(settings)) ?? needed
}

export function outcomesFor({ outcomes }: WhatIfAnswer, { algorithm = 'portfolio' }: PlanOptions): readonly Outcome[] {
  return algorithm === 'portfolio' ? outcomes : outcomes.filter((outcome) => outcome.algorithm === algorithm)
}

export function planOf(state: TwinState, { algorithm, placements }: Omit<Plan, 'finish'>, { registry }: PlanOptions): Plan {
  return { algorithm, placements, finish: finishOf(forkWithPlacements(state, placements), registry) }
}

/** What an outcome would change and can be changed now, in the order in which to bind. A pod that is not ours takes nobody's turn. */
export function changesOf(
  state: TwinState,
  { placements }: Outcome,
  { isOurs = () => true }: Pick<PlanOptions, 'isOurs'> = {},
): Placement[] {
  const mayChange = (pod: Pod) => isOurs(pod) && !isOnItsWay(state, pod)
  const changes = placements
    .filter(({ pod, from, to }) => from !== to && mayChange(state.entities.pod.get(pod)!))
    .sort((a, b) => a.predictedStartMs - b.predictedStartMs)
  return inTurn(state, changes)
}

export function finishOf(state: TwinState, registry: ImageRegistry): Finish {
  const { byPod } = predictUnchanged(state, registry)
  const requests = byPod.flatMap(({ pod }) => state.entities.pod.get(pod)?.spec?.request ?? [])
  const makespanMs = Math.max(0, ...byPod.map(({ finishMs }) => finishMs - state.clockMs))
  return { podCount: byPod.length, makespanMs, requests: [...new Set(requests)].sort() }
}

/** How much better `after` is. More pods that finish at all is always enough. */
export function gainOf(before: Finish, after: Finish) {
  const ms = before.makespanMs - after.makespanMs
  const ratio = after.podCount > before.podCount ? 1 : before.makespanMs === 0 ? 0 : ms / before.makespanMs
  const isEnough = ({ minGainRatio, minGainMs }: LoopSettings): boolean =>
    after.podCount === before.podCount ? ratio >= minGainRatio && ms >= minGainMs && ms > 0 : after.podCount > before.podCount
  return { ratio, ms, isEnough }
}

/** Its pod is bound nowhere, or where nothing starts. */
function mustMove(state: TwinState, { pod: name, from }: Placement): boolean {
  const pod = state.entities.pod.get(name)
  return from === null || (pod !== undefined && whyStuck(state, pod) !== null)
}

/** Best first; of equals the one with fewer changes. Differences below a microsecond are rounding. */
function byWorth(a: Plan, b: Plan): number {
  const [aUs, bUs] = [Math.round(a.finish.makespanMs * 1e3), Math.round(b.finish.makespanMs * 1e3)]
  return b.finish.podCount - a.finish.podCount || aUs - bUs || a.placements.length - b.placements.length
}
