/** What the twin believes of each node's link: how fast, how late, whether it carries anything at all. */
import type { Link } from '../models/entities/link.ts'
import { OUTSIDE } from './clip-source.ts'
import type { TwinState } from './twin-state.ts'

export interface NodeLink {
  /** Null when no link of the node is known. */
  readonly name: string | null
  readonly bytesPerMs: number
  readonly latencyMs: number
  /** Nobody measured or described it. */
  readonly isAssumed: boolean
  /** Why it carries nothing; null when it does. */
  readonly downReason: string | null
}

/** Of a node whose link nobody described: Fast Ethernet or good Wi-Fi. Always said in a warning. */
const ASSUMED_LINK: NodeLink = { name: null, bytesPerMs: 12_500, latencyMs: 1, isAssumed: true, downReason: null }

/** Whatever comes from outside is held up by the receiver's link alone. */
const OUTSIDE_LINK: NodeLink = { name: null, bytesPerMs: 1e9, latencyMs: 0, isAssumed: false, downReason: null }

/** By node; of several links of a node the first by name that carries something. */
export function nodeLinks(state: TwinState): (node: string) => NodeLink {
  const byNode = new Map<string, NodeLink>()
  for (const link of [...state.entities.link.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { node } = link.desired
    if (node === null || link.mode === 'gone') continue
    const held = byNode.get(node)
    if (held === undefined || held.downReason !== null) byNode.set(node, toNodeLink(link))
  }
  return (node) => byNode.get(node) ?? (node === OUTSIDE ? OUTSIDE_LINK : ASSUMED_LINK)
}

/** What is measured counts; what it is built for stands in until then. */
function toNodeLink({ name, mode, desired, reported }: Link): NodeLink {
  const quality = reported.quality?.value ?? desired.nominal
  if (quality === null) return { ...ASSUMED_LINK, name }
  const { bytesPerSecond, latencyMs } = quality
  const reason = reported.conditions?.value.reason
  const downReason =
    mode === 'down' ? `link ${name} is down${reason ? `: ${reason}` : ''}` : bytesPerSecond > 0 ? null : `link ${name} carries nothing`
  const isAssumed = reported.quality === null && desired.origin === 'assumed'
  return { name, bytesPerMs: bytesPerSecond / 1_000, latencyMs, isAssumed, downReason }
}
