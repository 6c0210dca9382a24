/**
 * The node affinity that keeps a pod to a few nodes, in an order, and what it was before.
 *
 * A gated pod may only be tightened: each of its terms may grow at its end, and nothing else. Terms are alternatives, so each one
 * must name the nodes. What its owner merely preferred gives way to the decision's order.
 */
import type { NodeAffinity, NodeSelectorTerm } from '../../../models/scheduling/kubernetes/objects.ts'

export const HOSTNAME = 'kubernetes.io/hostname'

export interface RankedHost {
  /** The value of the node's label `kubernetes.io/hostname`, which need not be its name. */
  readonly host: string
  /** 1–100 */
  readonly weight: number
}

type Affinity = { readonly nodeAffinity?: NodeAffinity } | undefined

export function narrowed(affinity: Affinity, ranked: readonly RankedHost[]): NodeAffinity {
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const here = onHosts(ranked.map(({ host }) => host))
  return {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: terms.length === 0 ? [{ matchExpressions: [here] }] : terms.map((term) => grown(term, here)),
    },
    preferredDuringSchedulingIgnoredDuringExecution: ranked.map(({ host, weight }) => ({
      weight,
      preference: { matchExpressions: [onHosts([host])] },
    })),
  }
}

/** What the pod's owner asked for: without what `narrowed` added, when it was us. */
export function widened(affinity: Affinity): NodeAffinity | undefined {
  const own = affinity?.nodeAffinity
  const preferred = own?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const terms = own?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const added = JSON.stringify(onHosts(preferred.flatMap(({ preference }) => hostsOf(preference))))
  const isOurs = (term: NodeSelectorTerm): boolean => isEmpty(term) || JSON.stringify(term.matchExpressions?.at(-1)) === added
  if (preferred.length === 0 || terms.length === 0 || !terms.every(isOurs)) return own
  const before = terms.map((term) => (isEmpty(term) ? term : { ...term, matchExpressions: term.matchExpressions?.slice(0, -1) ?? [] }))
  // A term that was ours alone: there was none.
  if (before.length === 1 && isEmpty(before[0]!)) return undefined
  return { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: before } }
}

const onHosts = (values: readonly string[]) => ({ key: HOSTNAME, operator: 'In', values })

const hostsOf = ({ matchExpressions = [] }: NodeSelectorTerm): readonly string[] =>
  matchExpressions.length === 1 && matchExpressions[0]!.key === HOSTNAME ? (matchExpressions[0]!.values ?? []) : []

/** A term that asks for nothing matches no node; with our expression it would match some. */
function grown(term: NodeSelectorTerm, here: ReturnType<typeof onHosts>): NodeSelectorTerm {
  return isEmpty(term) ? term : { ...term, matchExpressions: [...(term.matchExpressions ?? []), here] }
}

function isEmpty({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm): boolean {
  return matchExpressions.length + matchFields.length === 0
}
