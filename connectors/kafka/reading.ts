/**
 * Reads the input topics from where the twin stands, and never gives up: whatever fails, all is thrown away and made anew.
 *
 * The twin's positions alone say where reading goes on. One batch is dealt with at a time, while at most one answer per
 * broker is fetched ahead; a batch that was not taken is handed over again, and nothing after it before it was.
 */
import type { Position } from '../../models/events/topics.ts'
import type { Clock, Logger, RawRecord } from '../../models/ports.ts'
import { pause } from '../pause.ts'
import { type FetchedPartition, type KafkaClient, KafkaFailure, type KafkaReader } from './client.ts'
import { IDS_KEPT, type RecentIds, rememberIds } from './recent-ids.ts'
import { type Gap, positionKey, type StartingPoint, startingPoints } from './starting-points.ts'
import { surveyTopics } from './survey.ts'
import { asFailure, backOffMs, closeSoon, connectWithin, unlessAborted, within } from './waiting.ts'

export interface ReadingOptions {
  readonly client: KafkaClient
  readonly prefix: string
  readonly group: string
  readonly resumeAfter: readonly Position[]
  readonly onRecords: (records: readonly RawRecord[]) => Promise<void>
  /** Told once per gap: records that are gone before they were read. */
  readonly onGap: (gap: Gap) => void
  /** Asked for the record that stands where the twin's last one stood; false: it is another, so the topic was made anew. */
  readonly wasTaken?: ((record: RawRecord) => boolean | undefined) | undefined
  /** The partitions to read; all without it. */
  readonly partitions?: readonly number[] | undefined
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  /** How long a topic must end before what was read of it until it counts as made anew. Default 10 s. */
  readonly madeAnewAfterMs?: number | undefined
}

export interface ReadingStatus {
  readonly isReading: boolean
  /** Since nothing is read; null when all is well. */
  readonly failure: KafkaFailure | null
  /** Why the last batch was not taken; null when it was. */
  readonly refusal: string | null
  /** Records per topic that are written and not taken yet. */
  readonly lagRecords: Readonly<Record<string, number>>
  /** Of records written twice by a retry. */
  readonly duplicates: number
  readonly restarts: number
  /** Time stamp of the newest record taken; null before the first. */
  readonly newestRecordMs: number | null
  readonly gaps: readonly Gap[]
}

export interface Reading {
  readonly status: () => ReadingStatus
  /** Resolves when no batch is under way any more. */
  readonly stop: () => Promise<void>
}

/** A connection that gives no answer for so long is dead, whatever it says of itself. */
const STALLED_MS = 15_000
const MADE_ANEW_AFTER_MS = 10_000
const BATCH_RECORDS = 1_000
const COMMIT_EVERY_MS = 5_000
const GAPS_KEPT = 100

/** One partition while it is read. */
interface Track {
  readonly start: StartingPoint
  readonly ids: RecentIds
  takenOffset: number
  endOffset: number
}
interface Fresh {
  readonly track: Track
  readonly record: RawRecord
  readonly timeMs: number
}

