/**
 * What the viewer's socket carries. A client that sees `from` differ from its revision has a gap and asks
 * to `resync`; nothing depends on the transport recovering a connection.
 *
 * Namespace `/twin`. Client → server: `subscribe` (ack: StreamSnapshot), `resync` (ack: StreamSnapshot).
 * Server → client: `patch` (StreamPatch), each to be acknowledged before the next is sent: a slow client
 * gets fewer, larger patches and always the newest value.
 * `closing` ({ code, detail }) comes before the server ends a connection on purpose; the client may reconnect.
 */
import { z } from 'zod'
import { ENTITY_KINDS, ENTITY_SHAPES } from '../entities/entities.ts'
import { LOOP_MODES } from '../events/decision-events.ts'
import { divergenceShape, twinJsonShape } from './twin-json.ts'

export const streamStatusShape = z.object({
  sequence: z.number().int(),
  site: z.string().nullable(),
  clockMs: z.number(),
  loopMode: z.enum(LOOP_MODES),
  counts: twinJsonShape.shape.counts,
  divergences: z.array(divergenceShape),
  /** What the loop does now and why it does nothing, in a sentence. */
  loopStatus: z.string(),
  /** Whether faults can be put on the site: a real cluster takes none. Absent: nobody says. */
  takesFaults: z.boolean().optional(),
  /** What the twin rests on and does not work now, such as the event log: what is shown may be old. */
  troubles: z.array(
    z.object({
      name: z.string(),
      detail: z.string(),
      remedy: z.string(),
      /** False: nothing new reaches the twin, so what is shown grows old. */
      advisory: z.boolean(),
    }),
  ),
})
export type StreamStatus = z.infer<typeof streamStatusShape>
export type Trouble = StreamStatus['troubles'][number]

/** An entity as it is now; `value` null: forgotten. */
const streamChangeShape = z.object({
  kind: z.enum(ENTITY_KINDS),
  name: z.string(),
  value: z.union(ENTITY_KINDS.map((kind) => ENTITY_SHAPES[kind])).nullable(),
})
export type StreamChange = z.infer<typeof streamChangeShape>

export const streamSnapshotShape = z.object({
  /** A new one for every start of the server: revisions of different epochs do not compare. */
  epoch: z.string(),
  revision: z.number().int(),
  status: streamStatusShape,
  changes: z.array(streamChangeShape),
})
export type StreamSnapshot = z.infer<typeof streamSnapshotShape>

export const streamPatchShape = z.object({
  epoch: z.string(),
  /** Revision this patch applies to. */
  from: z.number().int(),
  to: z.number().int(),
  /** When the server made it, ms: what event-to-browser latency is measured from. */
  sentMs: z.number(),
  status: streamStatusShape,
  changes: z.array(streamChangeShape),
})
export type StreamPatch = z.infer<typeof streamPatchShape>
