/**
 * The names by which edgetwin and a Kubernetes cluster know each other: gate, labels, annotations, and a pod's name in the twin.
 *
 * A twin has one flat set of pod names, a cluster one per namespace: `web-1` of `shop` is `web-1.shop` in the twin. A namespace
 * has no dot, so the last one tells them apart.
 */

export const GATE = 'edgetwin.dev/placement'
/** On pods that edgetwin may place, with the value `twin`. */
export const PLACEMENT_LABEL = 'edgetwin.dev/placement'
export const PLACEABLE = 'twin'
export const DRA_DRIVER = 'acc.edgetwin.dev'

/** Labels or annotations of a pod that edgetwin may place. */
export const POD_KEYS = {
  request: 'edgetwin.dev/request',
  camera: 'edgetwin.dev/camera',
  application: 'edgetwin.dev/application',
  stage: 'edgetwin.dev/stage',
  frames: 'edgetwin.dev/frames',
  decision: 'edgetwin.dev/decision',
  /** Why its gate was dropped without a decision. */
  ungated: 'edgetwin.dev/ungated',
  /** Which reservation was found out last: its change ends what was sent for the pod before. */
  fence: 'edgetwin.dev/fence',
  /** The uid of the pod that goes when this one is ready. */
  replaces: 'edgetwin.dev/replaces',
} as const

/** Of a Deployment. `allowed` is an annotation that its owner writes, the others are labels and ours. */
export const SURGE_KEYS = {
  /** "true": it may have one pod more while one of its pods is moved. */
  allowed: 'edgetwin.dev/surge',
  /** It has one now, for the pod of this uid. */
  of: 'edgetwin.dev/surge-of',
  /** The size that it had. */
  from: 'edgetwin.dev/surge-from',
  fence: 'edgetwin.dev/fence',
} as const
/** Kubernetes' own: of pods that are ready, a ReplicaSet lets go of the one with the lowest. */
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'
/** As low as it may be, but one. */
export const FIRST_TO_GO = '-2147483647'

/** Labels or annotations of a node. */
export const NODE_KEYS = {
  /** camera, server or observer. */
  role: 'edgetwin.dev/role',
  emulated: 'edgetwin.dev/emulated',
  /** A name of models/applications/device-models.ts; of a device: `DEVICE_MODEL_PREFIX` + its name. */
  deviceModel: 'edgetwin.dev/device-model',
  /** The camera that this machine is inside of. */
  camera: 'edgetwin.dev/camera',
  /** Its clips are kept on this node too. */
  recordedAt: 'edgetwin.dev/recorded-at',
  /** What the camera asks for, joined by dots in a label or commas in an annotation. */
  applications: 'edgetwin.dev/applications',
  /** Of the node's way onto the network. */
  linkMbitPerSecond: 'edgetwin.dev/link-mbit-per-second',
  linkLatencyMs: 'edgetwin.dev/link-latency-ms',
} as const
export const APPLICATIONS_MAX = 64

/** On each object that edgetwin writes. */
export const MANAGED_BY = 'app.kubernetes.io/managed-by'
export const OURSELVES = 'edgetwin'
export const FIELD_MANAGER = OURSELVES

export interface KubeName {
  readonly name: string
  readonly namespace: string
}

export function twinPodName({ name, namespace = 'default' }: { readonly name: string; readonly namespace?: string | undefined }): string {
  return `${name}.${namespace}`
}

/** By which informers have a pod, from its name in the twin; of what is no such name it is the key of none. */
export function podKey(twinName: string): string {
  const pod = kubePodName(twinName)
  return pod === null ? '' : `${pod.namespace}/${pod.name}`
}

/** @returns null when it is no name that `twinPodName` gives. */
export function kubePodName(twinName: string): KubeName | null {
  const dot = twinName.lastIndexOf('.')
  return dot <= 0 || dot === twinName.length - 1 ? null : { name: twinName.slice(0, dot), namespace: twinName.slice(dot + 1) }
}
