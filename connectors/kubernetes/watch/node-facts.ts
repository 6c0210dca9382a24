/** A node of the cluster in the twin's words, with its accelerators. */
import type { z } from 'zod'
import type { acceleratorIdentityShape } from '../../../models/events/device-events.ts'
import { idShape } from '../../../models/events/shapes.ts'
import { quantity } from '../../../models/scheduling/kubernetes/quantity.ts'
import { offersOf } from '../devices/asked-devices.ts'
import type { Device } from '../devices/inventory.ts'
import { NODE_KEYS } from '../names.ts'
import { conditionOf, isEmulated, isReady, noteOf, type WatchedNode } from '../watched.ts'

export interface NodeFacts {
  readonly identity: {
    readonly role: 'camera' | 'server' | 'observer'
    readonly emulated: boolean
    readonly deviceModel: string | null
    readonly memoryBytes: number | null
  }
  readonly schedulable: boolean
  readonly conditions: { readonly ready: boolean; readonly cordoned: boolean; readonly reason: string }
}

export interface AcceleratorFacts {
  readonly identity: z.infer<typeof acceleratorIdentityShape>
  readonly healthy: boolean
  readonly reason: string
  /** The pod that has it and is no pod of the twin's; empty: none. */
  readonly heldBy: string
}

export function nodeFactsOf(node: WatchedNode): NodeFacts {
  const { metadata, spec, status } = node
  const unschedulable = spec?.unschedulable === true
  const ready = conditionOf(node, 'Ready')
  const why = ready === undefined ? 'its kubelet has not reported yet' : [ready.reason, ready.message].filter(Boolean).join(': ')
  return {
    identity: {
      role: roleOf(node),
      emulated: isEmulated(node),
      deviceModel: idShape.safeParse(noteOf(metadata, NODE_KEYS.deviceModel)).data ?? null,
      memoryBytes: status?.capacity?.memory === undefined ? null : quantity(status.capacity.memory),
    },
    schedulable: !unschedulable,
    conditions: { ready: isReady(node), cordoned: unschedulable, reason: isReady(node) ? '' : why.slice(0, 1_000) },
  }
}

export function roleOf({ metadata, spec }: WatchedNode): NodeFacts['identity']['role'] {
  const told = noteOf(metadata, NODE_KEYS.role)
  if (told === 'camera' || told === 'server' || told === 'observer') return told
  if (noteOf(metadata, NODE_KEYS.camera) !== undefined) return 'camera'
  // A control plane that keeps work away takes none from us either.
  const keepsAway = spec?.taints?.some(
    ({ key, effect }) => key === 'node-role.kubernetes.io/control-plane' && effect !== 'PreferNoSchedule',
  )
  return keepsAway === true ? 'observer' : 'server'
}

export function acceleratorFactsOf(node: WatchedNode, device: Device, heldBy: string): AcceleratorFacts {
  const { acceleratorKind, deviceModel, vendor, model, driver, fault } = device
  const offers = offersOf(device)
  return {
    identity: {
      node: node.metadata.name,
      acceleratorKind,
      emulated: isEmulated(node),
      deviceModel,
      ...(vendor === null ? {} : { vendor }),
      ...(model === null ? {} : { model }),
      ...(driver === null ? {} : { driver }),
      ...(offers.length === 0 ? {} : { offers }),
    },
    healthy: fault === null,
    reason: fault ?? '',
    heldBy,
  }
}
