/** Faults that can be put on a simulated site, by its control API, the REST API, the CLI and the viewer alike. */
import { z } from 'zod'
import { acceleratorNameShape, nameShape } from '../events/shapes.ts'

export const faultShape = z.discriminatedUnion('kind', [
  /** The machine is off: its exporter is silent, its pods are lost, the cluster says not ready a moment later. */
  z.object({ kind: z.literal('kill-node'), node: nameShape }),
  z.object({ kind: z.literal('lose-accelerator'), accelerator: acceleratorNameShape }),
  /** Multiplies the true rate of the link. */
  z.object({ kind: z.literal('slow-link'), link: nameShape, factor: z.number().min(0.001).max(1) }),
  /** The exporter of the node tells tales: utilisation frozen at a made-up value. */
  z.object({ kind: z.literal('lie'), node: nameShape, utilizationRatio: z.number().min(0).max(4) }),
  z.object({ kind: z.literal('camera-off'), camera: nameShape }),
  /** All requests of a round at once, now. */
  z.object({ kind: z.literal('burst'), load: z.enum(['light', 'heavy']), frames: z.number().int().min(1).max(1_000_000).optional() }),
])
export type Fault = z.infer<typeof faultShape>

export const activeFaultShape = z.object({ id: z.string(), sinceMs: z.number(), fault: faultShape })
export type ActiveFault = z.infer<typeof activeFaultShape>