export function runReading(options: ReadingOptions): Reading {
  const { client, prefix, group, onRecords, onGap, clock, random, logger, madeAnewAfterMs = MADE_ANEW_AFTER_MS } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const taken = new Map(options.resumeAfter.map((position) => [positionKey(position), position]))
  /** Of the record at the position taken, while this process knows it. */
  const takenIds = new Map<string, string | undefined>()
  const madeAnew = new Set<string>()
  let shortSinceMs: number | null = null
  let tracks: readonly Track[] = []
  let openedCount = 0
  let status: Omit<ReadingStatus, 'lagRecords' | 'restarts'> = {
    isReading: false,
    failure: null,
    refusal: null,
    duplicates: 0,
    newestRecordMs: null,
    gaps: [],
  }
  const tell = (change: Partial<ReadingStatus>): void => {
    status = { ...status, ...change }
  }

  async function open(): Promise<KafkaReader> {
    const { ranges } = await surveyTopics(client, prefix)
    const ours = ranges.filter(({ partition }) => options.partitions?.includes(partition) ?? true)
    const starts = startingPoints({ prefix, ranges: ours, taken: [...taken.values()], madeAnew })
    waitForShortTopics(starts)
    for (const { gap, positionTopic, partition, takenOffset: offset } of starts) {
      if (gap === null) continue
      taken.set(positionKey({ topic: positionTopic, partition }), { topic: positionTopic, partition, offset })
      tell({ gaps: [...status.gaps, gap].slice(-GAPS_KEPT) })
      onGap(gap)
    }
    const endOffsets = new Map(ours.map((range) => [positionKey(range), range]))
    tracks = starts.map((start) => ({
      start,
      ids: rememberIds(),
      takenOffset: start.takenOffset,
      endOffset: endOffsets.get(positionKey(start))?.endOffset ?? 0,
    }))
    // A little before the first that is new: to know the ids there, and whether they are those of the topic we know.
    return client.connectReader(
      starts.map(({ topic, partition, takenOffset }) => {
        const beginOffset = endOffsets.get(positionKey({ topic, partition }))?.beginOffset ?? 0
        return { topic, partition, offset: Math.max(beginOffset, takenOffset + 1 - IDS_KEPT) }
      }),
    )
  }

  /** A broker that has just come back may not know its own end yet. */
  function waitForShortTopics(starts: readonly StartingPoint[]): void {
    const short = starts.find(({ gap }) => gap !== null && gap.wantedOffset > gap.endOffset)
    if (short?.gap == null) {
      shortSinceMs = null
      return
    }
    shortSinceMs ??= clock()
    if (clock() - shortSinceMs >= madeAnewAfterMs) return
    const { topic, wantedOffset } = short.gap
    throw new KafkaFailure('offset-gone', `topic ${topic} ends before offset ${wantedOffset}, where we would go on`)
  }

  async function readOn(reader: KafkaReader, onProgress: () => void): Promise<void> {
    let committedMs = clock()
    while (!signal.aborted) {
      const fetched = await unlessAborted(within(STALLED_MS, 'reading', reader.poll()), signal)
      if (fetched === null) return
      onProgress()
      const fresh = fetched.flatMap(withTrack).flatMap(freshOf)
      for (let at = 0; at < fresh.length; at += BATCH_RECORDS) {
        await handOver(fresh.slice(at, at + BATCH_RECORDS))
        // Sockets and timers get their turn, however much there is to catch up with.
        await new Promise(setImmediate)
        if (signal.aborted) return
      }
      for (const { track, nextOffset } of fetched.flatMap(withTrack)) track.takenOffset = Math.max(track.takenOffset, nextOffset - 1)
      if (clock() - committedMs < COMMIT_EVERY_MS) continue
      committedMs = clock()
      commit(reader)
    }
  }

  function withTrack(fetched: FetchedPartition): (FetchedPartition & { readonly track: Track })[] {
    const track = tracks.find(({ start }) => start.topic === fetched.topic && start.partition === fetched.partition)
    return track === undefined ? [] : [{ ...fetched, track }]
  }

  function freshOf({ track, ...fetched }: FetchedPartition & { readonly track: Track }): Fresh[] {
    track.endOffset = fetched.endOffset
    const { positionTopic: topic, partition, takenOffset } = track.start
    const fresh: Fresh[] = []
    for (const { offset, timeMs, headers, value } of fetched.records) {
      const record = { position: { topic, partition, offset }, headers, value }
      if (offset === takenOffset && isAnother(record)) {
        madeAnew.add(positionKey(record.position))
        throw new KafkaFailure('offset-gone', `topic ${fetched.topic} holds another record at offset ${offset} than the one we have read`)
      }
      const isNew = track.ids.add(headers)
      if (offset <= takenOffset) continue
      if (isNew) fresh.push({ track, record, timeMs })
      else tell({ duplicates: status.duplicates + 1 })
    }
    return fresh
  }

  function isAnother(record: RawRecord): boolean {
    const key = positionKey(record.position)
    return takenIds.has(key) ? takenIds.get(key) !== record.headers.ce_id : options.wasTaken?.(record) === false
  }

  async function handOver(fresh: readonly Fresh[]): Promise<void> {
    const records = fresh.map(({ record }) => record)
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await onRecords(records)
        if (status.refusal !== null) tell({ refusal: null })
        break
      } catch (error) {
        const { message } = asFailure(error)
        if (status.refusal === null) logger.warn({ reason: message, recordCount: records.length }, 'records not taken, handed over again')
        tell({ refusal: message })
        await pause(backOffMs(failures, random), signal)
      }
      if (signal.aborted) return
    }
    // Of each partition the last counts.
    for (const [track, { position, headers }] of new Map(fresh.map(({ track, record }) => [track, record]))) {
      track.takenOffset = position.offset
      taken.set(positionKey(position), position)
      takenIds.set(positionKey(position), headers.ce_id)
    }
    tell({ newestRecordMs: fresh.reduce((newest, { timeMs }) => Math.max(newest, timeMs), status.newestRecordMs ?? 0) })
  }

  function commit(reader: KafkaReader): void {
    const next = tracks.map(({ start: { topic, partition }, takenOffset }) => ({ topic, partition, offset: Math.max(0, takenOffset + 1) }))
    // Only for those who watch the lag: the group may be another's, or not allowed to us.
    reader.commit(group, next).catch((error: unknown) => logger.debug({ reason: asFailure(error).message }, 'offsets not committed'))
  }

  async function readForEver(): Promise<void> {
    for (let failures = 1; !signal.aborted; failures++) {
      let reader: KafkaReader | null = null
      try {
        reader = await connectWithin(STALLED_MS, open(), signal)
        openedCount++
        await readOn(reader, () => {
          if (status.isReading) return
          failures = 0
          tell({ isReading: true, failure: null })
          logger.info({ partitionCount: tracks.length }, 'kafka is read')
        })
      } catch (error) {
        const failure = asFailure(error)
        if (status.failure?.kind !== failure.kind) logger.warn({ kind: failure.kind, reason: failure.message }, 'kafka is not read')
        tell({ isReading: false, failure })
        await pause(backOffMs(failures, random), signal)
      } finally {
        closeSoon(reader)
      }
    }
    tell({ isReading: false })
  }

  const finished = readForEver()
  return {
    status: () => ({ ...status, restarts: Math.max(0, openedCount - 1), lagRecords: lagOf(tracks) }),
    async stop() {
      stopping.abort()
      await finished
    },
  }
}

function lagOf(tracks: readonly Track[]): Record<string, number> {
  const lag: Record<string, number> = {}
  for (const { start, takenOffset, endOffset } of tracks) {
    const topic = start.positionTopic.split('#')[0] ?? start.positionTopic
    lag[topic] = (lag[topic] ?? 0) + Math.max(0, endOffset - takenOffset - 1)
  }
  return lag
}
