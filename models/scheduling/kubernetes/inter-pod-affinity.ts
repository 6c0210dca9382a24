/** Pods that want to be near or far from other pods, judged both ways: what the new pod asks for and what those on the nodes ask of it. */
import { type KubeNode, type KubePod, labelsOf, namespaceOf, type PodAffinity, type PodAffinityTerm } from './objects.ts'
import { type Plugin, type PluginInput, SCORE_MAX } from './plugin.ts'
import { matchesLabels } from './selectors.ts'
import { type KubeSnapshot, namespaceLabelsOf, placedPods } from './snapshot.ts'

/** What a required term of a placed pod that the new pod satisfies counts in the score. */
const REQUIRED_TERM_WEIGHT = 1

/** Counts by topology key and value. */
type DomainCounts = Map<string, Map<string, number>>

export const interPodAffinity: Plugin = {
  name: 'InterPodAffinity',
  paperName: 'InterPodAffinity',
  filter: (input) => {
    const { pod, snapshot } = input
    const wanted = required(pod.spec.affinity?.podAffinity)
    const unwanted = required(pod.spec.affinity?.podAntiAffinity)
    const near: DomainCounts = new Map()
    const far: DomainCounts = new Map()
    const keptAway: DomainCounts = new Map()
    for (const { pod: placed, node } of placedPods(snapshot)) {
      if (matchesAll(wanted, pod, placed, snapshot)) for (const term of wanted) count(near, node, term, 1)
      for (const term of unwanted) if (matches(term, pod, placed, snapshot)) count(far, node, term, 1)
      for (const term of required(placed.spec.affinity?.podAntiAffinity)) {
        if (matches(term, placed, pod, snapshot)) count(keptAway, node, term, 1)
      }
    }
    // The first of a group of pods that want to be together has nobody to be near to but itself.
    const isFirst = near.size === 0 && matchesAll(wanted, pod, pod, snapshot)
    return ({ node }) => {
      const labels = labelsOf(node)
      if (wanted.some(({ topologyKey }) => !(topologyKey in labels))) return 'the node lacks the topology of a required pod affinity'
      if (!isFirst && wanted.some(({ topologyKey }) => !at(near, node, topologyKey))) return 'no pod that it must be near to'
      if (unwanted.some(({ topologyKey }) => at(far, node, topologyKey))) return 'a pod is there that it must be far from'
      if ([...keptAway.keys()].some((key) => at(keptAway, node, key))) return 'a pod there keeps it away'
      return null
    }
  },
  weight: 2,
  score: (input, feasible) => {
    const sums = preferences(input)
    if (sums.size === 0) return null
    const scores = feasible.map(({ node }) => [...sums.keys()].reduce((sum, key) => sum + at(sums, node, key), 0))
    const [min, max] = [Math.min(...scores), Math.max(...scores)]
    return scores.map((score) => (max === min ? 0 : Math.trunc(SCORE_MAX * ((score - min) / (max - min)))))
  },
}

function preferences({ pod, snapshot }: PluginInput): DomainCounts {
  const sums: DomainCounts = new Map()
  const own = weighted(pod)
  for (const { pod: placed, node } of placedPods(snapshot)) {
    for (const { term, weight } of own) if (matches(term, pod, placed, snapshot)) count(sums, node, term, weight)
    const asked = required(placed.spec.affinity?.podAffinity).map((term) => ({ term, weight: REQUIRED_TERM_WEIGHT }))
    for (const { term, weight } of [...asked, ...weighted(placed)]) {
      if (matches(term, placed, pod, snapshot)) count(sums, node, term, weight)
    }
  }
  return sums
}

function required(affinity: PodAffinity | undefined): readonly PodAffinityTerm[] {
  return affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
}

/** Preferred terms; what is preferred far weighs negative. */
function weighted({ spec }: KubePod): { readonly term: PodAffinityTerm; readonly weight: number }[] {
  const ofKind = (affinity: PodAffinity | undefined, sign: number) =>
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) => ({
      term: podAffinityTerm,
      weight: sign * weight,
    }))
  return [...ofKind(spec.affinity?.podAffinity, 1), ...ofKind(spec.affinity?.podAntiAffinity, -1)]
}

/** Whether `other` is one of those that the term of `owner` speaks of; without namespaces it speaks of its own. */
function matches(term: PodAffinityTerm, owner: KubePod, other: KubePod, snapshot: KubeSnapshot): boolean {
  const { namespaces = [], namespaceSelector, labelSelector } = term
  const named = namespaces.length === 0 && namespaceSelector === undefined ? [namespaceOf(owner)] : namespaces
  const inNamespace = named.includes(namespaceOf(other)) || matchesLabels(namespaceSelector, namespaceLabelsOf(snapshot, other))
  return inNamespace && matchesLabels(labelSelector, labelsOf(other))
}

function matchesAll(terms: readonly PodAffinityTerm[], owner: KubePod, other: KubePod, snapshot: KubeSnapshot): boolean {
  return terms.length > 0 && terms.every((term) => matches(term, owner, other, snapshot))
}

/** Counts for the domain of `topologyKey` that the node is in; a node without the label is in none. */
function count(counts: DomainCounts, node: KubeNode, { topologyKey }: PodAffinityTerm, amount: number): void {
  const value = labelsOf(node)[topologyKey]
  if (value === undefined) return
  const ofKey = counts.get(topologyKey) ?? new Map<string, number>()
  counts.set(topologyKey, ofKey.set(value, (ofKey.get(value) ?? 0) + amount))
}

function at(counts: DomainCounts, node: KubeNode, topologyKey: string): number {
  const value = labelsOf(node)[topologyKey]
  return value === undefined ? 0 : (counts.get(topologyKey)?.get(value) ?? 0)
}
