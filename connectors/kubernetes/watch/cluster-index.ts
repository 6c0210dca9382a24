/** Pods and slices of a cluster by node, and warnings by whom they speak of, kept with each change: a node is looked at a hundred times a second. */

import type { Change } from '../informer.ts'
import type { ClusterEvent, ResourceClaim, ResourceSlice, WatchedPod } from '../watched.ts'
import type { Cluster, ClusterChange } from './cluster.ts'
import type { ClusterView } from './telling.ts'

export interface ClusterIndex {
  readonly note: (change: ClusterChange) => void
  readonly view: (cluster: Cluster) => ClusterView
}

export function createClusterIndex(): ClusterIndex {
  const pods = byKey<WatchedPod>(({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]))
  const slices = byKey<ResourceSlice>(nodesOfSlice)
  const warnings = byKey<ClusterEvent>(({ regarding }) => (regarding?.uid === undefined ? [] : [regarding.uid]))
  return {
    note: ({ kind, change }) => {
      if (kind === 'pod') pods.note(change)
      else if (kind === 'event') warnings.note(change)
      else if (kind === 'slice') slices.note(change)
    },
    view: (cluster) => ({
      node: (name) => cluster.objects('node').get(name),
      nodes: () => cluster.objects('node'),
      cameras: () => cluster.objects('camera').values(),
      warningsOf: warnings.on,
      slicesOf: slices.on,
      podsOn: pods.on,
      claim: (namespace, name) => cluster.objects('claim').get(`${namespace}/${name}`),
      showsClaims: () => cluster.isShown('claim'),
    }),
  }
}

export function nodesOfSlice({ spec }: ResourceSlice): string[] {
  const named = [spec.nodeName, ...(spec.devices ?? []).map(({ nodeName }) => nodeName)]
  return [...new Set(named.filter((name) => name !== undefined))]
}

/** Pods that a claim is for, or was made for, as far as they are there. */
export function claimants({ metadata, status }: ResourceClaim, pods: ReadonlyMap<string, WatchedPod>): WatchedPod[] {
  const owners = (metadata.ownerReferences ?? []).map(({ kind, name, uid }) => ({ resource: kind === 'Pod' ? 'pods' : kind, name, uid }))
  return [...owners, ...(status?.reservedFor ?? [])].flatMap(({ resource, name, uid }) => {
    const pod = resource === 'pods' ? pods.get(`${metadata.namespace ?? 'default'}/${name}`) : undefined
    return pod?.metadata.uid === uid ? [pod] : []
  })
}

/** @param keysOf such as the nodes it is on. A key with nothing left is forgotten: pods come and go. */
function byKey<T extends { readonly metadata: { readonly uid: string } }>(keysOf: (object: T) => readonly string[]) {
  const index = new Map<string, Map<string, T>>()
  const drop = (object: T): void => {
    for (const key of keysOf(object)) {
      const held = index.get(key)
      held?.delete(object.metadata.uid)
      if (held?.size === 0) index.delete(key)
    }
  }
  return {
    on: (key: string): T[] => [...(index.get(key)?.values() ?? [])],
    note(change: Change<T & { metadata: { name: string; resourceVersion: string } }>): void {
      if (change.type === 'removed') return drop(change.object)
      if (change.previous !== null) drop(change.previous)
      for (const key of keysOf(change.object)) {
        const on = index.get(key) ?? new Map<string, T>()
        index.set(key, on.set(change.object.metadata.uid, change.object))
      }
    },
  }
}
