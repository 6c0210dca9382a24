/** The twin of one camera: whether it streams, how fast, and which applications it asks for. The node inside it, if any, is a node. */
import { setup } from 'xstate'
import { z } from 'zod'
import type { EventOf } from '../events/events.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { aged, factShape, isNewer, LIST_DEADLINES, SAMPLE_DEADLINES, toFact } from './fact.ts'
import { modeTable } from './mode-table.ts'

export const CAMERA_MODES = ['expected', 'online', 'degraded', 'offline', 'gone'] as const
type CameraSignal = 'observed' | 'cameOnline' | 'degraded' | 'wentOffline' | 'gone'

export const cameraShape = z.object({
  kind: z.literal('camera'),
  name: z.string(),
  mode: z.enum(CAMERA_MODES),
  desired: z.object({ applications: z.array(z.string()) }),
  reported: z.object({
    identity: factShape(z.object({ node: z.string().nullable(), recordedAt: z.string().nullable(), emulated: z.boolean() })).nullable(),
    conditions: factShape(z.object({ online: z.boolean(), degraded: z.boolean(), reason: z.string() })).nullable(),
    stream: factShape(z.object({ framesPerSecond: z.number() })).nullable(),
  }),
  predicted: z.null(),
})
export type Camera = z.infer<typeof cameraShape>
export type CameraEvent = EventOf<'camera.observed' | 'camera.sampled' | 'camera.conditionsChanged' | 'camera.gone'>

const anywhere = { cameOnline: 'online', degraded: 'degraded', wentOffline: 'offline', gone: 'gone' } as const
export const cameraMachine = setup({ types: { events: {} as { type: CameraSignal } } }).createMachine({
  id: 'camera',
  initial: 'expected',
  states: {
    expected: { on: { observed: 'expected', ...anywhere } },
    online: { on: { observed: 'online', ...anywhere } },
    degraded: { on: { observed: 'degraded', ...anywhere } },
    offline: { on: { observed: 'offline', ...anywhere } },
    // A camera that was taken away streams again only after it was announced again.
    gone: { on: { observed: 'expected' } },
  },
})
const modes = modeTable<Camera['mode'], CameraSignal>(cameraMachine, CAMERA_MODES)

export function aNewCamera(name: string): Camera {
  return {
    kind: 'camera',
    name,
    mode: modes.initial,
    desired: { applications: [] },
    reported: { identity: null, conditions: null, stream: null },
    predicted: null,
  }
}

export function applyCameraEvent(camera: Camera, event: CameraEvent): Applied<Camera> {
  const { reported } = camera
  switch (event.type) {
    case 'camera.sampled':
      if (isNewer(reported.stream, event)) return superseded(camera)
      return adopted({ ...camera, reported: { ...reported, stream: toFact({ framesPerSecond: event.framesPerSecond }, event) } })
    case 'camera.observed': {
      const isBack = camera.mode === 'gone'
      if (isNewer(reported.identity, event) || (isBack && isNewer(reported.conditions, event))) return superseded(camera)
      const { mode, expected } = modes.step(camera.mode, 'observed')
      const identity = toFact({ node: event.node, recordedAt: event.recordedAt, emulated: event.emulated }, event)
      const conditions = isBack ? null : reported.conditions
      return adopted(
        { ...camera, mode, desired: { applications: event.applications }, reported: { ...reported, identity, conditions } },
        expected,
      )
    }
    case 'camera.conditionsChanged': {
      if (isNewer(reported.conditions, event)) return superseded(camera)
      const signal = !event.online ? 'wentOffline' : event.degraded ? 'degraded' : 'cameOnline'
      const { mode, expected } = modes.step(camera.mode, signal)
      const conditions = toFact({ online: event.online, degraded: event.degraded, reason: event.reason }, event)
      return adopted({ ...camera, mode, reported: { ...reported, conditions } }, expected)
    }
    case 'camera.gone': {
      if (isNewer(reported.conditions, event) || isNewer(reported.identity, event)) return superseded(camera)
      const { mode, expected } = modes.step(camera.mode, 'gone')
      const conditions = toFact({ online: false, degraded: false, reason: event.reason }, event)
      return adopted({ ...camera, mode, reported: { ...reported, conditions } }, expected)
    }
  }
}

export function ageCamera(camera: Camera, clockMs: number): Camera {
  const { identity, conditions, stream } = camera.reported
  const reported = {
    identity: aged(identity, clockMs, LIST_DEADLINES),
    conditions: aged(conditions, clockMs, LIST_DEADLINES),
    stream: aged(stream, clockMs, SAMPLE_DEADLINES),
  }
  const same = reported.identity === identity && reported.conditions === conditions && reported.stream === stream
  return same ? camera : { ...camera, reported }
}
