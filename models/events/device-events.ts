/** What is heard of things that stand somewhere: nodes, cameras, accelerators, links, and the exporters that report them. */
import { z } from 'zod'
import {
  acceleratorKindShape,
  acceleratorNameShape,
  bytesPerSecondShape,
  bytesShape,
  commonShape,
  durationMsShape,
  idShape,
  loadShape,
  nameShape,
  ratioShape,
  textShape,
} from './shapes.ts'

const node = { ...commonShape, name: nameShape }
const camera = { ...commonShape, name: nameShape }
const accelerator = { ...commonShape, name: acceleratorNameShape }
const link = { ...commonShape, name: nameShape }

export const nodeIdentityShape = z.object({
  role: z.enum(['camera', 'server', 'observer']),
  /** Emulated devices are labelled so everywhere; a real machine is not. */
  emulated: z.boolean(),
  deviceModel: idShape.nullable(),
  memoryBytes: bytesShape.nullable(),
})

export const acceleratorIdentityShape = z.object({
  node: nameShape,
  acceleratorKind: acceleratorKindShape,
  emulated: z.boolean(),
  deviceModel: idShape.nullable(),
  vendor: textShape.optional(),
  model: textShape.optional(),
  driver: textShape.optional(),
  /** What identifies it everywhere. */
  uuid: textShape.optional(),
  /** Names by which pods ask for it. */
  offers: z.array(textShape).max(32).optional(),
})

export const linkQualityShape = z.object({
  bytesPerSecond: bytesPerSecondShape,
  latencyMs: durationMsShape,
  utilizationRatio: ratioShape.optional(),
})

/** How a link's nominal quality is known; absent: whoever tells of it made it. */
export const linkOriginShape = z.enum(['annotated', 'measured', 'assumed'])
export type LinkOrigin = z.infer<typeof linkOriginShape>

export const deviceEventShapes = [
  z.object({ type: z.literal('node.observed'), ...node, identity: nodeIdentityShape, schedulable: z.boolean() }),
  z.object({
    type: z.literal('node.sampled'),
    ...node,
    load: loadShape,
    /** What its fastest network interface is set to; absent: unknown. */
    interfaceBytesPerSecond: bytesPerSecondShape.optional(),
  }),
  z.object({ type: z.literal('node.conditionsChanged'), ...node, ready: z.boolean(), cordoned: z.boolean(), reason: textShape }),
  z.object({ type: z.literal('node.gone'), ...node, reason: textShape }),

  z.object({
    type: z.literal('camera.observed'),
    ...camera,
    /** The node inside the camera; null for a camera that does not compute. */
    node: nameShape.nullable(),
    /** The node that records its clips too: their source when the camera's own node is lost. */
    recordedAt: nameShape.nullable(),
    applications: z.array(nameShape).max(64),
    emulated: z.boolean(),
  }),
  z.object({ type: z.literal('camera.sampled'), ...camera, framesPerSecond: z.number().min(0).max(10_000) }),
  z.object({ type: z.literal('camera.conditionsChanged'), ...camera, online: z.boolean(), degraded: z.boolean(), reason: textShape }),
  z.object({ type: z.literal('camera.gone'), ...camera, reason: textShape }),

  z.object({ type: z.literal('accelerator.observed'), ...accelerator, identity: acceleratorIdentityShape }),
  z.object({
    type: z.literal('accelerator.sampled'),
    ...accelerator,
    load: loadShape,
    /** What the exporter says of the device itself; absent when it cannot tell. */
    allocated: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('accelerator.conditionsChanged'),
    ...accelerator,
    healthy: z.boolean(),
    reason: textShape,
    /** Who has it and is no pod of the twin's, such as a pod that edgetwin may not place; empty or absent: nobody. */
    heldBy: textShape.optional(),
  }),
  z.object({ type: z.literal('accelerator.gone'), ...accelerator, reason: textShape }),

  /** A link is a node's way onto the site's network; a transfer uses the sender's and the receiver's. */
  z.object({ type: z.literal('link.observed'), ...link, node: nameShape, nominal: linkQualityShape, origin: linkOriginShape.optional() }),
  z.object({ type: z.literal('link.sampled'), ...link, quality: linkQualityShape }),
  z.object({ type: z.literal('link.conditionsChanged'), ...link, up: z.boolean(), reason: textShape }),
  z.object({ type: z.literal('link.gone'), ...link, reason: textShape }),

  z.object({ type: z.literal('exporter.reached'), ...node, durationMs: durationMsShape, rejectedCount: z.number().int().min(0) }),
  z.object({ type: z.literal('exporter.lost'), ...node, reason: textShape }),
] as const
