/** Letting go of pods that edgetwin's gate holds, so that the cluster's own scheduler places them. */
import { z } from 'zod'
import { nameShape } from '../events/shapes.ts'

export const UNGATED_AT_ONCE_MAX = 1_000

export const ungateShape = z.object({
  pods: z.union([z.literal('all'), z.array(nameShape).min(1).max(UNGATED_AT_ONCE_MAX)]).describe('Names in the twin, pod.namespace.'),
  dryRun: z.boolean().default(false).describe('The server checks it and nothing changes.'),
})
export type Ungate = Readonly<z.output<typeof ungateShape>>

export const ungatedShape = z.object({
  released: z.array(z.string()).describe('Sorted.'),
  failed: z.array(z.object({ pod: z.string(), reason: z.string() })),
  notHeld: z.array(z.string()).describe('Named, and not held by the gate or not there.'),
  heldCount: z.number().int().min(0).describe('Still held.'),
})
export type Ungated = z.infer<typeof ungatedShape>

export interface GateApi {
  /** @throws TwinError CLUSTER_UNREACHABLE */
  ungate(asked: Ungate): Promise<Ungated>
}
