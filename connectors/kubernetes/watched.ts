/**
 * What is read of the objects that are watched: structural subsets of what the API serves, as the scheduler's view of them is.
 * Times are texts of whole seconds, or of microseconds in leases.
 */
import type { Container, KubeNode, KubePod, ResourceList } from '../../models/scheduling/kubernetes/objects.ts'
import type { KubeObject } from './informer.ts'
import { NODE_KEYS, PLACEABLE, PLACEMENT_LABEL } from './names.ts'

export interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly {
    readonly kind: string
    readonly name: string
    readonly uid: string
    readonly controller?: boolean
  }[]
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string | null
}

export interface WatchedNode extends KubeObject {
  readonly metadata: Metadata
  readonly spec?: KubeNode['spec'] & object
  readonly status?: KubeNode['status'] & {
    readonly capacity?: ResourceList
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly conditions?: readonly Condition[]
  }
}

interface ContainerStatus {
  readonly name: string
  readonly restartCount?: number
  readonly lastState?: { readonly terminated?: { readonly reason?: string; readonly finishedAt?: string | null } }
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly running?: { readonly startedAt?: string | null }
    readonly terminated?: {
      readonly exitCode: number
      readonly reason?: string
      readonly startedAt?: string | null
      readonly finishedAt?: string | null
    }
  }
}

type ClaimingContainer = Container & {
  readonly resources?: { readonly claims?: readonly { readonly name: string; readonly request?: string }[] }
}

export interface WatchedPod extends KubeObject {
  readonly metadata: Metadata
  readonly spec: Omit<KubePod['spec'], 'containers'> & {
    readonly containers: readonly ClaimingContainer[]
    readonly schedulerName?: string
    readonly restartPolicy?: string
    readonly schedulingGates?: readonly { readonly name: string }[]
  }
  readonly status?: KubePod['status'] & {
    readonly phase?: string
    readonly reason?: string
    readonly message?: string
    readonly startTime?: string | null
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly extendedResourceClaimStatus?: { readonly resourceClaimName: string }
  }
}

/** Exactly one of them is there. */
export interface AttributeValue {
  readonly string?: string
  readonly int?: number
  readonly bool?: boolean
  readonly version?: string
}

export interface SliceDevice {
  readonly name: string
  readonly nodeName?: string
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

export interface ResourceSlice extends KubeObject {
  readonly spec: {
    readonly driver: string
    readonly nodeName?: string
    readonly pool: { readonly name: string; readonly generation: number; readonly resourceSliceCount: number }
    readonly devices?: readonly SliceDevice[]
  }
}

interface ClassRequest {
  readonly deviceClassName?: string
}

export interface ResourceClaim extends KubeObject {
  readonly metadata: Metadata
  readonly spec?: {
    readonly devices?: {
      readonly requests?: readonly { readonly exactly?: ClassRequest; readonly firstAvailable?: readonly ClassRequest[] }[]
    }
  }
  readonly status?: {
    readonly allocation?: {
      readonly devices?: {
        readonly results?: readonly {
          readonly driver: string
          readonly pool: string
          readonly device: string
          readonly adminAccess?: boolean
        }[]
      }
    }
    readonly reservedFor?: readonly { readonly resource: string; readonly name: string; readonly uid: string }[]
  }
}

export interface DisruptionBudget extends KubeObject {
  readonly metadata: Metadata
  readonly spec?: { readonly selector?: object }
  readonly status?: { readonly disruptionsAllowed?: number; readonly currentHealthy?: number; readonly desiredHealthy?: number }
}

export interface NodeLease extends KubeObject {
  readonly spec?: { readonly renewTime?: string; readonly leaseDurationSeconds?: number }
}

export interface WatchedNamespace extends KubeObject {
  readonly metadata: Metadata
}

/** As somebody wrote it, or as edgetwin did. */
export interface WatchedCamera extends KubeObject {
  readonly metadata: Metadata
  readonly spec: {
    readonly site: string
    readonly node?: string
    readonly recordedAt?: string
    readonly applications?: readonly string[]
    readonly emulated?: boolean
  }
}

/** Of events.k8s.io/v1. */
export interface ClusterEvent extends KubeObject {
  readonly metadata: Metadata
  readonly eventTime?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string | null } | null
  readonly deprecatedCount?: number
  readonly deprecatedLastTimestamp?: string | null
  readonly reason?: string
  readonly note?: string
  readonly type?: string
  readonly regarding?: { readonly kind?: string; readonly name?: string; readonly namespace?: string; readonly uid?: string }
}

/** ms since the epoch; null when there is none. */
export function timeOf(text: string | null | undefined): number | null {
  const ms = text == null ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}

/** What a person wrote on it, as annotation or label. */
export function noteOf({ annotations = {}, labels = {} }: Metadata, key: string): string | undefined {
  return annotations[key] ?? labels[key]
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly Condition[] } | undefined
}
export const conditionOf = ({ status }: Conditioned, wanted: string): Condition | undefined =>
  status?.conditions?.find(({ type }) => type === wanted)
/** A node that takes work, or a pod that serves. */
export const isReady = (object: Conditioned): boolean => conditionOf(object, 'Ready')?.status === 'True'

/** It has let go of what it asked for; one that is being deleted has not. */
export const hasEnded = ({ status }: WatchedPod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
/** Whether edgetwin may place it. */
export const isPlaceable = ({ metadata }: WatchedPod): boolean => metadata.labels?.[PLACEMENT_LABEL] === PLACEABLE

/** The one that makes another when the pod is gone. */
export function ownerOf({ metadata }: WatchedPod): { readonly kind: string; readonly name: string; readonly uid: string } | null {
  return metadata.ownerReferences?.find(({ controller }) => controller) ?? null
}

export function isEmulated({ metadata }: WatchedNode): boolean {
  return noteOf(metadata, NODE_KEYS.emulated) === 'true' || metadata.annotations?.['kwok.x-k8s.io/node'] === 'fake'
}
