/** Which accelerators can be processors of a scheduling problem, and in Kubernetes' words why the others cannot. */

import type { RefusalKind } from '../models/contracts/what-if.ts'
import type { Accelerator } from '../models/entities/accelerator.ts'
import { canTakeWork, type Node } from '../models/entities/node.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import type { TwinState } from './twin-state.ts'

export interface Processor {
  readonly accelerator: string
  readonly node: string
  readonly acceleratorKind: AcceleratorKind
  readonly deviceModel: string
  readonly emulated: boolean
  readonly isServer: boolean
  /** Names by which pods ask for it. */
  readonly offers: readonly string[]
  /** Why it takes no new work though it runs what it holds (its node is cordoned, somebody else has it); null when it takes any. */
  readonly closedReason: string | null
}

/** Why something cannot run somewhere: for people, and sorted for programs. */
export interface Refusal {
  readonly kind: RefusalKind
  readonly reason: string
}

export interface SiteProcessors {
  /** Sorted by name: ties between processors go to the lower index. */
  readonly usable: readonly Processor[]
  /** Accelerator → why nothing can run on it. */
  readonly refused: ReadonlyMap<string, string>
  readonly refusedBy: ReadonlyMap<string, RefusalKind>
}

export function siteProcessors(state: TwinState): SiteProcessors {
  const usable: Processor[] = []
  const refused = new Map<string, string>()
  const refusedBy = new Map<string, RefusalKind>()
  for (const accelerator of [...state.entities.accelerator.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const processor = toProcessor(state, accelerator)
    if ('kind' in processor) {
      refused.set(accelerator.name, processor.reason)
      refusedBy.set(accelerator.name, processor.kind)
    } else usable.push(processor)
  }
  return { usable, refused, refusedBy }
}

/** Whether the node runs what it holds; a cordoned one does. */
export function isAlive(node: Node | undefined): boolean {
  return node?.mode === 'ready'
}

/** @returns the refusal when it can be none. */
function toProcessor(state: TwinState, { name, mode, reported }: Accelerator): Processor | Refusal {
  const identity = reported.identity?.value
  if (identity === undefined) return { kind: 'resources', reason: 'accelerator unknown: no exporter has reported it' }
  const node = state.entities.node.get(identity.node)
  if (node === undefined) return { kind: 'resources', reason: `node ${identity.node} unknown: the cluster does not list it` }
  const nodeReason = node.reported.conditions?.value.reason
  if (!isAlive(node)) {
    const mode = node.mode === 'gone' ? 'gone' : 'not ready'
    return { kind: 'taint', reason: `node ${node.name} ${mode}${nodeReason ? `: ${nodeReason}` : ''}` }
  }
  if (node.reported.identity?.value.role === 'observer') {
    return { kind: 'taint', reason: `node ${node.name} is an observer: watched, never given work` }
  }
  if (node.reported.conditions?.freshness === 'lost') {
    return { kind: 'stale', reason: `node ${node.name} stale: its conditions are too old to build on` }
  }
  if (mode === 'failed') {
    const why = reported.health?.value.reason
    return { kind: 'resources', reason: `accelerator failed${why ? `: ${why}` : ''}` }
  }
  if (mode === 'offline') return { kind: 'resources', reason: 'accelerator offline' }
  const heldBy = reported.health?.value.heldBy
  if (identity.deviceModel === null) return { kind: 'accelerator-kind', reason: 'no measured cost: its device model is unknown' }
  return {
    accelerator: name,
    node: identity.node,
    acceleratorKind: identity.acceleratorKind,
    deviceModel: identity.deviceModel,
    emulated: identity.emulated,
    isServer: node.reported.identity?.value.role === 'server',
    offers: identity.offers ?? [],
    closedReason: canTakeWork(node) ? (heldBy ? `held by ${heldBy}` : null) : `node ${node.name} cordoned`,
  }
}
