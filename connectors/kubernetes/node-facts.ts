/** A node of the cluster in the twin's words, with its accelerators and the camera it is inside of. */
import type { z } from 'zod'
import type { acceleratorIdentityShape } from '../../models/events/device-events.ts'
import { idShape, nameShape } from '../../models/events/shapes.ts'
import { quantity } from '../../models/scheduling/kubernetes/quantity.ts'
import type { Device } from './inventory.ts'
import { NODE_KEYS } from './names.ts'
import { noteOf, type WatchedNode } from './watched.ts'

export interface NodeFacts {
  readonly identity: {
    readonly role: 'camera' | 'server' | 'observer'
    readonly emulated: boolean
    readonly deviceModel: string | null
    readonly memoryBytes: number | null
  }
  readonly schedulable: boolean
  readonly conditions: { readonly ready: boolean; readonly cordoned: boolean; readonly reason: string }
  readonly camera: CameraFacts | null
}

export interface CameraFacts {
  readonly name: string
  readonly node: string
  readonly recordedAt: string | null
  readonly applications: readonly string[]
  readonly emulated: boolean
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
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const why = ready === undefined ? 'its kubelet has not reported yet' : [ready.reason, ready.message].filter(Boolean).join(': ')
  const isReady = ready?.status === 'True'
  const role = roleOf(node)
  const emulated = isEmulated(node)
  return {
    identity: {
      role,
      emulated,
      deviceModel: idShape.safeParse(noteOf(metadata, NODE_KEYS.deviceModel)).data ?? null,
      memoryBytes: status?.capacity?.memory === undefined ? null : quantity(status.capacity.memory),
    },
    schedulable: !unschedulable,
    conditions: { ready: isReady, cordoned: unschedulable, reason: isReady ? '' : why.slice(0, 1_000) },
    camera: role === 'camera' ? cameraOf(node, emulated) : null,
  }
}

function roleOf({ metadata, spec }: WatchedNode): NodeFacts['identity']['role'] {
  const told = noteOf(metadata, NODE_KEYS.role)
  if (told === 'camera' || told === 'server' || told === 'observer') return told
  if (noteOf(metadata, NODE_KEYS.camera) !== undefined) return 'camera'
  // A control plane that keeps work away takes none from us either.
  const keepsAway = spec?.taints?.some(
    ({ key, effect }) => key === 'node-role.kubernetes.io/control-plane' && effect !== 'PreferNoSchedule',
  )
  return keepsAway === true ? 'observer' : 'server'
}

function isEmulated({ metadata }: WatchedNode): boolean {
  return noteOf(metadata, NODE_KEYS.emulated) === 'true' || metadata.annotations?.['kwok.x-k8s.io/node'] === 'fake'
}

/** Without a name of its own the camera has its node's. */
function cameraOf({ metadata }: WatchedNode, emulated: boolean): CameraFacts {
  const named = (key: string) => nameShape.safeParse(noteOf(metadata, key)).data ?? null
  const applications = (noteOf(metadata, NODE_KEYS.applications) ?? '').split(/[,.\s]+/)
  return {
    name: named(NODE_KEYS.camera) ?? metadata.name,
    node: metadata.name,
    recordedAt: named(NODE_KEYS.recordedAt),
    applications: applications.filter((name) => nameShape.safeParse(name).success).slice(0, 64),
    emulated,
  }
}

export function acceleratorFactsOf(node: WatchedNode, device: Device, heldBy: string): AcceleratorFacts {
  const { acceleratorKind, deviceModel, vendor, model, driver, fault } = device
  return {
    identity: {
      node: node.metadata.name,
      acceleratorKind,
      emulated: isEmulated(node),
      deviceModel,
      ...(vendor === null ? {} : { vendor }),
      ...(model === null ? {} : { model }),
      ...(driver === null ? {} : { driver }),
    },
    healthy: fault === null,
    reason: fault ?? '',
    heldBy,
  }
}
