/**
 * What people allow for a pod of the cluster, as each of those who must know it asks: the loop by its name in the twin, the sink by
 * what it has just read, the ledger by what it is asked to reserve.
 */
import type { IntentWish } from '../connectors/kubernetes/act/ledger-state.ts'
import { type Budget, type BudgetSettings, budgetFor } from '../connectors/kubernetes/act/ledger-state.ts'
import type { SinkRules } from '../connectors/kubernetes/act/placement-sink.ts'
import { whyNeverMoved } from '../connectors/kubernetes/act/prepare-action.ts'
import { podKey } from '../connectors/kubernetes/names.ts'
import {
  objection,
  type PlacementRules,
  type PodOfPolicy,
  type WatchedPolicy,
  whyNotMoved,
} from '../connectors/kubernetes/resources/placement-policy.ts'
import { isPlaceable, isReady, type WatchedNode, type WatchedPod } from '../connectors/kubernetes/watched.ts'
import type { Clock } from '../models/ports.ts'
import { type PodRules, type RulesFor, withoutRules } from '../twin/pod-rules.ts'

export interface PodPolicyOptions {
  /** By namespace/name. */
  readonly pods: () => ReadonlyMap<string, WatchedPod>
  readonly nodes: () => ReadonlyMap<string, WatchedNode>
  /** Until they are, no pod is touched. */
  readonly areKnown: () => boolean
  /** Null: no policy speaks of the pod. */
  readonly rulesFor: (pod: PodOfPolicy) => PlacementRules | null
  readonly policies: () => Iterable<WatchedPolicy>
  readonly budget: BudgetSettings
  readonly mayBind: boolean
  readonly clock: Clock
}

export interface PodPolicies {
  readonly forLoop: RulesFor
  readonly forSink: (pod: WatchedPod, touch: { readonly isMove: boolean }) => Partial<SinkRules> & { readonly objection?: string | null }
  readonly budget: (wish: Pick<IntentWish, 'namespace' | 'pod'>) => Budget
  /** Those that edgetwin may place. */
  readonly placeable: () => readonly PodOfPolicy[]
}

export function createPodPolicies(options: PodPolicyOptions): PodPolicies {
  const { pods, nodes, areKnown, rulesFor, policies, mayBind, clock } = options
  const ask = (pod: WatchedPod): PlacementRules | null => rulesFor(toAsk(pod))
  /** Off a node that is lost a pod goes at any time: nothing is disrupted by it. */
  const isRescue = ({ spec: { nodeName } }: WatchedPod): boolean => {
    const node = nodeName === undefined ? undefined : nodes().get(nodeName)
    return nodeName !== undefined && (node === undefined || !isReady(node))
  }
  const ungranted = ({ policy, strategy }: PlacementRules): string | null =>
    strategy === 'binding' && !mayBind ? `policy ${policy} asks for strategy binding, and edgetwin may not bind` : null
  const placeable = () => [...pods().values()].filter(isPlaceable).map(toAsk)
  return {
    placeable,
    forLoop(name): PodRules {
      const pod = pods().get(podKey(name))
      if (pod === undefined) return withoutRules(name)
      if (!areKnown()) return { ...withoutRules(name), policy: UNKNOWN, mode: 'observe' }
      const rules = ask(pod)
      const never = whyNeverMoved(pod)
      if (rules === null) return { ...withoutRules(name), stays: never }
      const { policy, algorithm, minGainRatio } = rules
      const isHeld = rules.isPaused || ungranted(rules) !== null
      const stays = never ?? (isRescue(pod) ? null : whyNotMoved(rules, clock()))
      return { policy, mode: isHeld ? 'observe' : rules.mode, algorithm, minGainRatio, stays }
    },
    forSink(pod, { isMove }) {
      if (!areKnown()) return { objection: 'the policies of the cluster are not read yet' }
      const rules = ask(pod)
      if (rules === null) return {}
      const { strategy, topK, mayLeaveGap } = rules
      const rescues = isMove && isRescue(pod)
      return {
        strategy,
        ...(topK === null ? {} : { topK }),
        ...(mayLeaveGap === null ? {} : { mayLeaveGap: mayLeaveGap || rescues }),
        objection: ungranted(rules) ?? objection(rules, { timeMs: clock(), isMove, isRescue: rescues }),
      }
    },
    budget({ namespace, pod: name }) {
      const pod = pods().get(`${namespace}/${name}`)
      const rules = pod === undefined ? null : ask(pod)
      const base = budgetFor(placeable().length, options.budget)
      const coolDownMs = rules?.coolDownMs ?? base.coolDownMs
      const keptMs = Math.max(base.coolDownMs, ...[...policies()].map(({ spec: { budget } }) => keptFor(budget)))
      return { ...base, coolDownMs, keptMs, ...(rules?.budget == null ? {} : { policy: { name: rules.policy, ...rules.budget } }) }
    },
  }
}

/** In the place of a policy's name. */
const UNKNOWN = '(not read yet)'
const HOUR_MS = 3_600_000

/** So long another policy may count a move. */
function keptFor(budget: WatchedPolicy['spec']['budget']): number {
  return budget === undefined ? 0 : Math.max(HOUR_MS, (budget.coolDownSeconds ?? 0) * 1_000)
}

const toAsk = ({ metadata }: WatchedPod): PodOfPolicy => ({ namespace: metadata.namespace ?? 'default', labels: metadata.labels ?? {} })
