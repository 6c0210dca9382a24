/** What a plugin of the scheduler is here: it may reject nodes, and may score those that are left. */
import type { KubePod } from './objects.ts'
import type { KubeSnapshot, NodeInfo } from './snapshot.ts'

export interface PluginInput {
  readonly pod: KubePod
  readonly snapshot: KubeSnapshot
}

/** What is asked for cannot be judged by the scheduler: the pod goes nowhere. */
export interface Fault {
  readonly fault: string
}

export interface Plugin {
  /** Kubernetes' name of today. */
  readonly name: string
  /** The name that the placement literature uses. */
  readonly paperName?: string
  /** Looks at the whole cluster once, then at one node at a time: null when the node will do, else why not. */
  readonly filter?: (input: PluginInput) => (info: NodeInfo) => string | Fault | null
  readonly weight?: number
  /** 0–100 per feasible node, in their order; null: this plugin has nothing to say about the pod. */
  readonly score?: (input: PluginInput, feasible: readonly NodeInfo[]) => readonly number[] | null
  /** What of it is not claimed for this pod: the scheduler may find otherwise. */
  readonly unclaimed?: (input: PluginInput) => readonly string[]
}

export const SCORE_MAX = 100

/** Scales to 0–100 by the largest score; `reverse`: the fewer the better. */
export function normalise(scores: readonly number[], { reverse = false } = {}): number[] {
  const largest = Math.max(0, ...scores)
  if (largest === 0) return scores.map((score) => (reverse ? SCORE_MAX : score))
  return scores.map((score) => {
    const scaled = Math.trunc((SCORE_MAX * score) / largest)
    return reverse ? SCORE_MAX - scaled : scaled
  })
}
