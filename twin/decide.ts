/**
 * From a trigger to a decision: ask what would happen, take the best, and say what it rests on. And, before
 * anything acts, the same question again on the newest twin. Both are pure; neither touches the cluster.
 */
import type { Decision } from '../models/contracts/decision.ts'
import type { Outcome, WhatIfAnswer } from '../models/contracts/what-if.ts'
import type { Pod } from '../models/entities/pod.ts'
import { TwinError } from '../models/errors.ts'
import type { LoopMode } from '../models/events/decision-events.ts'
import { basisOf, firstChange } from './basis.ts'
import { coolDown, rejectedMs } from './move-history.ts'
import { placementFault } from './placing.ts'
import { askAboutWaiting, bestPlan, changesOf, finishOf, gainOf, outcomesFor, type Plan, type PlanOptions, planOf } from './plan.ts'
import { type ScopeOptions, settingsFor, withoutRules } from './pod-rules.ts'
import { staleFacts } from './stale-facts.ts'
import { isUrgent, type Trigger } from './triggers.ts'
import type { TwinState } from './twin-state.ts'

/** `id` is chosen by the caller: the core draws no randomness. */
export interface DecideOptions extends PlanOptions {
  /** Whose pods are meant, '' or absent: pods without a policy. */
  readonly policy?: string
  /** Under which it may be carried out; default: the loop's. */
  readonly mode?: LoopMode
}

export type Decided = { readonly ok: true; readonly decision: Decision } | { readonly ok: false; readonly reason: string }

export function decide(state: TwinState, trigger: Trigger, options: DecideOptions): Decided {
  return orTooLarge(() => {
    const answer = askAboutWaiting(state, options)
    if (outcomesFor(answer, options).length === 0) {
      const { algorithm = answer.infeasible[0]?.algorithm } = options
      return no(answer.infeasible.find((each) => each.algorithm === algorithm)?.reason ?? 'no algorithm found a schedule')
    }
    return decisionFrom(state, { answer, plan: bestPlan(state, answer, options), trigger, options })
  })
}

/** A decision from one outcome of an answer to the `waiting` workload that somebody chose. */
export function decisionOf(
  state: TwinState,
  of: { readonly answer: WhatIfAnswer; readonly outcome: Outcome; readonly trigger: Trigger; readonly options: DecideOptions },
): Decided {
  const { answer, outcome, trigger, options } = of
  return orTooLarge(() => {
    const plan = planOf(state, { algorithm: outcome.algorithm, placements: changesOf(state, outcome) }, options)
    const reason = plan.placements.map((placement) => placementFault(state, placement)).find((fault) => fault !== null)
    return reason == null ? decisionFrom(state, { answer, plan, trigger, options }) : no(reason)
  })
}

interface DecisionParts {
  readonly answer: WhatIfAnswer
  readonly plan: Plan
  readonly trigger: Trigger
  readonly options: DecideOptions
}

function decisionFrom(state: TwinState, { answer, plan, trigger, options }: DecisionParts): Decided {
  const { registry, settings, id, policy = '', mode = state.loopMode } = options
  const { placements, algorithm } = plan
  if (placements.length === 0) return no(whyNone(state, answer, options))
  const saidNoMs = trigger.kind === 'operator' ? null : rejectedMs(state, placements, settings)
  if (saidNoMs !== null) return no(`the best plan was rejected ${seconds(state.clockMs - saidNoMs)} ago`)
  const unchanged = finishOf(state, registry)
  const helps = plan.finish.podCount > unchanged.podCount
  const { makespanMs } = plan.finish
  const predicted = {
    makespanMs,
    unchangedMakespanMs: helps ? null : unchanged.makespanMs,
    gainRatio: gainOf(unchanged, plan.finish).ratio,
  }
  const madeAtMs = state.clockMs
  return {
    ok: true,
    decision: {
      id,
      madeAtMs,
      // Each look at the loop checks it anew; a person needs longer than one look.
      expiresAtMs: madeAtMs + (mode === 'auto' ? settings.expiryMs : settings.patienceMs),
      sequence: state.sequence,
      trigger,
      algorithm,
      className: answer.loadClass.className,
      ...(policy === '' ? {} : { policy }),
      placements: [...placements],
      requests: [...plan.finish.requests],
      predicted,
      alternatives: answer.outcomes.map(({ algorithm: name, makespanMs: ms, moveCount }) => ({
        algorithm: name,
        makespanMs: ms,
        moveCount,
      })),
      assumes: answer.staleFacts.slice(0, 256),
      basis: basisOf(state),
      summary: summaryOf(plan, trigger, predicted.unchangedMakespanMs),
    },
  }
}

