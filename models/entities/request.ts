/** The twin of one inference request of a camera: asked, assigned to a pod on an accelerator, completed. */
import { setup } from 'xstate'
import { z } from 'zod'
import type { EventOf } from '../events/events.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { modeTable } from './mode-table.ts'

export const REQUEST_MODES = ['expected', 'waiting', 'assigned', 'completed', 'failed'] as const
type RequestSignal = 'requested' | 'assigned' | 'completed' | 'failed'

export const requestShape = z.object({
  kind: z.literal('request'),
  id: z.string(),
  mode: z.enum(REQUEST_MODES),
  desired: z.object({ camera: z.string(), application: z.string(), frames: z.number() }).nullable(),
  reported: z.object({
    requestedMs: z.number().nullable(),
    completedMs: z.number().nullable(),
    latencyMs: z.number().nullable(),
    pod: z.string().nullable(),
    accelerator: z.string().nullable(),
    source: z.string(),
    timeMs: z.number(),
  }),
  predicted: z.object({ finishMs: z.number().nullable() }),
})
export type InferenceRequest = z.infer<typeof requestShape>
export type RequestEvent = EventOf<'inference.requested' | 'inference.assigned' | 'inference.completed'>

export const requestMachine = setup({ types: { events: {} as { type: RequestSignal } } }).createMachine({
  id: 'request',
  initial: 'expected',
  states: {
    expected: { on: { requested: 'waiting' } },
    waiting: { on: { assigned: 'assigned', failed: 'failed' } },
    // An evicted pod's request is assigned again.
    assigned: { on: { assigned: 'assigned', completed: 'completed', failed: 'failed' } },
    completed: {},
    failed: {},
  },
})
const modes = modeTable<InferenceRequest['mode'], RequestSignal>(requestMachine, REQUEST_MODES)

export function aNewRequest(id: string): InferenceRequest {
  return {
    kind: 'request',
    id,
    mode: modes.initial,
    desired: null,
    reported: { requestedMs: null, completedMs: null, latencyMs: null, pod: null, accelerator: null, source: '', timeMs: 0 },
    predicted: { finishMs: null },
  }
}

export function applyRequestEvent(request: InferenceRequest, event: RequestEvent): Applied<InferenceRequest> {
  const ended = request.mode === 'completed' || request.mode === 'failed'
  const { reported } = request
  const heard = { ...reported, source: event.source, timeMs: Math.max(reported.timeMs, event.timeMs) }
  switch (event.type) {
    case 'inference.requested': {
      const { camera, application, frames } = event
      const filled = { ...request, desired: { camera, application, frames }, reported: { ...heard, requestedMs: event.timeMs } }
      if (request.mode !== 'expected') return { entity: filled, superseded: true, expected: true }
      return adopted({ ...filled, mode: modes.step('expected', 'requested').mode })
    }
    case 'inference.assigned': {
      if (ended || reported.timeMs > event.timeMs) return superseded(request)
      const { expected } = modes.step(request.mode, 'assigned')
      return adopted({ ...request, mode: 'assigned', reported: { ...heard, pod: event.pod, accelerator: event.accelerator } }, expected)
    }
    case 'inference.completed': {
      if (ended) return superseded(request)
      const { expected } = modes.step(request.mode, event.succeeded ? 'completed' : 'failed')
      const done = { ...heard, completedMs: event.timeMs, latencyMs: event.latencyMs }
      return adopted({ ...request, mode: event.succeeded ? 'completed' : 'failed', reported: done }, expected)
    }
  }
}
