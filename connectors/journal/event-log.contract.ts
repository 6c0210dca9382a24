/**
 * What every event log owes the twin; run against each adapter.
 *
 * Only a record's position says whether it is new, so a record may come twice here, and may not come out of order or be lost.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeEvent } from '../../models/events/codec.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { type Position, TOPICS } from '../../models/events/topics.ts'
import type { EventLog, RawRecord } from '../../models/ports.ts'

export interface LogUnderTest {
  readonly log: EventLog
  readonly dispose: () => Promise<void>
}

const NOW_MS = 1_750_000_000_000

export function describeEventLog(name: string, create: () => Promise<LogUnderTest>): void {
  describe(`event log: ${name}`, () => {
    let { log, dispose } = {} as LogUnderTest
    beforeEach(async () => {
      ;({ log, dispose } = await create())
    })
    afterEach(() => dispose())

    it('delivers what was published, unchanged, each topic in order of publication', async () => {
      const received = collector()
      const stop = await log.subscribe({ resumeAfter: [], onRecords: received.onRecords })
      const published = [...range(0, 20)].map((n) => (n % 3 === 0 ? aRequest(n) : aSample(n)))
      await Promise.all([log.publish(published.slice(0, 7)), log.publish(published.slice(7, 8)), log.publish(published.slice(8))])
      await received.until((records) => records.length >= 20)
      await stop()
      for (const topic of [TOPICS.metrics, TOPICS.requests]) {
        const ofTopic = received.newRecords().filter(({ position }) => position.topic === topic)
        expect(ofTopic.map(eventOf)).toEqual(published.filter(({ type }) => (type === 'node.sampled') === (topic === TOPICS.metrics)))
        const offsets = ofTopic.map(({ position }) => position.offset)
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b))
      }
    })

    it('delivers the next batch only when the last one was dealt with', async () => {
      let inFlight = 0
      let inFlightMax = 0
      const received = collector()
      const stop = await log.subscribe({
        resumeAfter: [],
        async onRecords(records) {
          inFlightMax = Math.max(inFlightMax, ++inFlight)
          await new Promise(setImmediate)
          inFlight--
          await received.onRecords(records)
        },
      })
      await Promise.all([...range(0, 50)].map((n) => log.publish([aSample(n)])))
      await received.until((records) => records.length >= 50)
      await stop()
      expect(inFlightMax).toBe(1)
    })

    it('goes on after the position it is told, with nothing lost in between', async () => {
      const first = collector()
      const stop = await log.subscribe({ resumeAfter: [], onRecords: first.onRecords })
      await log.publish([aSample(0), aSample(1), aRequest(2)])
      await first.until((records) => records.length >= 3)
      await stop()
      // Some logs accept this at once, others only when somebody takes it.
      const accepted = log.publish([aSample(3), aRequest(4)])
      const second = collector()
      const stopAgain = await log.subscribe({ resumeAfter: first.positions(), onRecords: second.onRecords })
      await accepted
      await log.publish([aSample(5)])
      await second.until((records) => records.length >= 3)
      await stopAgain()
      const seen = second.newRecords()
      expect(seen.map((record) => eventOf(record)?.timeMs).sort()).toEqual([3, 4, 5].map((n) => NOW_MS + n))
      for (const { topic, offset } of first.positions()) {
        expect(Math.min(...seen.filter(({ position }) => position.topic === topic).map(({ position }) => position.offset))).toBeGreaterThan(
          offset,
        )
      }
    })

    it('refuses events once it is closed', async () => {
      await log.close()
      await expect(log.publish([aSample(0)])).rejects.toThrow(/closed/)
    })
  })
}

/** Keeps what is delivered and lets a test wait for it. */
function collector() {
  const byPosition = new Map<string, RawRecord>()
  let notify = () => {}
  const newRecords = () => [...byPosition.values()]
  return {
    newRecords,
    async onRecords(records: readonly RawRecord[]): Promise<void> {
      for (const record of records) byPosition.set(JSON.stringify(record.position), record)
      notify()
    },
    async until(isDone: (records: readonly RawRecord[]) => boolean): Promise<void> {
      while (!isDone(newRecords())) {
        await new Promise<void>((resolve) => {
          notify = resolve
        })
      }
    },
    positions(): Position[] {
      const last = new Map<string, Position>()
      for (const { position } of newRecords()) last.set(`${position.topic}:${position.partition}`, position)
      return [...last.values()]
    },
  }
}

function eventOf(record: RawRecord): TwinEvent | null {
  const decoded = decodeEvent(record, { nowMs: NOW_MS })
  return decoded.ok ? decoded.event : null
}

export function aSample(n: number): TwinEvent {
  return { type: 'node.sampled', site: 'lab', timeMs: NOW_MS + n, source: 'exporter:pi-1', name: 'pi-1', load: { utilizationRatio: 0.5 } }
}

export function aRequest(n: number): TwinEvent {
  const name = { id: `request-${n}`, camera: 'cam-1', application: 'alexnet', frames: 3 }
  return { type: 'inference.requested', site: 'lab', timeMs: NOW_MS + n, source: 'camera:cam-1', ...name }
}

function* range(start: number, end: number): Iterable<number> {
  for (let n = start; n < end; n++) yield n
}
