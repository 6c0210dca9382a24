/**
 * From a trigger to a decision: ask what would happen, take the best, and say what it rests on. And, before
 * anything acts, the same question again on the newest twin. Both are pure; neither touches the cluster.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Decision, Placement } from '../models/contracts/decision.ts'
import { type Outcome, type WhatIfAnswer, whatIfQueryShape } from '../models/contracts/what-if.ts'
import { canTakeWork } from '../models/entities/node.ts'
import type { LoopSettings } from './loop-settings.ts'
import { forkWithPlacements } from './placed-fork.ts'
import { isUrgent, type Trigger } from './triggers.ts'
import type { TwinState } from './twin-state.ts'
import { openRequests } from './waiting-work.ts'
import { askWhatIf, predictUnchanged } from './what-if.ts'

/** A decision names its basis by journal sequence; hashing the whole twin every second would buy nothing. */
const UNHASHED = ''

export interface DecideOptions {
  /** Chosen by the caller: the core draws no randomness. */
  readonly id: string
  readonly registry: ImageRegistry
  readonly settings: LoopSettings
}

export type Decided = { readonly ok: true; readonly decision: Decision } | { readonly ok: false; readonly reason: string }

export function decide(state: TwinState, trigger: Trigger, options: DecideOptions): Decided {
  const { settings, registry, id } = options
  const query = whatIfQueryShape.parse({ workload: 'waiting', delta1Seconds: settings.delta1Seconds, delta2: settings.delta2 })
  const answer = askWhatIf(state, query, { id, stateHash: UNHASHED, registry })
  const best = answer.outcomes[0]
  if (best === undefined) return { ok: false, reason: answer.infeasible[0]?.reason ?? 'no algorithm found a schedule' }
  return decisionOf(state, { answer, outcome: best, trigger, options })
}

