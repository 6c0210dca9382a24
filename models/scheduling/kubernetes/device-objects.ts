/** What of slices, classes and claims decides which node can give a pod its devices: structural subsets of `resource.k8s.io/v1`. */
import type { NodeSelectorTerm, Taint, Toleration } from './objects.ts'

/** Exactly one of them is there. */
export interface DeviceAttribute {
  readonly string?: string
  readonly int?: number
  readonly bool?: boolean
  readonly version?: string
}
/** Where a slice, or each device of it, can be reached from. */
export interface Reach {
  readonly nodeName?: string
  readonly allNodes?: boolean
  readonly nodeSelector?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
}
export interface KubeDevice extends Reach {
  readonly name: string
  /** By name, in the domain of the driver where it has no `domain/` of its own; the same of capacities. */
  readonly attributes?: Readonly<Record<string, DeviceAttribute>>
  readonly capacity?: Readonly<Record<string, { readonly value: string }>>
  readonly taints?: readonly Taint[]
  readonly consumesCounters?: readonly unknown[]
  readonly allowMultipleAllocations?: boolean
  readonly bindingConditions?: readonly string[]
}
export interface DeviceSlice {
  readonly metadata: { readonly name: string }
  readonly spec: Reach & {
    readonly driver: string
    readonly pool: { readonly name: string; readonly generation: number; readonly resourceSliceCount: number }
    readonly perDeviceNodeSelection?: boolean
    readonly sharedCounters?: readonly unknown[]
    readonly devices?: readonly KubeDevice[]
  }
}
export interface DeviceSelector {
  readonly cel?: { readonly expression: string }
}
export interface DeviceClass {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly selectors?: readonly DeviceSelector[] }
}
export interface DeviceWish {
  readonly deviceClassName?: string
  readonly selectors?: readonly DeviceSelector[]
  readonly allocationMode?: string
  readonly count?: number
  readonly adminAccess?: boolean
  readonly tolerations?: readonly Toleration[]
  readonly capacity?: object
}
export interface DeviceRequest {
  readonly name?: string
  readonly exactly?: DeviceWish
  /** The first that can be had. */
  readonly firstAvailable?: readonly (DeviceWish & { readonly name?: string })[]
}
export interface DeviceConstraint {
  /** Names of requests, or `request/alternative`; none: all. */
  readonly requests?: readonly string[]
  readonly matchAttribute?: string
  readonly distinctAttribute?: string
}
export interface DeviceClaim {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly ownerReferences?: readonly { readonly uid: string; readonly controller?: boolean }[]
  }
  readonly spec?: {
    readonly devices?: { readonly requests?: readonly DeviceRequest[]; readonly constraints?: readonly DeviceConstraint[] }
  }
  readonly status?: {
    readonly allocation?: {
      readonly devices?: {
        readonly results?: readonly {
          readonly request?: string
          readonly driver: string
          readonly pool: string
          readonly device: string
          readonly adminAccess?: boolean
        }[]
      }
      readonly nodeSelector?: Reach['nodeSelector']
    }
    readonly reservedFor?: readonly { readonly resource: string; readonly name: string; readonly uid: string }[]
  }
}

/** All devices of a cluster, and who has asked for them. */
export interface DeviceObjects {
  readonly classes: readonly DeviceClass[]
  readonly slices: readonly DeviceSlice[]
  readonly claims: readonly DeviceClaim[]
}

/** `driver/pool/device`, by which claims name it. */
export const deviceId = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`
