/**
 * PEFT: order tasks by mean optimistic cost, then give each the processor where EFT + optimistic cost is least.
 *
 * Source: Arabnejad & Barbosa (2014), IEEE TPDS 25(3), 682–694. Its ties are many (every exit task ranks 0), so the
 * tie rule is part of the result: the lower task, the lower processor.
 */
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import { optimisticCostMs, optimisticRankMs } from './oct.ts'
import type { Problem } from './problem.ts'
import type { Schedule } from './schedule.ts'

export function peft(problem: Problem): Schedule {
  return listSchedule('peft', problem, peftPolicy(problem))
}

export function peftPolicy(problem: Problem): ListPolicy {
  const octMs = optimisticCostMs(problem, problem.workspace.octMs)
  return { priorityMs: optimisticRankMs(problem, octMs, problem.workspace.priorityMs), computeMs: problem.computeMs, lookAheadMs: octMs }
}