/** A decision from one outcome of an answer to the `waiting` workload, if it is worth its moves. */
export function decisionOf(
  state: TwinState,
  {
    answer,
    outcome,
    trigger,
    options,
  }: { readonly answer: WhatIfAnswer; readonly outcome: Outcome; readonly trigger: Trigger; readonly options: DecideOptions },
): Decided {
  const { registry, settings, id } = options
  const placements = outcome.placements.filter(({ from, to }) => from !== to).sort((a, b) => a.predictedStartMs - b.predictedStartMs)
  if (placements.length === 0) return { ok: false, reason: 'what waits is already where it is best' }
  const makespanMs = predictUnchanged(forkWithPlacements(state, placements), registry).makespanMs
  if (makespanMs === null) return { ok: false, reason: 'some work would still be bound nowhere' }
  const unchangedMakespanMs = predictUnchanged(state, registry).makespanMs
  const gainRatio = unchangedMakespanMs === null ? 1 : unchangedMakespanMs === 0 ? 0 : 1 - makespanMs / unchangedMakespanMs
  const gainMs = (unchangedMakespanMs ?? Number.POSITIVE_INFINITY) - makespanMs
  const isFree = isUrgent(trigger) || trigger.kind === 'operator'
  if (!isFree && (gainRatio < settings.minGainRatio || gainMs < settings.minGainMs)) {
    return {
      ok: false,
      reason: `the best plan gains ${percent(gainRatio)}, less than the ${percent(settings.minGainRatio)} that a move must bring`,
    }
  }
  const madeAtMs = state.clockMs
  return {
    ok: true,
    decision: {
      id,
      madeAtMs,
      expiresAtMs: madeAtMs + settings.expiryMs,
      sequence: state.sequence,
      trigger,
      algorithm: outcome.algorithm,
      className: answer.loadClass.className,
      placements,
      requests: openRequests(state),
      predicted: { makespanMs, unchangedMakespanMs, gainRatio },
      alternatives: answer.outcomes.map(({ algorithm, makespanMs: ms, moveCount }) => ({ algorithm, makespanMs: ms, moveCount })),
      assumes: answer.staleFacts,
      summary: summaryOf({ placements, algorithm: outcome.algorithm, makespanMs, unchangedMakespanMs, trigger }),
    },
  }
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** Whether the decision still holds on this twin; if not, the one fact that changed. */
export function revalidate(
  state: TwinState,
  decision: Decision,
  { registry, settings }: Pick<DecideOptions, 'registry' | 'settings'>,
): Verdict {
  if (state.clockMs > decision.expiresAtMs) {
    return refuse(`expired ${seconds(state.clockMs - decision.expiresAtMs)} ago; ask again for one that rests on what is known now`)
  }
  for (const placement of decision.placements) {
    const fact = whatChanged(state, placement)
    if (fact !== null) return refuse(fact)
  }
  const planned = predictUnchanged(forkWithPlacements(state, decision.placements), registry).makespanMs
  if (planned === null) return refuse('some work would still be bound nowhere')
  const query = whatIfQueryShape.parse({ workload: 'waiting', delta1Seconds: settings.delta1Seconds, delta2: settings.delta2 })
  const best = askWhatIf(state, query, { id: decision.id, stateHash: UNHASHED, registry }).outcomes[0]
  if (best === undefined) return refuse('no schedule is feasible any more')
  const bestNow = predictUnchanged(
    forkWithPlacements(
      state,
      best.placements.filter(({ from, to }) => from !== to),
    ),
    registry,
  ).makespanMs
  if (bestNow !== null && bestNow < planned * (1 - settings.minGainRatio) && planned - bestNow > settings.minGainMs) {
    return refuse(`no longer best: ${best.algorithm} now finishes in ${seconds(bestNow)}, this plan in ${seconds(planned)}`)
  }
  return { ok: true }
}

/** Stale facts that could change the winner: those about devices that the plan puts work on. */
export function staleFactsThatMatter(decision: Decision): string[] {
  const used = new Set(decision.placements.flatMap(({ to }) => [to, to.split('/')[0]]))
  return decision.assumes
    .filter(({ freshness, entity }) => (freshness === 'stale' || freshness === 'lost') && used.has(entity.slice(entity.indexOf(' ') + 1)))
    .map(({ entity, group, ageMs }) => `${entity} ${group} is ${seconds(ageMs)} old`)
}

function whatChanged(state: TwinState, { pod: name, from, to }: Placement): string | null {
  const pod = state.entities.pod.get(name)
  if (pod === undefined) return `pod ${name} is gone`
  if (pod.mode !== 'pending' && pod.mode !== 'gated' && pod.mode !== 'bound') return `pod ${name} is ${pod.mode} by now`
  const isAt = pod.reported.place?.accelerator ?? null
  if (isAt !== from) return `pod ${name} is on ${isAt ?? 'no accelerator'} by now, not on ${from ?? 'none'}`
  const accelerator = state.entities.accelerator.get(to)
  if (accelerator === undefined) return `accelerator ${to} is gone`
  if (accelerator.mode === 'failed' || accelerator.mode === 'offline') return `accelerator ${to} is ${accelerator.mode} by now`
  const node = state.entities.node.get(accelerator.reported.identity?.value.node ?? '')
  if (node === undefined || !canTakeWork(node)) return `node of ${to} is ${node?.mode ?? 'unknown'} or cordoned by now`
  return null
}

function summaryOf(of: {
  readonly placements: readonly Placement[]
  readonly algorithm: string
  readonly makespanMs: number
  readonly unchangedMakespanMs: number | null
  readonly trigger: Trigger
}): string {
  const instead =
    of.unchangedMakespanMs === null ? 'work that would not finish as it stands' : `${seconds(of.unchangedMakespanMs)} as it stands`
  return `${of.trigger.kind} at ${of.trigger.subject}: ${of.algorithm} places ${of.placements.length} pod(s), done in ${seconds(of.makespanMs)} instead of ${instead}`
}

const refuse = (reason: string): Verdict => ({ ok: false, reason })
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
const percent = (ratio: number): string => `${(ratio * 100).toFixed(1)} %`
