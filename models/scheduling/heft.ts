/**
 * HEFT: order tasks by upward rank, then give each the processor where it finishes earliest.
 *
 * Source: Topcuoglu, Hariri & Wu (2002), IEEE TPDS 13(3), 260–274. Ties: the lower task, the lower processor.
 */
import type { ListPolicy } from './earliest-finish.ts'
import { listSchedule } from './list-schedule.ts'
import type { Problem } from './problem.ts'
import { upwardRankMs } from './ranks.ts'
import type { Schedule } from './schedule.ts'

export function heft(problem: Problem): Schedule {
  return listSchedule('heft', problem, heftPolicy(problem))
}

export function heftPolicy(problem: Problem): ListPolicy {
  return { priorityMs: upwardRankMs(problem, problem.workspace.rankUMs), computeMs: problem.computeMs }
}
