/**
 * Where Kubernetes' own scheduler, with its default profile, would put a pod: every filter must pass, then
 * score(node) = Σ weight · score of each plugin, and the highest wins. Ties are the scheduler's to break at random, so `best` is a set.
 */
import { dynamicResources } from './dynamic-resources.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { imageLocality, nodeAffinity, nodeName, nodePorts, nodeUnschedulable, taintToleration, volumeZone } from './node-plugins.ts'
import type { KubePod } from './objects.ts'
import type { Plugin } from './plugin.ts'
import { nodeResourcesBalancedAllocation, nodeResourcesFit } from './resource-plugins.ts'
import type { KubeSnapshot } from './snapshot.ts'
import { podTopologySpread } from './topology-spread.ts'

/** In the order in which the scheduler asks them: the first that objects is the one that is told. */
export const PLUGINS: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResourcesFit,
  volumeZone,
  podTopologySpread,
  interPodAffinity,
  dynamicResources,
  nodeResourcesBalancedAllocation,
  imageLocality,
]

export interface Rejection {
  readonly plugin: string
  readonly reason: string
}
export interface NodeScore {
  readonly total: number
  /** Weighted. */
  readonly byPlugin: Readonly<Record<string, number>>
}
export interface Verdict {
  /** In the order of the snapshot. */
  readonly feasible: readonly string[]
  readonly rejected: ReadonlyMap<string, Rejection>
  readonly scores: ReadonlyMap<string, NodeScore>
  readonly best: readonly string[]
  /** What the scheduler may see otherwise; empty: all is claimed. */
  readonly unclaimed: readonly string[]
}

export function judge(pod: KubePod, snapshot: KubeSnapshot, plugins: readonly Plugin[] = PLUGINS): Verdict {
  const input = { pod, snapshot }
  const filters = plugins.flatMap(({ name, filter }) => (filter === undefined ? [] : [{ name, objection: filter(input) }]))
  const rejected = new Map<string, Rejection>()
  let broken: Rejection | null = null
  const fitting = snapshot.nodes.filter((info) => {
    for (const { name, objection } of filters) {
      const found = objection(info)
      if (found === null) continue
      const reason = typeof found === 'string' ? found : found.fault
      rejected.set(info.node.metadata.name, { plugin: name, reason })
      if (typeof found !== 'string') broken ??= { plugin: name, reason }
      return false
    }
    return true
  })
  if (broken !== null) for (const { node } of fitting) rejected.set(node.metadata.name, broken)
  const feasible = broken === null ? fitting : []
  const names = feasible.map(({ node }) => node.metadata.name)
  const weighted = plugins.flatMap(({ name, weight = 1, score }) => {
    const scores = feasible.length === 0 ? null : (score?.(input, feasible) ?? null)
    return scores === null ? [] : [{ name, scores: scores.map((one) => one * weight) }]
  })
  const scores = new Map(
    names.map((name, index) => {
      const byPlugin = Object.fromEntries(weighted.map((plugin) => [plugin.name, plugin.scores[index]!]))
      return [name, { total: Object.values(byPlugin).reduce((sum, one) => sum + one, 0), byPlugin }]
    }),
  )
  const highest = Math.max(...[...scores.values()].map(({ total }) => total))
  return {
    feasible: names,
    rejected,
    scores,
    best: names.filter((name) => scores.get(name)?.total === highest),
    unclaimed: plugins.flatMap(({ unclaimed }) => [...(unclaimed?.(input) ?? [])]),
  }
}
