/**
 * The twin of one accelerator: allocated or not (HeteroAccel), healthy or not, and its last known load.
 *
 * Which pods hold it comes from the pods; what its exporter says of allocation is kept beside it, so that the
 * two can be seen to disagree. Samples outnumber everything else and never change the mode.
 */
import { setup } from 'xstate'
import { z } from 'zod'
import { acceleratorIdentityShape } from '../events/device-events.ts'
import type { EventOf } from '../events/events.ts'
import { loadShape } from '../events/shapes.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { aged, factShape, isNewer, LIST_DEADLINES, SAMPLE_DEADLINES, toFact } from './fact.ts'
import { modeTable } from './mode-table.ts'

export const ACCELERATOR_MODES = ['offline', 'unallocated', 'allocated', 'failed'] as const
type AcceleratorSignal = 'observed' | 'claimed' | 'released' | 'failed' | 'recovered' | 'gone'

export const acceleratorShape = z.object({
  kind: z.literal('accelerator'),
  name: z.string(),
  mode: z.enum(ACCELERATOR_MODES),
  /** Pods that applied decisions put here and that are bound nowhere yet, by name, sorted. */
  desired: z.object({ pods: z.array(z.string()) }),
  reported: z.object({
    identity: factShape(acceleratorIdentityShape).nullable(),
    /** `heldBy`: somebody else than the pods below has it. */
    health: factShape(z.object({ healthy: z.boolean(), reason: z.string(), heldBy: z.string().optional() })).nullable(),
    load: factShape(loadShape.extend({ allocated: z.boolean().optional() })).nullable(),
    /** Bound pods, in the order in which it was heard that they are bound. */
    pods: z.array(z.string()),
  }),
  /** When the last of the pods here and on their way here should be done; null when no decision predicted it. */
  predicted: z.object({ busyUntilMs: z.number().nullable() }),
})
export type Accelerator = z.infer<typeof acceleratorShape>
export type AcceleratorEvent = EventOf<
  'accelerator.observed' | 'accelerator.sampled' | 'accelerator.conditionsChanged' | 'accelerator.gone'
>

export const acceleratorMachine = setup({ types: { events: {} as { type: AcceleratorSignal } } }).createMachine({
  id: 'accelerator',
  initial: 'offline',
  states: {
    // Pods may be heard of before the device: the device then comes up already held.
    offline: { on: { observed: 'unallocated', claimed: 'offline', released: 'offline', failed: 'failed', gone: 'offline' } },
    unallocated: { on: { observed: 'unallocated', claimed: 'allocated', failed: 'failed', recovered: 'unallocated', gone: 'offline' } },
    allocated: { on: { observed: 'allocated', released: 'unallocated', failed: 'failed', recovered: 'allocated', gone: 'offline' } },
    failed: { on: { observed: 'failed', released: 'failed', failed: 'failed', recovered: 'unallocated', gone: 'offline' } },
  },
})
const modes = modeTable<Accelerator['mode'], AcceleratorSignal>(acceleratorMachine, ACCELERATOR_MODES)

export function aNewAccelerator(name: string): Accelerator {
  return {
    kind: 'accelerator',
    name,
    mode: modes.initial,
    desired: { pods: [] },
    reported: { identity: null, health: null, load: null, pods: [] },
    predicted: { busyUntilMs: null },
  }
}

