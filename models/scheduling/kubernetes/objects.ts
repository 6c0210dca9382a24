/**
 * What of Kubernetes' own objects decides where a pod can go: structural subsets, so an object as the API serves it fits
 * as it is. Absent means what it means there; nothing here adds the defaults that the API server adds at admission.
 */

export type Labels = Readonly<Record<string, string>>
/** Quantities as the API writes them: `500m`, `1Gi`, `2`. */
export type ResourceList = Readonly<Record<string, string>>

export interface LabelRequirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}
export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly LabelRequirement[]
}
export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly LabelRequirement[]
  readonly matchFields?: readonly LabelRequirement[]
}
export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector
  readonly topologyKey: string
  readonly namespaces?: readonly string[]
  readonly namespaceSelector?: LabelSelector
}
export interface WeightedPodAffinityTerm {
  readonly weight: number
  readonly podAffinityTerm: PodAffinityTerm
}
export interface PodAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[]
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly WeightedPodAffinityTerm[]
}
export interface NodeAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly { readonly weight: number; readonly preference: NodeSelectorTerm }[]
}
export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
}
export interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
}
export interface SpreadConstraint {
  readonly maxSkew: number
  readonly topologyKey: string
  readonly whenUnsatisfiable: string
  readonly labelSelector?: LabelSelector
  readonly minDomains?: number
  readonly nodeAffinityPolicy?: string
  readonly nodeTaintsPolicy?: string
  readonly matchLabelKeys?: readonly string[]
}
export interface Container {
  readonly name: string
  readonly image?: string
  readonly restartPolicy?: string
  readonly resources?: { readonly requests?: ResourceList; readonly limits?: ResourceList }
  readonly ports?: readonly { readonly hostPort?: number; readonly hostIP?: string; readonly protocol?: string }[]
}
export interface KubePod {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly labels?: Labels
    readonly deletionTimestamp?: unknown
  }
  readonly spec: {
    readonly nodeName?: string
    readonly nodeSelector?: Labels
    readonly affinity?: { readonly nodeAffinity?: NodeAffinity; readonly podAffinity?: PodAffinity; readonly podAntiAffinity?: PodAffinity }
    readonly tolerations?: readonly Toleration[]
    readonly topologySpreadConstraints?: readonly SpreadConstraint[]
    readonly containers: readonly Container[]
    readonly initContainers?: readonly Container[]
    readonly overhead?: ResourceList
    readonly resources?: { readonly requests?: ResourceList }
    readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[]
    readonly resourceClaims?: readonly { readonly name: string; readonly resourceClaimName?: string }[]
  }
  readonly status?: { readonly resourceClaimStatuses?: readonly { readonly name: string; readonly resourceClaimName?: string | null }[] }
}
export interface KubeNode {
  readonly metadata: { readonly name: string; readonly labels?: Labels }
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] }
  readonly status?: {
    readonly allocatable?: ResourceList
    /** A kubelet names none of an image whose tag another image has by now. */
    readonly images?: readonly { readonly names?: readonly string[] | null; readonly sizeBytes?: number }[]
  }
}

export const namespaceOf = ({ metadata }: KubePod): string => metadata.namespace ?? 'default'
export const labelsOf = ({ metadata }: KubePod | KubeNode): Labels => metadata.labels ?? {}
