/** What an action asks of the ledger before it is done, and what is said of it. */
import { createHash } from 'node:crypto'
import { TwinError } from '../../../models/errors.ts'
import { POD_KEYS } from '../names.ts'
import { isReady, noteOf, ownerOf } from '../watched.ts'
import type { ActionReads, PlaceAction } from './actions.ts'
import type { IntentWish } from './ledger-state.ts'

export function wishOf(action: PlaceAction, { pod, nodes: known }: ActionReads, nodes: readonly string[]): Omit<IntentWish, 'attempt'> {
  if (pod === null) throw new TwinError('INTERNAL', 'an action was prepared for no pod')
  const { kind, decision } = action
  const { name, namespace = 'default', uid } = pod.metadata
  const from = pod.spec.nodeName ?? null
  const node = known.find(({ metadata }) => metadata.name === from)
  const target = nodes.join(',')
  const id = createHash('sha256')
    .update(JSON.stringify([decision, uid, kind, target]))
    .digest('hex')
    .slice(0, 20)
  const request = noteOf(pod.metadata, POD_KEYS.request) ?? ownerOf(pod)?.uid ?? uid
  const workload = `${namespace}/${request}/${noteOf(pod.metadata, POD_KEYS.stage) ?? ''}`
  const isRescue = kind === 'evict' && from !== null && (node === undefined || !isReady(node))
  const of = kind === 'surge' ? { deployment: action.deployment } : {}
  return { id, kind, namespace, pod: name, uid, workload, from, target, decision, isRescue, ...of }
}

export const nodesOf = (action: PlaceAction): readonly string[] => ('nodes' in action ? action.nodes : [action.node])

const WHAT: Readonly<Record<PlaceAction['kind'], string>> = {
  gate: 'released to',
  bind: 'bound to',
  evict: 'evicted, to be made anew on',
  surge: 'goes when another is ready on',
}
export const what = (kind: PlaceAction['kind'], nodes: readonly string[]): string => `${WHAT[kind]} ${nodes.join(', ')}`
