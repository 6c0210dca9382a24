/**
 * Kubernetes' default, brought down to accelerators: each pod goes where the fewest pods are bound already, whatever it
 * costs there. A baseline to measure the others by.
 */
import { isEnded } from '../models/entities/pod.ts'
import type { SiteProblem } from './problem.ts'
import type { TwinState } from './twin-state.ts'

/** Ties go by name. @returns processor of each task of work that has no pods yet; clips stay where they lie. */
export function spreadOf({ tasks, input, processors }: SiteProblem, state: TwinState): number[] {
  const boundCounts = processors.map(({ accelerator }) => boundCountAt(state, accelerator))
  return tasks.map((_, task) => {
    const feasible = input.computeMs[task]!.flatMap((ms, j) => (ms === null ? [] : [j]))
    const [first = -1] = feasible.sort((a, b) => (boundCounts[a] ?? 0) - (boundCounts[b] ?? 0) || a - b)
    // A clip's only place is a store, which is no accelerator.
    if (first in boundCounts) boundCounts[first]!++
    return first
  })
}

function boundCountAt(state: TwinState, accelerator: string): number {
  return [...state.entities.pod.values()].filter((pod) => !isEnded(pod) && pod.reported.place?.accelerator === accelerator).length
}
