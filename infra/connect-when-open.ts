/**
 * A site that is connected to once its gate opens: what is told of a cluster is worked out from the twin, so the twin
 * must first have read what the earlier owner told. Until then, and while connecting fails, placements are refused with the reason.
 */
import { pause } from '../connectors/pause.ts'
import type { Check } from '../models/contracts/api.ts'
import { TwinError } from '../models/errors.ts'
import type { Logger } from '../models/ports.ts'
import { withoutRules } from '../twin/pod-rules.ts'
import type { Gate } from './gate.ts'
import type { Connected } from './run-site-twin.ts'

export interface ConnectWhenOpenOptions {
  readonly site: string
  readonly gate: Pick<Gate, 'isOpen'>
  readonly connect: () => Promise<Connected>
  /** Until it is looked again; default 100 ms. */
  readonly lookMs?: number
  readonly log: Logger
}

const RETRY_MS = 5_000

export function connectWhenOpen({ site, gate, connect, lookMs = 100, log }: ConnectWhenOpenOptions): Connected {
  const stopping = new AbortController()
  const { signal } = stopping
  let connected: Connected | null = null
  let obstacle = 'the event log is not read yet up to where we took the site over'

  const run = async (): Promise<void> => {
    while (!signal.aborted && connected === null) {
      if (gate.isOpen()) {
        try {
          connected = await connect()
          return
        } catch (error) {
          obstacle = error instanceof Error ? error.message : String(error)
          log.error({ site, reason: obstacle, retryMs: RETRY_MS }, 'site not connected')
        }
      }
      await pause(connected === null && gate.isOpen() ? RETRY_MS : lookMs, signal)
    }
  }
  const running = run()

  const reason = () => `site ${site} is not connected yet: ${obstacle}`
  const gates = () => {
    if (connected?.gates === undefined) throw new TwinError('CLUSTER_UNREACHABLE', reason())
    return connected.gates
  }
  const waiting = (): Check => ({
    name: 'site-connection',
    ok: false,
    detail: reason(),
    remedy: 'Wait, or see the log for what is in the way.',
  })
  return {
    sink: {
      apply: async (placement, decision) =>
        connected?.sink.apply(placement, decision) ?? { ok: false, pod: placement.pod, reason: reason() },
    },
    // What people allow is read from the cluster: until then nothing is.
    rulesFor: (pod) => (connected === null ? { ...withoutRules(pod), mode: 'observe' } : (connected.rulesFor ?? withoutRules)(pod)),
    withRejections: (state) => connected?.withRejections?.(state) ?? state,
    waitsFor: () => (connected === null ? reason() : (connected.waitsFor?.() ?? null)),
    gates: { whyPending: async (pod) => gates().whyPending(pod), ungate: async (asked) => gates().ungate(asked) },
    checks: () => connected?.checks?.() ?? [waiting()],
    async stop() {
      stopping.abort()
      await running
      await connected?.stop()
    },
  }
}
