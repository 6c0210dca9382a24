/** What people may see and do of a log out of process: its topics, and the records that nobody could use. */
import { z } from 'zod'
import { timeMsShape } from '../events/shapes.ts'

const count = z.number().int().min(0)

export const topicShape = z.object({
  name: z.string(),
  partitionCount: count,
  replicationFactor: count,
  /** What the topic itself sets, without the broker's defaults. */
  config: z.record(z.string(), z.string()),
  partitions: z.array(z.object({ partition: count, beginOffset: count, endOffset: count })).readonly(),
})
export type TopicInfo = Readonly<z.infer<typeof topicShape>>

export const TOPIC_ACTIONS = ['create', 'configure', 'keep', 'refuse'] as const
export const topicChangeShape = z.object({
  topic: z.string(),
  action: z.enum(TOPIC_ACTIONS),
  /** In words: what is created, what changes, or why nothing does. */
  detail: z.string(),
})
export type TopicChange = Readonly<z.infer<typeof topicChangeShape>>

export const PARTITIONS_MAX = 1_000
export const ensureTopicsShape = z.object({
  dryRun: z.boolean(),
  /** Of topics to create; those that exist decide when there are any. */
  partitionCount: z.number().int().min(1).max(PARTITIONS_MAX).optional(),
})
export type EnsureTopics = Readonly<z.infer<typeof ensureTopicsShape>>

export const loggedDeadLetterShape = z.object({
  /** "topic:partition:offset" of the record. */
  id: z.string(),
  deadMs: timeMsShape,
  reason: z.string(),
  detail: z.string(),
  bytes: count,
  /** null: not yet. */
  replayedMs: timeMsShape.nullable(),
})
export type LoggedDeadLetter = Readonly<z.infer<typeof loggedDeadLetterShape>>

export const shownDeadLetterShape = loggedDeadLetterShape.extend({
  /** Those of the record itself. */
  headers: z.record(z.string(), z.string()),
  /** Cut at 64 KiB; what is no UTF-8 is replaced. */
  text: z.string(),
})
export type ShownDeadLetter = Readonly<z.infer<typeof shownDeadLetterShape>>

/** Where a replayed record stands now. */
export const replayShape = z.object({ topic: z.string(), partition: count, offset: count })
export type Replay = Readonly<z.infer<typeof replayShape>>

export const DEAD_LETTERS_LISTED_MAX = 1_000

/** All reject with TwinError LOG_UNREACHABLE when the log does not answer. */
export interface LogAdmin {
  topics(): Promise<readonly TopicInfo[]>
  /** @returns What was done, or with `dryRun` what would be. */
  ensureTopics(options: EnsureTopics): Promise<readonly TopicChange[]>
  /** Newest first. */
  deadLetters(options: { readonly limit: number }): Promise<readonly LoggedDeadLetter[]>
  /** Rejects with ENTITY_UNKNOWN. */
  deadLetter(id: string): Promise<ShownDeadLetter>
  /** Back to where it came from, once; rejects with ENTITY_UNKNOWN or LOG_REFUSED. */
  replay(id: string): Promise<Replay>
}
