/** Why a request went where it did: what every accelerator of the site offered its first task, best first, and what refused it. */

import { choicesOfTasks } from '../models/scheduling/processor-choices.ts'
import type { Schedule } from '../models/scheduling/schedule.ts'
import type { RequestOutcome } from './outcome.ts'
import type { SiteProblem } from './problem.ts'

type Choice = RequestOutcome['choices'][number]

/** @returns by request, all accelerators: offers by EFT (as the scheduler saw them), then refusals by name. */
export function choicesByRequest(site: SiteProblem, schedule: Schedule): Choice[][] {
  const offersByTask = choicesOfTasks(site.problem, schedule, new Set(site.firstTasks))
  return site.work.map(({ refusals }, request) => {
    const offers = offersByTask.get(site.firstTasks[request]!)!.slice(0, site.processors.length)
    const choices = offers.map(({ processor, finishMs, whyNot }): Choice => {
      const { accelerator } = site.processors[processor]!
      const reason = whyNot === 'outside-policy' ? OUTSIDE_POLICY[schedule.dispatchedTo ?? schedule.algorithm] : refusals.get(accelerator)
      return { accelerator, finishMs, reason: reason ?? null }
    })
    const offered = new Set(choices.map(({ accelerator }) => accelerator))
    const refused = [...refusals].flatMap(([accelerator, reason]): Choice[] =>
      offered.has(accelerator) ? [] : [{ accelerator, finishMs: null, reason: reason.slice(0, 1_000) }],
    )
    return [...choices, ...refused].sort(byFinish)
  })
}

const OUTSIDE_POLICY: Readonly<Record<string, string>> = {
  cpop: 'CPOP keeps the critical path on one processor, which is another',
  local: 'not an accelerator of the camera itself',
  edge: 'not an accelerator of an edge server',
}

function byFinish(a: Choice, b: Choice): number {
  const difference = (a.finishMs ?? Number.POSITIVE_INFINITY) - (b.finishMs ?? Number.POSITIVE_INFINITY)
  return difference > 0 ? 1 : difference < 0 ? -1 : a.accelerator < b.accelerator ? -1 : 1
}