/** In the words of the best outcome, had it been allowed. */
function whyNone(state: TwinState, answer: WhatIfAnswer, options: DecideOptions): string {
  const plans = outcomesFor(answer, options).map((outcome) =>
    planOf(state, { algorithm: outcome.algorithm, placements: changesOf(state, outcome, options) }, options),
  )
  const [best] = plans.filter(({ placements }) => placements.length > 0).sort((a, b) => a.finish.makespanMs - b.finish.makespanMs)
  if (best === undefined) return 'what waits is already where it is best'
  const { ratio, ms, isEnough } = gainOf(finishOf(state, options.registry), best.finish)
  if (ms <= 0) return 'what waits is already where it is best'
  if (isEnough(options.settings)) {
    const { leftMs } = coolDown(state, options.settings)
    return leftMs > 0 ? `cooling down for ${seconds(leftMs)}` : 'the pods that would have to move were moved a moment ago'
  }
  const { minGainRatio, minGainMs } = options.settings
  return `the best plan gains ${percent(ratio)} (${seconds(ms)}); a move must bring ${percent(minGainRatio)} and ${seconds(minGainMs)}`
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string }

export type RevalidateOptions = ScopeOptions & Pick<DecideOptions, 'registry'>

/**
 * Whether the decision still holds on this twin; if not, the one fact that changed. Compared is with the best for the very same pods:
 * work that came since gets a plan of its own. Until that best is better by `keepRatio` the decision stands, so that people are not
 * shown another one each second.
 */
export function revalidate(state: TwinState, decision: Decision, options: RevalidateOptions): Verdict {
  // A moment, not an age: the reason is kept and read again later.
  const until = new Date(decision.expiresAtMs).toISOString()
  if (state.clockMs > decision.expiresAtMs) return no(`it held until ${until}; ask again for one that rests on what is known now`)
  for (const placement of decision.placements) {
    const fault = placementFault(state, placement)
    if (fault !== null) return no(fault)
  }
  const change = (): string => {
    const found = decision.basis === undefined ? null : firstChange(decision.basis, basisOf(state))
    return found === null ? '' : ` (${found})`
  }
  return orTooLarge((): Verdict => {
    const settings = settingsFor(decision.placements, options)
    const pods = new Set(decision.placements.map(({ pod }) => pod))
    const { algorithm } = (options.rulesFor ?? withoutRules)(decision.placements[0]?.pod ?? '')
    const asked = { registry: options.registry, settings, id: decision.id, algorithm, isOurs: ({ name }: Pod) => pods.has(name) }
    const plan = planOf(state, { algorithm: 'heft', placements: decision.placements }, asked)
    const needsGain = !isUrgent(decision.trigger) && decision.trigger.kind !== 'operator'
    const gain = gainOf(finishOf(state, options.registry), plan.finish)
    if (needsGain && !gain.isEnough(settings)) return no(`no longer worth it: it gains ${percent(gain.ratio)}${change()}`)
    const best = bestPlan(state, askAboutWaiting(state, asked), asked)
    const minGainRatio = Math.max(settings.minGainRatio, settings.keepRatio)
    if (!gainOf(plan.finish, best.finish).isEnough({ ...settings, minGainRatio })) return { ok: true }
    const [now, then] = [best.finish, plan.finish].map(({ podCount, makespanMs }) => `${podCount} pod(s) in ${seconds(makespanMs)}`)
    return no(`no longer best: ${best.algorithm} now finishes ${now}, this plan ${then}${change()}`)
  })
}

/**
 * Stale facts that could change the winner: those about the devices that the plan puts work on, their nodes and links,
 * and about where the clips come from. Facts about what the plan leaves alone cannot make it go wrong.
 */
export function staleFactsThatMatter(state: TwinState, { placements }: Decision): string[] {
  const cameras = placements.map(({ camera }) => camera)
  const sources = cameras.flatMap((camera) => {
    const identity = state.entities.camera.get(camera)?.reported.identity?.value
    return [identity?.node, identity?.recordedAt].filter((node) => node != null && state.entities.node.get(node)?.mode === 'ready')[0] ?? []
  })
  return staleFacts(state, { accelerators: placements.map(({ to }) => to), cameras, nodes: sources })
    .filter(({ freshness }) => freshness === 'stale' || freshness === 'lost')
    .map(({ entity, group, ageMs }) => `${entity} ${group} is ${seconds(ageMs)} old`)
}

function summaryOf({ algorithm, placements, finish }: Plan, { kind, subject }: Trigger, unchangedMakespanMs: number | null): string {
  const instead = unchangedMakespanMs === null ? 'never' : `in ${seconds(unchangedMakespanMs)} as it stands`
  return `${kind} at ${subject}: ${algorithm} places ${placements.length} pod(s), all done in ${seconds(finish.makespanMs)} instead of ${instead}`
}

/** A site beyond the limits of a query is watched but not planned. */
function orTooLarge<T>(run: () => T): T | { readonly ok: false; readonly reason: string } {
  try {
    return run()
  } catch (error) {
    if (error instanceof TwinError && error.code === 'PROBLEM_TOO_LARGE') return no(error.message.slice(0, 1_024))
    throw error
  }
}

const no = (reason: string): { readonly ok: false; readonly reason: string } => ({ ok: false, reason: reason.slice(0, 1_024) })
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`
