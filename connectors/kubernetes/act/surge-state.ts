/**
 * One pod more of a Deployment, so that another can go without a gap: who allows it, the requests for it, and how it stands. Pure.
 *
 * How it stands is written on the Deployment itself, by the same request that changes its size: so whoever comes next can end it. In
 * labels, as the controller copies annotations to ReplicaSets, from where a rollback would bring them back.
 */

import type { KubeObject } from '../informer.ts'
import { DELETION_COST, FIELD_MANAGER, FIRST_TO_GO, POD_KEYS, SURGE_KEYS } from '../names.ts'
import { isReady, type Metadata, ownerOf, type WatchedPod } from '../watched.ts'
import type { ActionRequest } from './actions.ts'
import type { Intent } from './ledger-state.ts'
import { pathOf } from './prepare-action.ts'

export interface Deployment extends KubeObject {
  readonly metadata: Metadata & { readonly generation?: number }
  readonly spec: {
    readonly replicas?: number
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> }
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
  }
}

export interface SurgeRef {
  readonly namespace: string
  readonly deployment: string
  /** Of the pod that is to go. */
  readonly uid: string
}

const TEMPLATE_HASH = 'pod-template-hash'

/** The Deployment behind its ReplicaSet; null: there is none. */
export function deploymentOf(pod: WatchedPod): string | null {
  const owner = ownerOf(pod)
  const end = `-${pod.metadata.labels?.[TEMPLATE_HASH] ?? ''}`
  return owner?.kind === 'ReplicaSet' && end !== '-' && owner.name.endsWith(end) ? owner.name.slice(0, -end.length) : null
}

export const isAllowed = ({ metadata }: Deployment): boolean => metadata.annotations?.[SURGE_KEYS.allowed] === 'true'
/** The pod that a surge of it is for. */
export const surgedFor = ({ metadata }: Deployment): string | null => metadata.labels?.[SURGE_KEYS.of] ?? null

/** Why there may be no pod more now. @returns null: there may. */
export function whyNoSurge(pod: WatchedPod, deployment: Deployment): string | null {
  const { metadata, spec, status = {} } = deployment
  const { replicas = 1 } = spec
  const what = `Deployment ${metadata.name}`
  const cost = pod.metadata.annotations?.[DELETION_COST]
  const isWhole = [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === replicas)
  if (!isAllowed(deployment)) return `${what} does not allow a surge (${SURGE_KEYS.allowed}: "true")`
  if (metadata.deletionTimestamp !== undefined) return `${what} is being deleted`
  if (surgedFor(deployment) !== null) return `${what} has a pod more already, for another that goes`
  if (cost !== undefined && cost !== FIRST_TO_GO) return `pod ${pod.metadata.name} has a ${DELETION_COST} of its owner's`
  if (!isSeen(deployment) || !isWhole) return `${what} is not whole: ${status.availableReplicas ?? 0} of its ${replicas} are available`
  return null
}

/** It goes first when one has to. */
export function costRequest({ metadata }: WatchedPod): ActionRequest {
  return patch(pathOf(metadata), { metadata: { uid: metadata.uid, annotations: { [DELETION_COST]: FIRST_TO_GO } } })
}

/** Holds for whatever the pod has become: it also ends what was sent for the pod as it was read. */
export function costlessRequest({ metadata }: WatchedPod, fence: string): ActionRequest {
  const annotations = { [DELETION_COST]: null, [POD_KEYS.fence]: fence }
  return patch(pathOf(metadata), { metadata: { uid: metadata.uid, annotations } })
}

export function raiseRequest({ metadata: { uid } }: WatchedPod, { metadata, spec: { replicas = 1 } }: Deployment): ActionRequest {
  const labels = { [SURGE_KEYS.of]: uid, [SURGE_KEYS.from]: String(replicas) }
  return patch(deploymentPath(metadata), { metadata: { ...preconditions(metadata), labels }, spec: { replicas: replicas + 1 } })
}

/** Nothing that was sent for the Deployment as it was can take effect after it. */
export function fenceRequest({ namespace, deployment: name }: SurgeRef, fence: string): ActionRequest {
  return patch(deploymentPath({ namespace, name }), { metadata: { labels: { [SURGE_KEYS.fence]: fence } } })
}

/** The size that it had, unless somebody has given it another since: theirs stands, and only our marks go. */
export function lowerRequest({ metadata, spec: { replicas = 1 } }: Deployment): Lowering {
  const from = Number(metadata.labels?.[SURGE_KEYS.from])
  const isTheirs = replicas !== from + 1
  const labels = { [SURGE_KEYS.of]: null, [SURGE_KEYS.from]: null, [SURGE_KEYS.fence]: null }
  const body = { metadata: { ...preconditions(metadata), labels }, ...(isTheirs ? {} : { spec: { replicas: from } }) }
  return { request: patch(deploymentPath(metadata), body), isTheirs }
}

export interface Lowering {
  readonly request: ActionRequest
  readonly isTheirs: boolean
}

/** That was made for it, else one that is on no node, else the youngest; null: of two that are as young it is not known which. */
export function newcomerOf(pods: readonly WatchedPod[], { uid }: Pick<SurgeRef, 'uid'>): WatchedPod | null {
  const others = pods.filter(({ metadata }) => metadata.uid !== uid)
  const age = ({ metadata }: WatchedPod) => metadata.creationTimestamp ?? ''
  const made = others.find(({ metadata }) => metadata.annotations?.[POD_KEYS.replaces] === uid)
  const sure = made ?? others.find(({ spec }) => spec.nodeName === undefined)
  const youngest = others.filter((pod) => others.every((other) => other === pod || age(other) < age(pod)))
  return sure ?? youngest[0] ?? null
}

/** Whether the newcomer serves where it was wanted, and all others do: only then is it the old one that goes. */
export function isReplaced(deployment: Deployment, pods: readonly WatchedPod[], { uid, target }: Pick<Intent, 'uid' | 'target'>): boolean {
  const newcomer = newcomerOf(pods, { uid })
  if (newcomer?.metadata.annotations?.[POD_KEYS.replaces] !== uid || !isReady(newcomer)) return false
  const isWhole = isSeen(deployment) && deployment.status?.availableReplicas === (deployment.spec.replicas ?? 1)
  return isWhole && target.split(',').includes(newcomer.spec.nodeName ?? '')
}

const isSeen = ({ metadata: { generation }, status }: Deployment): boolean => status?.observedGeneration === generation
const preconditions = ({ uid, resourceVersion }: Metadata) => ({ uid, resourceVersion })

export const deploymentPath = ({ namespace = 'default', name }: { readonly namespace?: string; readonly name: string }): string =>
  `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`

function patch(path: string, body: object): ActionRequest {
  return { method: 'PATCH', path, query: { fieldManager: FIELD_MANAGER }, body, contentType: 'application/merge-patch+json' }
}
