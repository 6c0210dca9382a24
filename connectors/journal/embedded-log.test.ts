import { expect, it } from '@jest/globals'
import { TOPICS } from '../../models/events/topics.ts'
import type { RawRecord } from '../../models/ports.ts'
import { createEmbeddedLog } from './embedded-log.ts'
import { aRequest, aSample, describeEventLog } from './event-log.contract.ts'

describeEventLog('embedded', async () => {
  const log = createEmbeddedLog()
  return { log, dispose: () => log.close() }
})

it('accepts events only when the subscriber has dealt with them', async () => {
  const log = createEmbeddedLog()
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  await log.subscribe({
    resumeAfter: [],
    async onRecords() {
      reach()
      await gate
    },
  })
  let isAccepted = false
  const publishing = log.publish([aSample(0)]).then(() => {
    isAccepted = true
  })
  await reached
  await new Promise(setImmediate)
  expect(isAccepted).toBe(false)
  open()
  await publishing
  expect(isAccepted).toBe(true)
})

it('tells the publisher when the subscriber could not take the batch, and goes on', async () => {
  const log = createEmbeddedLog()
  let isFull = true
  const taken: RawRecord[] = []
  await log.subscribe({
    resumeAfter: [],
    async onRecords(records) {
      if (isFull) throw new Error('no room')
      taken.push(...records)
    },
  })
  await expect(log.publish([aSample(0)])).rejects.toThrow('no room')
  isFull = false
  await log.publish([aSample(1)])
  expect(taken).toHaveLength(1)
})

it('continues the offsets of each topic after the positions it is told', async () => {
  const log = createEmbeddedLog()
  const taken: RawRecord[] = []
  await log.subscribe({
    resumeAfter: [{ topic: TOPICS.metrics, partition: 0, offset: 41 }],
    onRecords: async (records) => void taken.push(...records),
  })
  await log.publish([aSample(0), aSample(1), aRequest(2)])
  expect(taken.map(({ position, headers }) => [position.offset, headers.ce_id])).toEqual([
    [42, `${TOPICS.metrics}-42`],
    [43, `${TOPICS.metrics}-43`],
    [0, `${TOPICS.requests}-0`],
  ])
})

it('puts what was published meanwhile into one batch of bounded size, and refuses beyond the bound', async () => {
  const log = createEmbeddedLog({ batchEvents: 10, waitingEventsMax: 25 })
  const publishing = Array.from({ length: 25 }, (_, n) => log.publish([aSample(n)]))
  await expect(log.publish([aSample(25)])).rejects.toMatchObject({ code: 'OVERLOADED' })
  const sizes: number[] = []
  await log.subscribe({ resumeAfter: [], onRecords: async (records) => void sizes.push(records.length) })
  await Promise.all(publishing)
  expect(sizes).toEqual([10, 10, 5])
  await log.publish([aSample(26)])
})

it('refuses an event that cannot be written and takes its neighbours', async () => {
  const log = createEmbeddedLog()
  const taken: RawRecord[] = []
  await log.subscribe({ resumeAfter: [], onRecords: async (records) => void taken.push(...records) })
  const results = await Promise.allSettled([log.publish([aSample(0)]), log.publish([aSample(Number.NaN)]), log.publish([aSample(2)])])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(taken).toHaveLength(2)
})

it('takes one subscriber at a time and tells those who wait when it is closed', async () => {
  const log = createEmbeddedLog()
  const stop = await log.subscribe({ resumeAfter: [], onRecords: async () => {} })
  await expect(log.subscribe({ resumeAfter: [], onRecords: async () => {} })).rejects.toMatchObject({ code: 'INTERNAL' })
  await stop()
  const publishing = log.publish([aSample(0)])
  await log.close()
  await expect(publishing).rejects.toThrow(/closed/)
})
