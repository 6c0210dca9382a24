/** Pods and slices of a cluster by node, kept with each change: a node is looked at a hundred times a second. */
import type { Cluster, ClusterChange } from './cluster.ts'
import type { Change } from './informer.ts'
import type { ClusterView } from './telling.ts'
import type { ResourceClaim, ResourceSlice, WatchedPod } from './watched.ts'

export interface ClusterIndex {
  readonly note: (change: ClusterChange) => void
  readonly view: (cluster: Cluster) => ClusterView
}

export function createClusterIndex(): ClusterIndex {
  const pods = byNode<WatchedPod>(({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]))
  const slices = byNode<ResourceSlice>(nodesOfSlice)
  return {
    note: ({ kind, change }) => {
      if (kind === 'pod') pods.note(change)
      else if (kind === 'slice') slices.note(change)
    },
    view: (cluster) => ({
      node: (name) => cluster.objects('node').get(name),
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

/** Pods that a claim is for, as far as they are there. */
export function claimants({ metadata, status }: ResourceClaim, pods: ReadonlyMap<string, WatchedPod>): WatchedPod[] {
  return (status?.reservedFor ?? []).flatMap(({ resource, name, uid }) => {
    const pod = resource === 'pods' ? pods.get(`${metadata.namespace ?? 'default'}/${name}`) : undefined
    return pod?.metadata.uid === uid ? [pod] : []
  })
}

function byNode<T extends { readonly metadata: { readonly uid: string } }>(nodesOf: (object: T) => readonly string[]) {
  const index = new Map<string, Map<string, T>>()
  const drop = (object: T): void => {
    for (const node of nodesOf(object)) index.get(node)?.delete(object.metadata.uid)
  }
  return {
    on: (node: string): T[] => [...(index.get(node)?.values() ?? [])],
    note(change: Change<T & { metadata: { name: string; resourceVersion: string } }>): void {
      if (change.type === 'removed') return drop(change.object)
      if (change.previous !== null) drop(change.previous)
      for (const node of nodesOf(change.object)) {
        const on = index.get(node) ?? new Map<string, T>()
        index.set(node, on.set(change.object.metadata.uid, change.object))
      }
    },
  }
}
