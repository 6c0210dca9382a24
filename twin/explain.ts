/**
 * Why a request went where it did: what every accelerator of the site offered its first task, what it would have waited
 * for there, and what refused it. Offers are those that the scheduler saw when it placed the task; only what a shared
 * link cost is as played.
 */
import type { z } from 'zod'
import type { choiceShape, RefusalKind, waitShape } from '../models/contracts/what-if.ts'
import { transferMs } from '../models/scheduling/problem.ts'
import { choicesOfTasks, type ProcessorChoice } from '../models/scheduling/processor-choices.ts'
import type { Assignment, Schedule } from '../models/scheduling/schedule.ts'
import type { Played, PlayedTransfer } from '../models/simulation/play.ts'
import { someOf } from '../models/some-of.ts'
import { isBoundAt, podOf } from './playing.ts'
import type { SiteProblem } from './problem.ts'

export type Choice = z.infer<typeof choiceShape>
type Wait = z.infer<typeof waitShape>

export interface Explained {
  readonly schedule: Schedule
  readonly played: Played
}

/** Less is rounding. */
const WAIT_MS_MIN = 1e-6
const SHARERS_NAMED_MAX = 3

/** @returns by request, all accelerators: offers by EFT, then refusals by name. */
export function choicesByRequest(site: SiteProblem, { schedule, played }: Explained): Choice[][] {
  const offersByTask = choicesOfTasks(site.problem, schedule, new Set(site.firstTasks))
  return site.work.map(({ refusals, refusedBy }, request) => {
    const task = site.firstTasks[request]!
    const offers = offersByTask.get(task)!.slice(0, site.processors.length)
    const choices = offers.map((offer): Choice => {
      const { accelerator } = site.processors[offer.processor]!
      const { startMs, finishMs, whyNot } = offer
      const waits = waitsOf(site, { task, offer, schedule, played })
      if (whyNot !== 'outside-policy') {
        const kind: RefusalKind | null = refusedBy.get(accelerator) ?? (whyNot === 'forbidden' ? 'accelerator-kind' : null)
        const reason =
          refusals.get(accelerator) ?? (whyNot === 'forbidden' ? `no image or no measured cost of ${site.tasks[task]!.name}` : null)
        return { accelerator, startMs, finishMs, waits, reason, refusedBy: kind }
      }
      const reason = OUTSIDE_POLICY[schedule.dispatchedTo ?? schedule.algorithm] ?? null
      return { accelerator, startMs, finishMs, waits, reason, refusedBy: reason === null ? null : 'selector' }
    })
    const offered = new Set(choices.map(({ accelerator }) => accelerator))
    const refused = [...refusals].flatMap(([accelerator, reason]): Choice[] => {
      const refusal = { reason: reason.slice(0, 1_000), refusedBy: refusedBy.get(accelerator) ?? null }
      return offered.has(accelerator) ? [] : [{ accelerator, startMs: null, finishMs: null, waits: [], ...refusal }]
    })
    return [...choices, ...refused].sort(byFinish)
  })
}

/** Rules of algorithms that leave processors out; a search leaves out none, it only found no use for them. */
const OUTSIDE_POLICY: Readonly<Record<string, string>> = {
  cpop: 'CPOP keeps the critical path on one processor, which is another',
  local: 'not an accelerator of the camera itself',
  edge: 'not an accelerator of an edge server',
}

interface Offered extends Explained {
  readonly task: number
  readonly offer: ProcessorChoice
}

function waitsOf(site: SiteProblem, offered: Offered): Wait[] {
  const { offer } = offered
  if (offer.startMs === null) return []
  const { arrivalMs, from } = arrivalOf(site, offered)
  const waits: Wait[] = []
  if (arrivalMs > WAIT_MS_MIN) waits.push({ kind: 'data', ms: arrivalMs, by: `input from ${nodeOf(site, from)}` })
  const busyMs = offer.startMs - arrivalMs
  if (busyMs > WAIT_MS_MIN) waits.push({ kind: 'processor', ms: busyMs, by: holderOf(site, offered) })
  const shared = offer.chosen ? sharedLinkOf(site, offered) : null
  return shared === null ? waits : [...waits, shared]
}

/** When the last input would be at the offered processor, and the processor that sends it. */
function arrivalOf({ problem }: SiteProblem, { task, offer, schedule }: Offered): { arrivalMs: number; from: number } {
  const { start, task: predecessors, bytes } = problem.graph.predecessors
  let last = { arrivalMs: 0, from: offer.processor }
  for (let edge = start[task]!; edge < start[task + 1]!; edge++) {
    const { processor: from, finishMs } = schedule.assignments[predecessors[edge]!]!
    const arrivalMs = finishMs + transferMs(problem, { bytes: bytes[edge]!, from, to: offer.processor })
    if (arrivalMs > last.arrivalMs) last = { arrivalMs, from }
  }
  return last
}

/** Who has the processor until then: tasks do not overlap, so no other can end there. */
function holderOf({ tasks }: SiteProblem, { offer, schedule }: Offered): string {
  const isHolder = (each: Assignment) =>
    each.processor === offer.processor && Math.abs(each.finishMs - offer.startMs!) <= WAIT_MS_MIN && each.finishMs > each.startMs
  const holder = schedule.assignments.find(isHolder)
  return holder === undefined ? 'what runs or queues there already' : tasks[holder.task]!.name
}

/** How much longer the last input took as played than it takes alone, and with whom it shared a link. */
function sharedLinkOf(site: SiteProblem, { task, schedule, played: { transfers } }: Offered): Wait | null {
  const own = transfers.filter(({ to }) => to === task).sort((a, b) => b.finishMs - a.finishMs)[0]
  if (own === undefined) return null
  const processorOf = (each: number) => schedule.assignments[each]!.processor
  const aloneMs = transferMs(site.problem, {
    bytes: bytesOf(site, own, processorOf(task)),
    from: processorOf(own.from),
    to: processorOf(task),
  })
  const ms = own.finishMs - own.startMs - aloneMs
  if (ms <= WAIT_MS_MIN) return null
  const hostOf = (each: number) => site.problem.hostOf[processorOf(each)]
  const isSharing = (other: PlayedTransfer) =>
    other !== own &&
    other.startMs < own.finishMs &&
    other.finishMs > own.startMs &&
    (hostOf(other.from) === hostOf(own.from) || hostOf(other.to) === hostOf(task))
  const names = transfers.filter(isSharing).map(({ to }) => site.tasks[to]!.name)
  return { kind: 'link', ms, by: `shared with the input of ${someOf(names, { max: SHARERS_NAMED_MAX })}` }
}

/** What had to be sent: a pod that stays has some of its input already. */
function bytesOf(site: SiteProblem, { from, to }: PlayedTransfer, processor: number): number {
  const { start, task: predecessors, bytes } = site.problem.graph.predecessors
  let edge = start[to]!
  while (predecessors[edge] !== from) edge++
  const arrived = isBoundAt(podOf(site, to), site.processors[processor]?.accelerator) ? site.arrivedBytes[to]! : 0
  return Math.max(0, bytes[edge]! - arrived)
}

function nodeOf({ problem, hosts }: SiteProblem, processor: number): string {
  return hosts[problem.hostOf[processor]!]!
}

function byFinish(a: Choice, b: Choice): number {
  const difference = (a.finishMs ?? Number.POSITIVE_INFINITY) - (b.finishMs ?? Number.POSITIVE_INFINITY)
  return difference > 0 ? 1 : difference < 0 ? -1 : a.accelerator < b.accelerator ? -1 : 1
}
