/**
 * The moves of a search: each changes a plan a little, where the binding chain says that a change may pay.
 */
import { FREE, type Plan } from './decode.ts'
import type { Problem } from './problem.ts'
import type { SeededChoice } from './seeded-choice.ts'

export interface MoveOptions {
  readonly chain: readonly number[]
  readonly choice: SeededChoice
}

/** One move in this many is drawn anywhere, so that no task is out of reach. */
const ANYWHERE_ONE_IN = 8

/**
 * Which move a draw from [0, 1) picks: the first whose limit is above it; past the last, a task goes free.
 * Found by trial on problem families and gold cases, where the result is flat around it.
 */
const REORDER_BELOW = 0.25
const MOVE_BELOW = 0.5
const JOIN_BELOW = 0.7
const PATH_BELOW = 0.8

/** @param chain Not empty. */
export function changePlan(problem: Problem, plan: Plan, { chain, choice }: MoveOptions): void {
  const at = choice.below(chain.length)
  const task = choice.below(ANYWHERE_ONE_IN) === 0 ? choice.below(problem.taskCount) : chain[at]!
  const draw = choice.fraction()
  if (draw < REORDER_BELOW) reorder(problem, plan, { task, choice })
  else if (draw < MOVE_BELOW) assign(problem, plan, { task, processor: choice.below(problem.processorCount) })
  else if (draw < JOIN_BELOW) joinPredecessor(problem, plan, { task, choice })
  else if (draw < PATH_BELOW) movePath(problem, plan, { chain, at, choice })
  else plan.processorOf[task] = FREE
}

/** Just before or after some task. */
function reorder({ taskCount }: Problem, plan: Plan, { task, choice }: { task: number; choice: SeededChoice }): void {
  plan.priority[task] = plan.priority[choice.below(taskCount)]! + choice.fraction() - 0.5
}

/** Leaves the plan as it is where the task may not run. */
function assign({ computeMs, processorCount }: Problem, plan: Plan, { task, processor }: { task: number; processor: number }): void {
  if (processor === FREE || computeMs[task * processorCount + processor]! < Number.POSITIVE_INFINITY) plan.processorOf[task] = processor
}

/** A predecessor that is free itself frees the task. */
function joinPredecessor(problem: Problem, plan: Plan, { task, choice }: { task: number; choice: SeededChoice }): void {
  const { start, task: predecessors } = problem.graph.predecessors
  const count = start[task + 1]! - start[task]!
  if (count === 0) return
  const from = predecessors[start[task]! + choice.below(count)]!
  assign(problem, plan, { task, processor: plan.processorOf[from]! })
}

/**
 * A stretch of the chain, or of a path through the graph, to one processor or free: moving its tasks one by one would pay
 * for transfers that the whole move avoids.
 */
function movePath(problem: Problem, plan: Plan, { chain, at, choice }: MoveOptions & { at: number }): void {
  const processor = choice.below(problem.processorCount + 1) - 1
  if (choice.below(2) === 0) {
    const end = at + 1 + choice.below(chain.length - at)
    for (let link = at; link < end; link++) assign(problem, plan, { task: chain[link]!, processor })
    return
  }
  const { start, task: successors } = problem.graph.successors
  // The fourth root favours long walks: whole requests.
  const goOnRatio = choice.fraction() ** 0.25
  for (let task = chain[at]!; ; ) {
    assign(problem, plan, { task, processor })
    const count = start[task + 1]! - start[task]!
    if (count === 0 || choice.fraction() > goOnRatio) return
    task = successors[start[task]! + choice.below(count)]!
  }
}
