/**
 * The part of edgetwin that may act on a cluster: one of several leads, and looks after what others left undone before it begins.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Check } from '../../../models/contracts/api.ts'
import { type Actuator, type ActuatorOptions, createActuator } from './actuation.ts'
import { type Leader, type LeaderOptions, runLeader } from './leader.ts'
import { type LedgerStore, openLedger } from './ledger.ts'

export interface ActuationOptions
  extends Pick<
      ActuatorOptions,
      'client' | 'log' | 'clock' | 'budget' | 'view' | 'revalidate' | 'explain' | 'isDryRun' | 'withinMs' | 'surgeWithinMs' | 'onStep'
    >,
    Pick<LeaderOptions, 'identity' | 'random' | 'namespace' | 'leaseMs' | 'renewWithinMs' | 'retryMs'> {
  /** What was left undone is looked after this often; default 5 s. */
  readonly tidyEveryMs?: number
  /** Default: the ConfigMap `edgetwin-ledger` of that namespace. */
  readonly ledger?: LedgerStore
}

export interface Actuation extends Actuator {
  readonly leader: Pick<Leader, 'mayAct' | 'status'>
  checks(): readonly Check[]
  /** Why nothing is carried out by this one now; null: it leads. */
  waitsFor(): string | null
}

export function runActuation(options: ActuationOptions): Actuation {
  const { tidyEveryMs = 5_000 } = options
  const over = new AbortController()
  const parts = { ...options, monotonic: () => performance.now(), wait: (ms: number) => sleep(ms) }
  const ledger = options.ledger ?? openLedger(parts)
  // A pause between two rounds of the lease ends with everything else.
  const pause = (ms: number) => sleep(ms, undefined, { signal: over.signal }).catch(() => {})
  const leader = runLeader({ ...parts, wait: pause, onChange: (leads) => (leads ? void actuator.tidyUp() : undefined) })
  const actuator = createActuator({ ...parts, ledger, leader })
  const tidying = setInterval(() => {
    if (leader.mayAct()) void actuator.tidyUp()
  }, tidyEveryMs)

  return {
    ...actuator,
    leader,
    checks: () => [leaderCheck(leader), ledgerCheck(actuator)],
    waitsFor: leader.waitsFor,
    async stop() {
      clearInterval(tidying)
      await actuator.stop()
      over.abort()
      await leader.stop()
    },
  }
}

function leaderCheck(leader: Leader): Check {
  const { identity, holder, leads, failure } = leader.status()
  const detail = leader.waitsFor() ?? `${identity} leads`
  return {
    name: 'leader',
    ok: leads || (holder !== null && holder !== identity && failure === null),
    detail: failure === null ? detail : `${detail}; ${failure.message}`,
    remedy:
      'see whether the API server answers, and let its account get, create and update leases.coordination.k8s.io in the namespace of edgetwin',
    advisory: true,
  }
}

function ledgerCheck(actuator: Actuator): Check {
  const { underWay, epoch, trouble } = actuator.status()
  return {
    name: 'ledger',
    ok: trouble === null,
    detail: trouble ?? (epoch === null ? 'not ours to write' : `epoch ${epoch}, ${underWay} actions under way`),
    remedy:
      'see whether the API server answers, and let its account get and update the ConfigMap edgetwin-ledger, patch pods and create pods/eviction; nothing is moved until then',
    advisory: true,
  }
}
