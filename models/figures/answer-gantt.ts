/** The Gantt chart of a what-if: the winner as played, and another beside it if asked for. */
import type { AlgorithmName, Outcome, WhatIfAnswer } from '../contracts/what-if.ts'
import { TwinError } from '../errors.ts'
import { type GanttPanel, gantt } from './gantt.ts'
import { round } from './svg.ts'

export interface AnswerGanttOptions {
  /** What was asked, in words. */
  readonly subtitle: string
  readonly against?: AlgorithmName
}

/** @throws TwinError PROBLEM_INFEASIBLE when there is no schedule, or none of the other with its reason; ALGORITHM_UNKNOWN when it was not asked */
export function answerGantt(answer: WhatIfAnswer, { subtitle, against }: AnswerGanttOptions): string {
  const winner = answer.outcomes[0]
  if (winner === undefined)
    throw new TwinError('PROBLEM_INFEASIBLE', 'no algorithm found a schedule, so there is nothing to draw; see the reasons as a table')
  const outcomes = against === undefined || against === winner.algorithm ? [winner] : [winner, outcomeOf(answer, against)]
  const applications = new Map(winner.requests.map(({ request, application }) => [request, application]))
  const summary = outcomes.map(({ algorithm, makespanMs }) => `${algorithm} ends after ${round(makespanMs)} ms`).join(', ')
  return gantt({
    title: outcomes.map(({ algorithm }) => algorithm).join(' against '),
    subtitle,
    description: `Schedules as played. ${summary}; ${winner.requests.length} requests on ${answer.processors.length} accelerators.`,
    rows: answer.processors.map(({ accelerator, readyMs }) => ({ name: accelerator, busyMs: readyMs })),
    panels: outcomes.map((outcome) => toPanel(outcome, applications)),
  })
}

function outcomeOf({ outcomes, infeasible }: WhatIfAnswer, algorithm: AlgorithmName): Outcome {
  const found = outcomes.find((outcome) => outcome.algorithm === algorithm)
  if (found !== undefined) return found
  const refused = infeasible.find((each) => each.algorithm === algorithm)
  if (refused !== undefined)
    throw new TwinError('PROBLEM_INFEASIBLE', `${algorithm} found no schedule (${refused.reason}); hold against another`)
  throw new TwinError(
    'ALGORITHM_UNKNOWN',
    `${algorithm} was not asked; hold against one of ${outcomes.map((each) => each.algorithm).join(', ')}`,
  )
}

function toPanel({ algorithm, picked, makespanMs, tasks }: Outcome, applications: ReadonlyMap<string, string>): GanttPanel {
  return {
    title: `${algorithm}${picked === null ? '' : ` (${picked})`}: ${round(makespanMs)} ms`,
    makespanMs,
    bars: tasks.map(({ request, name, accelerator, startMs, finishMs }) => ({
      row: accelerator,
      startMs,
      finishMs,
      label: request,
      group: applications.get(request) ?? 'other',
      tip: `${request} ${name} on ${accelerator}: ${round(startMs)} to ${round(finishMs)} ms`,
    })),
  }
}
