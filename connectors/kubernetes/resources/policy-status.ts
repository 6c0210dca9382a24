/**
 * What people read on a policy: whether it is in force, of how many pods it speaks, and of which another one speaks first. Pure: the
 * same cluster gives the same status, so that what has not changed is not written.
 */
import type { LoopMode } from '../../../models/events/decision-events.ts'
import { LOOP_MODES } from '../../../models/events/decision-events.ts'
import type { Condition } from '../watched.ts'
import { condition } from './custom-objects.ts'
import { byAge, type PodOfPolicy, type PolicyStatus, policyFor, policyKey, speaksOf, type WatchedPolicy } from './placement-policy.ts'

export interface StatusOptions {
  /** edgetwin's namespace. */
  readonly home: string
  /** Of the loop, which no policy goes beyond. */
  readonly loopMode: LoopMode
  /** Whether edgetwin was given the right to bind. */
  readonly mayBind: boolean
  readonly timeMs: number
  /** The name of the newest plan for the pods of a policy, namespace/name. */
  readonly lastPlan: (policy: string) => string | null
}

/** By the policies' keys. @param pods Those that edgetwin may place. */
export function policyStatuses(
  all: Iterable<WatchedPolicy>,
  pods: Iterable<PodOfPolicy>,
  options: StatusOptions,
): ReadonlyMap<string, PolicyStatus> {
  const policies = [...all].sort(byAge)
  const counts = new Map(policies.map((policy) => [policy, { matched: 0, governed: 0, overruledBy: new Map<WatchedPolicy, number>() }]))
  for (const pod of pods) {
    const first = policyFor(policies, pod, options.home)
    for (const [policy, count] of counts) {
      if (!speaksOf(policy, pod, options.home)) continue
      count.matched++
      if (policy === first) count.governed++
      else if (first !== null) count.overruledBy.set(first, (count.overruledBy.get(first) ?? 0) + 1)
    }
  }
  const statuses = [...counts].map(([policy, { matched, governed, overruledBy }]): [string, PolicyStatus] => {
    const { generation = 0 } = policy.metadata
    const told = [readiness(policy, options), conflict(policy, overruledBy, options)]
    const lastPlan = options.lastPlan(policyKey(policy))
    return [
      policyKey(policy),
      {
        observedGeneration: generation,
        matchedPods: matched,
        governedPods: governed,
        ...(lastPlan === null ? {} : { lastPlan }),
        conditions: told.map((one) => ({ ...steady(one, policy), observedGeneration: generation })),
      },
    ]
  })
  return new Map(statuses)
}

function readiness({ metadata, spec }: WatchedPolicy, { home, loopMode, mayBind, timeMs }: StatusOptions): Condition {
  const say = (status: 'True' | 'False', reason: string, message: string) => condition('Ready', status, { reason, message, timeMs })
  const unknown = (spec.selector?.matchExpressions ?? []).find(({ operator }) => !OPERATORS.includes(operator))
  if (unknown !== undefined)
    return say('False', 'SelectorInvalid', `operator ${unknown.operator} of the selector is not known; write ${OPERATORS.join(', ')}`)
  if (spec.strategy === 'binding' && !mayBind)
    return say('False', 'BindingNotGranted', 'edgetwin may not bind: install it with placement: binding, or choose strategy gate')
  const whose = metadata.namespace === home ? 'all pods that no policy of their own namespace speaks of' : `pods of ${metadata.namespace}`
  if (spec.paused) return say('True', 'Paused', `nothing of ${whose} is touched until spec.paused is false`)
  if (LOOP_MODES.indexOf(spec.mode) > LOOP_MODES.indexOf(loopMode))
    return say('True', 'HeldBack', `it holds for ${whose}; edgetwin itself is in mode ${loopMode}, which goes before mode ${spec.mode}`)
  return say('True', 'InForce', `it holds for ${whose}`)
}

const OPERATORS: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist']

/** One of edgetwin's own namespace is there to be overruled by nearer ones. */
function conflict(policy: WatchedPolicy, overruledBy: ReadonlyMap<WatchedPolicy, number>, { timeMs }: StatusOptions): Condition {
  const rivals = [...overruledBy].filter(([rival]) => rival.metadata.namespace === policy.metadata.namespace)
  if (rivals.length === 0) return condition('Conflict', 'False', { reason: 'None', message: '', timeMs })
  const named = rivals.map(([rival, count]) => `${count} by ${rival.metadata.name}`).join(', ')
  const message = `pods that its selector matches are spoken for ${named}: the oldest policy decides, of equal age the first by name`
  return condition('Conflict', 'True', { reason: 'Overruled', message, timeMs })
}

/** With the time at which it last turned, as conditions have it. */
function steady(now: Condition, { status }: WatchedPolicy): Condition {
  const before = status?.conditions?.find(({ type }) => type === now.type)
  return before?.status === now.status && before.lastTransitionTime != null
    ? { ...now, lastTransitionTime: before.lastTransitionTime }
    : now
}