export function applyAcceleratorEvent(accelerator: Accelerator, event: AcceleratorEvent): Applied<Accelerator> {
  const { reported } = accelerator
  switch (event.type) {
    case 'accelerator.sampled': {
      if (isNewer(reported.load, event)) return superseded(accelerator)
      const load = event.allocated === undefined ? event.load : { ...event.load, allocated: event.allocated }
      return adopted({ ...accelerator, reported: { ...reported, load: toFact(load, event) } })
    }
    case 'accelerator.observed': {
      if (isNewer(reported.identity, event) || isOutranked(reported.identity, event)) return superseded(accelerator)
      const isOffline = accelerator.mode === 'offline'
      const wasGone = isOffline && reported.health?.value.healthy === false
      if (wasGone && isNewer(reported.health, event)) return superseded(accelerator)
      // The health of one that was gone is not known until it is told again.
      const health = wasGone ? null : reported.health
      const seen = { ...accelerator, reported: { ...reported, health, identity: toFact(event.identity, event) } }
      return step(seen, isOffline && isHeld(seen) ? ['observed', 'claimed'] : ['observed'])
    }
    case 'accelerator.conditionsChanged': {
      if (isNewer(reported.health, event)) return superseded(accelerator)
      const { healthy, reason, heldBy = reported.health?.value.heldBy } = event
      const health = toFact({ healthy, reason, ...(heldBy ? { heldBy } : {}) }, event)
      const seen = { ...accelerator, reported: { ...reported, health } }
      if (!healthy) return step(seen, ['failed'])
      if (seen.mode === 'allocated' && !isHeld(seen)) return step(seen, ['recovered', 'released'])
      return step(seen, (seen.mode === 'failed' || seen.mode === 'unallocated') && isHeld(seen) ? ['recovered', 'claimed'] : ['recovered'])
    }
    case 'accelerator.gone': {
      if (isNewer(reported.identity, event) || isNewer(reported.health, event)) return superseded(accelerator)
      if (isOutranked(reported.identity, event)) return superseded(accelerator)
      const health = toFact({ healthy: false, reason: event.reason }, event)
      return step({ ...accelerator, reported: { ...reported, health } }, ['gone'])
    }
  }
}

/** What the cluster says a device is counts for more than what its exporter says, as long as the cluster keeps saying it. */
function isOutranked(held: Accelerator['reported']['identity'], { source }: AcceleratorEvent): boolean {
  return held?.source === 'kubernetes' && held.freshness !== 'stale' && held.freshness !== 'lost' && source.startsWith('exporter:')
}

function isHeld({ reported: { pods, health } }: Accelerator): boolean {
  return pods.length > 0 || Boolean(health?.value.heldBy)
}

/** A pod was bound here. Expected only when the device is free for it. */
export function claimAccelerator(accelerator: Accelerator, pod: string): Applied<Accelerator> {
  if (accelerator.reported.pods.includes(pod)) return adopted(accelerator)
  const pods = [...accelerator.reported.pods, pod]
  const held = { ...accelerator, reported: { ...accelerator.reported, pods } }
  // A second pod waits its turn on the same device: that is a queue, not a change of mode.
  return accelerator.mode === 'allocated' ? adopted(held) : step(held, ['claimed'])
}

/** A pod ended or left. */
export function releaseAccelerator(accelerator: Accelerator, pod: string): Applied<Accelerator> {
  if (!accelerator.reported.pods.includes(pod)) return adopted(accelerator)
  const pods = accelerator.reported.pods.filter((name) => name !== pod)
  const left = { ...accelerator, reported: { ...accelerator.reported, pods } }
  return isHeld(left) ? adopted(left) : step(left, ['released'])
}

export function ageAccelerator(accelerator: Accelerator, clockMs: number): Accelerator {
  const { identity, health, load, pods } = accelerator.reported
  const reported = {
    identity: aged(identity, clockMs, LIST_DEADLINES),
    // Health is told on change only; it is as old as the device's last sign of life.
    health,
    load: aged(load, clockMs, SAMPLE_DEADLINES),
    pods,
  }
  return reported.identity === identity && reported.load === load ? accelerator : { ...accelerator, reported }
}

function step(accelerator: Accelerator, signals: readonly AcceleratorSignal[]): Applied<Accelerator> {
  let mode = accelerator.mode
  let expected = true
  for (const signal of signals) {
    const next = modes.step(mode, signal)
    mode = next.mode
    expected &&= next.expected
  }
  return adopted(mode === accelerator.mode ? accelerator : { ...accelerator, mode }, expected)
}
