/**
 * A node's way onto the network: what people wrote on the node, what its interface is set to, or what is assumed of a node of which nobody
 * says anything.
 *
 * Of the first two the slower counts: a fast interface may lead into a slow line, and a good line may end in a bad socket.
 */
import type { z } from 'zod'
import type { LinkOrigin, linkQualityShape } from '../../../models/events/device-events.ts'
import { bytesPerSecondShape, durationMsShape } from '../../../models/events/shapes.ts'
import { NODE_KEYS } from '../names.ts'
import { noteOf, type WatchedNode } from '../watched.ts'

export interface LinkFacts {
  readonly node: string
  readonly nominal: z.infer<typeof linkQualityShape>
  readonly origin: LinkOrigin
  readonly up: boolean
  readonly reason: string
}

/** Of a node of which nobody says anything. */
export interface AssumedLink {
  readonly mbitPerSecond: number
  readonly latencyMs: number
}
/** Fast Ethernet, or good Wi-Fi. */
export const ASSUMED_LINK: AssumedLink = { mbitPerSecond: 100, latencyMs: 1 }

export interface LinkContext {
  /** Absent: its exporter does not say. */
  readonly interfaceBytesPerSecond?: number | undefined
  readonly assumed: AssumedLink
  readonly ready: boolean
}

export const linkNameOf = (node: string): string => `${node}-uplink`

const BYTES_PER_MEGABIT = 125_000

export function linkFactsOf(node: WatchedNode, { interfaceBytesPerSecond, assumed, ready }: LinkContext): LinkFacts {
  const { name } = node.metadata
  const annotated = numberOf(node, NODE_KEYS.linkMbitPerSecond)
  const annotatedBytesPerSecond = annotated === null ? null : (bytesPerSecondShape.safeParse(annotated * BYTES_PER_MEGABIT).data ?? null)
  const [bytesPerSecond, origin] = rateOf(annotatedBytesPerSecond, interfaceBytesPerSecond) ?? [
    assumed.mbitPerSecond * BYTES_PER_MEGABIT,
    'assumed' as const,
  ]
  const latencyMs = durationMsShape.safeParse(numberOf(node, NODE_KEYS.linkLatencyMs)).data ?? assumed.latencyMs
  return { node: name, nominal: { bytesPerSecond, latencyMs }, origin, up: ready, reason: ready ? '' : `node ${name} is not ready` }
}

function rateOf(annotated: number | null, measured: number | undefined): [number, LinkOrigin] | null {
  if (annotated === null) return measured === undefined ? null : [measured, 'measured']
  return measured !== undefined && measured < annotated ? [measured, 'measured'] : [annotated, 'annotated']
}

/** What was written there and is no number, in words. */
export function linkFaultsOf(node: WatchedNode): string[] {
  return [NODE_KEYS.linkMbitPerSecond, NODE_KEYS.linkLatencyMs].flatMap((key) => {
    const text = noteOf(node.metadata, key)
    const isLatency = key === NODE_KEYS.linkLatencyMs
    const isFine = text === undefined || numberOf(node, key) !== null
    return isFine
      ? []
      : [`node ${node.metadata.name}: ${key} ${JSON.stringify(text.slice(0, 80))} is no number ${isLatency ? 'of ms' : 'above 0'}`]
  })
}

function numberOf({ metadata }: WatchedNode, key: string): number | null {
  const text = noteOf(metadata, key)
  if (text === undefined || !/^\d{1,9}([.]\d{1,6})?$/.test(text)) return null
  const value = Number(text)
  const isInRange = key === NODE_KEYS.linkLatencyMs ? value <= 60_000 : value > 0 && value <= 8_000_000
  return isInRange ? value : null
}
