/** Letting go of pods that edgetwin's gate holds, so that the cluster's own scheduler places them. */
import { z } from 'zod'
import { acceleratorKindShape, nameShape } from '../events/shapes.ts'

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

export const whyPendingShape = z.object({
  cause: z.enum([
    'gated',
    'accelerator-unknown',
    'accelerator-taken',
    'accelerator-faulty',
    'idle-without-image',
    'idle-with-image',
    'no-node',
    'not-yet',
  ]),
  text: z.string().describe('One or two sentences.'),
  nodes: z.record(z.string(), z.string()).describe('Node → what is against it there.'),
  idle: z
    .array(z.object({ accelerator: z.string(), acceleratorKind: acceleratorKindShape, image: z.string().nullable() }))
    .readonly()
    .describe('Accelerators of other kinds that nobody has; without an image nothing serves the inference there.'),
})
export type WhyPending = Readonly<z.infer<typeof whyPendingShape>>

export interface GateApi {
  /** null: the pod is not there, or is bound. */
  whyPending(pod: string): Promise<WhyPending | null>
  /** @throws TwinError CLUSTER_UNREACHABLE */
  ungate(asked: Ungate): Promise<Ungated>
}
