/**
 * An action sent until it took effect or was refused for good, by an edgetwin that is alone: actuation.ts is the same for several.
 *
 * One that met a newer pod is prepared anew on it; one whose answer was lost is read back. Both a few times, then it is refused.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../models/ports.ts'
import { act, confirm, readFor, stateOf } from './act.ts'
import type { ClusterView, Confirmed, Effect, Wanted } from './actions.ts'
import type { KubeClient } from './kube-client.ts'
import { prepareAction } from './prepare-action.ts'

export interface CarryOutOptions {
  readonly client: KubeClient
  readonly log: Logger
  /** What the informers hold; absent: the cluster is listed for each action. */
  readonly view?: () => ClusterView
  /** The server checks each request and nothing changes: every action is refused, with what would have been done. */
  readonly dryRun?: boolean
  /** Until an action must show its effect. */
  readonly withinMs?: number
}

const TRIES_MAX = 4
const BUSY_WAIT_MS_MAX = 10_000
const LOOK_EVERY_MS = 100

/** Sends an action until it took effect or was refused for good, and waits for the effect. */
export async function carryOut({ action, until }: Wanted, options: CarryOutOptions): Promise<Effect> {
  const { client, view, dryRun = false, withinMs = 10_000, log } = options
  let reason = ''
  let nodes: readonly string[] = 'nodes' in action ? action.nodes : [action.node]
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const reads = await (tries === 0
      ? readFor(client, action, view?.())
      : eventually(withinMs, () => readFor(client, action, view?.()).catch(() => null)))
    if (reads === null) return { ok: false, reason: `nobody knows whether it happened: ${reason}` }
    const now = stateOf(action, reads.pod)
    // Done by an earlier try whose answer was lost, ours or that of the edgetwin before us.
    if ('decision' in now && now.decision === action.decision)
      return settled({ action, until }, await settling({ action, until }, options), nodes)
    if (tries > 0 && now.state === 'gone') return settled({ action, until }, now, nodes)
    const prepared = prepareAction(action, reads)
    if (!prepared.ok) return prepared
    nodes = prepared.nodes
    const sent = await act(client, prepared.request, { dryRun })
    if (sent.outcome === 'done') {
      if (dryRun) return { ok: false, reason: `dry run: the server would ${action.kind} pod ${action.pod.name}: ${nodes.join(', ')}` }
      return settled({ action, until }, await settling({ action, until }, options), nodes)
    }
    reason = sent.reason
    if (sent.outcome === 'unknown')
      log.warn({ pod: action.pod.name, action: action.kind, reason }, 'answer lost, reading what became of it')
    else if (sent.why === 'busy') await sleep(Math.min(BUSY_WAIT_MS_MAX, sent.retryAfterMs ?? LOOK_EVERY_MS))
    else if (sent.why !== 'changed') return { ok: false, reason }
    // The next try reads first, and carries the version that it read: if the lost one comes true after all, only one of them does.
  }
  return { ok: false, reason: `given up after ${TRIES_MAX} tries: ${reason}` }
}

/** Waits until it is known what becomes of it. */
async function settling({ action, until }: Wanted, options: CarryOutOptions): Promise<Confirmed> {
  let last: Confirmed = { state: 'not-placed', reason: 'what became of it could not be read' }
  await eventually(options.withinMs ?? 10_000, async () => {
    last = await confirm(options.client, action).catch(() => last)
    const isOver =
      last.state === until || last.state === 'placed' || last.state === 'gone' || (last.state === 'released' && last.isUnschedulable)
    return isOver ? last : null
  })
  return last
}

function settled({ action, until }: Wanted, now: Confirmed, nodes: readonly string[]): Effect {
  const { name } = action.pod
  if (now.state === 'gone') return until === 'gone' ? { ok: true, nodes } : { ok: false, reason: `pod ${name} was deleted meanwhile` }
  if (now.state === 'not-placed') return { ok: false, reason: `pod ${name}: ${now.reason}` }
  if (now.decision !== action.decision) return { ok: false, reason: `pod ${name} was let go by somebody else` }
  if (now.state === 'placed')
    return nodes.includes(now.node) ? { ok: true, nodes: [now.node] } : { ok: false, reason: `pod ${name} is on ${now.node}` }
  return until === 'released'
    ? { ok: true, nodes }
    : { ok: false, reason: `pod ${name} was released to ${nodes.join(', ')}, and ${now.reason}` }
}

/** The first answer other than null; null when there is none in time. */
export async function eventually<T>(withinMs: number, ask: () => Promise<T | null>): Promise<T | null> {
  for (const untilMs = performance.now() + withinMs; ; await sleep(LOOK_EVERY_MS)) {
    const answer = await ask()
    if (answer !== null || performance.now() > untilMs) return answer
  }
}
