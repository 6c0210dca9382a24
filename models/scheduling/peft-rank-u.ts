/**
 * PEFT with HEFT's order: tasks go by upward rank, each to the processor where EFT + optimistic cost is least.
 *
 * Source: Arabnejad & Barbosa (2014), IEEE TPDS 25(3), 682–694, who saw slightly shorter schedules with this order.
 */
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import { optimisticCostMs } from './oct.ts'
import type { Problem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'

export function peftRankU(problem: Problem): Schedule {
  return listSchedule('peft-rank-u', problem, peftRankUPolicy(problem))
}

export function peftRankUPolicy(problem: Problem): ListPolicy {
  const { workspace, computeMs } = problem
  return { priorityMs: upwardRankMs(problem, workspace.rankUMs), computeMs, lookAheadMs: optimisticCostMs(problem, workspace.octMs) }
}
