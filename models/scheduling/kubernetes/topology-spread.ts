/** Pods of a kind, spread over zones or nodes: a hard limit of the skew, or a preference. */
import { type KubeNode, type KubePod, type Labels, labelsOf, namespaceOf, type SpreadConstraint } from './objects.ts'
import { type Plugin, type PluginInput, SCORE_MAX } from './plugin.ts'
import { isEmptySelector, matchesLabels, matchesRequiredNodeAffinity, untoleratedTaint } from './selectors.ts'
import type { NodeInfo } from './snapshot.ts'

const HOSTNAME = 'kubernetes.io/hostname'

export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  paperName: 'SelectorSpread',
  filter: (input) => {
    const constraints = constraintsOf(input.pod, 'DoNotSchedule')
    const tallies = constraints.map((constraint) => tally(input, constraint, constraints))
    return ({ node }) => {
      for (const [index, { topologyKey, minDomains = 1, maxSkew, labelSelector }] of constraints.entries()) {
        const value = labelsOf(node)[topologyKey]
        if (value === undefined) return `the node lacks label ${topologyKey} of a spread constraint`
        const counts = tallies[index]!
        const least = counts.size < minDomains ? 0 : Math.min(...counts.values())
        const self = matchesLabels(labelSelector, labelsOf(input.pod)) ? 1 : 0
        if ((counts.get(value) ?? 0) + self - least > maxSkew) return `more than ${maxSkew} ahead of the emptiest ${topologyKey}`
      }
      return null
    }
  },
  weight: 2,
  score: (input, feasible) => {
    const constraints = constraintsOf(input.pod, 'ScheduleAnyway')
    if (constraints.length === 0) return null
    const rated = new Set(feasible.filter(({ node }) => hasAllKeys(node, constraints)))
    const parts = constraints.map((constraint) => rater(input, constraint, { constraints, rated }))
    const raw = feasible.map((info) => (rated.has(info) ? Math.round(parts.reduce((sum, rate) => sum + rate(info), 0)) : null))
    const counted = raw.filter((score) => score !== null)
    const [min, max] = [Math.min(...counted), Math.max(0, ...counted)]
    return raw.map((score) => (score === null ? 0 : max === 0 ? SCORE_MAX : Math.trunc((SCORE_MAX * (max + min - score)) / max)))
  },
}

function constraintsOf({ spec, metadata }: KubePod, action: string): SpreadConstraint[] {
  return (spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map((constraint) => withOwnLabels(constraint, metadata.labels ?? {}))
}

/** `matchLabelKeys` narrow the selector to pods that have the new pod's own values. */
function withOwnLabels(constraint: SpreadConstraint, labels: Labels): SpreadConstraint {
  const { matchLabelKeys = [], labelSelector } = constraint
  const own = matchLabelKeys.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]] as const]))
  if (own.length === 0 || labelSelector === undefined) return constraint
  return { ...constraint, labelSelector: { ...labelSelector, matchLabels: { ...labelSelector.matchLabels, ...Object.fromEntries(own) } } }
}

/** Matching pods per domain, of the nodes that the constraint looks at. */
function tally(
  { pod, snapshot }: PluginInput,
  constraint: SpreadConstraint,
  constraints: readonly SpreadConstraint[],
): Map<string, number> {
  const counts = new Map<string, number>()
  for (const info of snapshot.nodes) {
    if (!hasAllKeys(info.node, constraints) || !isIncluded(pod, info.node, constraint)) continue
    const value = labelsOf(info.node)[constraint.topologyKey]!
    counts.set(value, (counts.get(value) ?? 0) + matchingPods(pod, info, constraint))
  }
  return counts
}

/** Few domains make each pod in one weigh less: log(domains + 2). */
function rater(
  input: PluginInput,
  constraint: SpreadConstraint,
  { constraints, rated }: { readonly constraints: readonly SpreadConstraint[]; readonly rated: ReadonlySet<NodeInfo> },
): (info: NodeInfo) => number {
  const { topologyKey, maxSkew } = constraint
  const isHostname = topologyKey === HOSTNAME
  const counts = isHostname ? new Map<string, number>() : tally(input, constraint, constraints)
  const domains = isHostname ? rated.size : new Set([...rated].map(({ node }) => labelsOf(node)[topologyKey])).size
  const weight = Math.log(domains + 2)
  return (info) => {
    const pods = isHostname ? matchingPods(input.pod, info, constraint) : (counts.get(labelsOf(info.node)[topologyKey]!) ?? 0)
    return pods * weight + (maxSkew - 1)
  }
}

function hasAllKeys(node: KubeNode, constraints: readonly SpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => topologyKey in labelsOf(node))
}

function isIncluded(
  pod: KubePod,
  node: KubeNode,
  { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: SpreadConstraint,
): boolean {
  if (nodeAffinityPolicy === 'Honor' && !matchesRequiredNodeAffinity(pod, node)) return false
  return nodeTaintsPolicy !== 'Honor' || untoleratedTaint(pod, node) === undefined
}

/** An empty selector, which fits every pod, counts none. */
function matchingPods(pod: KubePod, { pods }: NodeInfo, { labelSelector }: SpreadConstraint): number {
  if (labelSelector === undefined || isEmptySelector(labelSelector)) return 0
  return pods.filter(
    (other) =>
      other.metadata.deletionTimestamp === undefined &&
      namespaceOf(other) === namespaceOf(pod) &&
      matchesLabels(labelSelector, labelsOf(other)),
  ).length
}
