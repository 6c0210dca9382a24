/** A pod that is to be made while the one whose place it takes still stands, for the scheduler's verdict on it. Pure. */
import type { DeviceClaim } from '../../../models/scheduling/kubernetes/device-objects.ts'
import type { KubePod } from '../../../models/scheduling/kubernetes/objects.ts'
import type { WatchedPod } from '../watched.ts'
import type { ActionReads } from './actions.ts'
import { replacementOf } from './scheduler-view.ts'

/**
 * The pod that is made beside it, and the cluster as it finds it: the old one keeps its room and its devices, and what is made from a
 * claim's template is made once more.
 */
export function besideOf(
  pod: WatchedPod,
  reads: ActionReads,
): { readonly pod: KubePod; readonly uid: string; readonly reads: ActionReads } {
  const uid = `beside ${pod.metadata.uid}`
  const next = replacementOf(pod)
  const own = ({ metadata }: DeviceClaim) => (metadata.ownerReferences ?? []).some((owner) => owner.uid === pod.metadata.uid)
  const claims = (reads.devices?.claims ?? []).filter(own).map(
    ({ spec, metadata }): DeviceClaim => ({
      ...(spec === undefined ? {} : { spec }),
      metadata: { ...metadata, name: besideName(metadata.name), ownerReferences: [{ uid, controller: true }] },
    }),
  )
  const statuses = (next.status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => ({
    name,
    resourceClaimName: resourceClaimName == null ? null : besideName(resourceClaimName),
  }))
  const newcomer = { ...next, metadata: { ...next.metadata, uid }, status: { ...next.status, resourceClaimStatuses: statuses } }
  if (reads.devices == null) return { pod: newcomer, uid, reads }
  return { pod: newcomer, uid, reads: { ...reads, devices: { ...reads.devices, claims: [...reads.devices.claims, ...claims] } } }
}
const besideName = (name: string): string => `${name} beside`
