/** Room: what a node must have free, and which of two nodes with room is the better one. */
import { type Plugin, SCORE_MAX } from './plugin.ts'
import { type Amounts, podRequests } from './resources.ts'
import type { NodeInfo } from './snapshot.ts'

const SCORED = ['cpu', 'memory'] as const

/** Least requested: the emptier node wins. */
export const nodeResourcesFit: Plugin = {
  name: 'NodeResourcesFit',
  paperName: 'PodFitsResources, LeastRequested',
  filter: ({ pod }) => {
    const wanted = [...podRequests(pod)].filter(([, amount]) => amount > 0)
    return ({ pods, allocatable, requested }) => {
      if (pods.length + 1 > (allocatable.get('pods') ?? 0)) return 'Too many pods'
      const short = wanted.filter(([name, amount]) => amount > (allocatable.get(name) ?? 0) - (requested.get(name) ?? 0))
      return short.length === 0 ? null : short.map(([name]) => `Insufficient ${name}`).join(', ')
    }
  },
  weight: 1,
  score: ({ pod }, feasible) => {
    const wanted = podRequests(pod, { assumeMissing: true })
    return feasible.map(({ allocatable, assumed }) => {
      const scores = SCORED.flatMap((name) => {
        const capacity = allocatable.get(name) ?? 0
        if (capacity === 0) return []
        const free = capacity - (assumed.get(name) ?? 0) - (wanted.get(name) ?? 0)
        return [free < 0 ? 0 : Math.trunc((free * SCORE_MAX) / capacity)]
      })
      return scores.length === 0 ? 0 : Math.trunc(scores.reduce((sum, score) => sum + score, 0) / scores.length)
    })
  },
}

/** Whether the pod brings CPU and memory of the node nearer to each other: 50 worse, 75 no change, 100 better. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',
  paperName: 'BalancedResourceAllocation',
  weight: 1,
  score: ({ pod }, feasible) => {
    const wanted = podRequests(pod)
    // Pods that ask for nothing would all go to the best balanced node.
    if (SCORED.every((name) => (wanted.get(name) ?? 0) === 0)) return null
    const half = SCORE_MAX / 2
    return feasible.map((info) => half + Math.trunc((half + balance(info, wanted) - balance(info, new Map())) / 2))
  },
}

function balance({ allocatable, requested }: NodeInfo, wanted: Amounts): number {
  const fractions = SCORED.flatMap((name) => {
    const capacity = allocatable.get(name) ?? 0
    return capacity === 0 ? [] : [Math.min(1, ((requested.get(name) ?? 0) + (wanted.get(name) ?? 0)) / capacity)]
  })
  const [a = 0, b = a] = fractions
  return Math.trunc((1 - Math.abs((a - b) / 2)) * SCORE_MAX)
}
