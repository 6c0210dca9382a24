/**
 * An edgetwin's actuator as a process of its own, to be killed or stopped by itself at a step that its parent names: it places each pod
 * that is gated and keeps moving others, as much as its budget lets it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { listAll } from '../../connectors/kubernetes/act/act.ts'
import type { Wanted } from '../../connectors/kubernetes/act/actions.ts'
import type { ActuationStep } from '../../connectors/kubernetes/act/actuation.ts'
import { openLedger } from '../../connectors/kubernetes/act/ledger.ts'
import type { Budget } from '../../connectors/kubernetes/act/ledger-state.ts'
import { runActuation } from '../../connectors/kubernetes/act/run-actuation.ts'
import { isGatedByUs } from '../../connectors/kubernetes/act/scheduler-view.ts'
import { createKubeClient, type KubeClient } from '../../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../../connectors/kubernetes/kube-config.ts'
import { withoutFence } from '../../connectors/kubernetes/testing/planted.ts'
import type { WatchedPod } from '../../connectors/kubernetes/watched.ts'

/** Beside the protocol's own: after a request is on its way and before its answer; while another's left-overs are found out. */
export type Moment = ActuationStep | 'sending' | 'finding-out'
export interface Arm {
  readonly at: Moment
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

export const WORKER_BUDGET: Budget = {
  windowMs: 10_000,
  movesMax: 3,
  movesPerNamespaceMax: 3,
  movesPerNodeMax: 3,
  inFlightMax: 8,
  coolDownMs: 3_000,
}
export const WORKER_LEASE = { leaseMs: 4_000, renewWithinMs: 3_000, retryMs: 500 } as const

if (import.meta.main) await work()

async function work(): Promise<void> {
  const [kubeconfig = '', identity = '', plant = ''] = process.argv.slice(2)
  let arm: Arm | null = null
  process.on('message', (told: Arm) => {
    arm = told
  })
  // Nobody is left to tell it when to end.
  process.on('disconnect', () => process.exit())
  const reach = (moment: Moment): void => {
    if (arm?.at !== moment) return
    const { signal } = arm
    arm = null
    process.kill(process.pid, signal)
  }
  const real = createKubeClient(() => loadKubeConfig({ kubeconfig }))
  const client: KubeClient = {
    ...real,
    request(wanted) {
      const answered = real.request<never>(wanted)
      const moment = wanted.auditId?.endsWith('.fence') ? 'finding-out' : /\.\d+$/.test(wanted.auditId ?? '') ? 'sending' : null
      // On its way by then, and not answered yet.
      if (moment !== null) setTimeout(() => reach(moment), 1)
      return answered
    },
  }
  const store = openLedger({ client, random: Math.random, wait: (ms) => sleep(ms) })
  const say = (fields: object, message: string) => process.stderr.write(`${identity}: ${message} ${JSON.stringify(fields).slice(0, 300)}\n`)
  const log =
    process.env.WORKER_LOG === undefined
      ? { debug() {}, info() {}, warn() {}, error() {} }
      : { debug: say, info: say, warn: say, error: say }
  const actuation = runActuation({
    client,
    identity,
    ...WORKER_LEASE,
    ledger: plant === 'no-fence' ? withoutFence(store) : store,
    log,
    clock: Date.now,
    random: Math.random,
    budget: () => WORKER_BUDGET,
    tidyEveryMs: 1_000,
    withinMs: 5_000,
    onStep: reach,
  })
  for (let round = 0; ; round++) {
    await sleep(250)
    if (!actuation.leader.mayAct()) continue
    const pods = await listAll<WatchedPod>(client, '/api/v1/namespaces/default/pods').catch(() => [])
    for (const pod of pods) for (const wanted of wish(pod, `${identity}-${round}`)) void actuation.carryOut(wanted)
  }
}

function wish(pod: WatchedPod, decision: string): readonly Wanted[] {
  const { name, namespace = 'default', uid, deletionTimestamp } = pod.metadata
  if (deletionTimestamp !== undefined) return []
  const first = 1 + Math.floor(Math.random() * 4)
  const common = { pod: { name, namespace, uid }, decision, nodes: [`edge-${first}`, `edge-${(first % 4) + 1}`] }
  if (isGatedByUs(pod)) return [{ action: { ...common, kind: 'gate', topK: 2 }, until: 'placed' }]
  return Math.random() < 0.1 ? [{ action: { ...common, kind: 'evict' }, until: 'gone' }] : []
}
