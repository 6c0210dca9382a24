/** Whether who publishes really waits for the twin, with logs that deliver late, early or never. */
import { expect, it } from '@jest/globals'
import { createEmbeddedLog } from '../connectors/journal/embedded-log.ts'
import { aSample, describeEventLog } from '../connectors/journal/event-log.contract.ts'
import type { EventLog, RawRecord } from '../models/ports.ts'
import { withHearing } from './hearing.ts'

describeEventLog('with hearing', async () => {
  const log = withHearing(createEmbeddedLog())
  return { log, dispose: () => log.close() }
})

/** Accepts at once; delivers only when the test says so, as Kafka may. */
function aLateLog() {
  let offset = -1
  let onRecords: ((records: readonly RawRecord[]) => Promise<void>) | null = null
  const log: EventLog = {
    publish: async () => [{ topic: 't', partition: 1, offset: ++offset }],
    subscribe: async (options) => {
      onRecords = options.onRecords
      return async () => {}
    },
    close: async () => {},
  }
  return { log, deliver: (at: number) => onRecords!([{ position: { topic: 't', partition: 1, offset: at }, headers: {}, value: '' }]) }
}

it('resolves when the subscriber has dealt with the events, not before', async () => {
  const { log, deliver } = aLateLog()
  const hearing = withHearing(log)
  const dealtWith: number[] = []
  await hearing.subscribe({ resumeAfter: [], onRecords: async ([record]) => void dealtWith.push(record!.position.offset) })
  let heard = 0
  const first = hearing.publishAndHear([aSample(0)]).then(() => heard++)
  const second = hearing.publishAndHear([aSample(1)]).then(() => heard++)
  await new Promise(setImmediate)
  expect(heard).toBe(0)
  await deliver(0)
  await first
  expect([heard, dealtWith]).toEqual([1, [0]])
  await deliver(1)
  await second
})

it('knows what was heard before it asked, also in the run before', async () => {
  const { log } = aLateLog()
  const hearing = withHearing(log)
  await hearing.subscribe({ resumeAfter: [{ topic: 't', partition: 1, offset: 0 }], onRecords: async () => {} })
  await hearing.publishAndHear([aSample(0)])
})

it('says that the event was taken when the twin does not hear of it in time', async () => {
  const hearing = withHearing(aLateLog().log, { withinMs: 5 })
  await hearing.subscribe({ resumeAfter: [], onRecords: async () => {} })
  await expect(hearing.publishAndHear([aSample(0)])).rejects.toMatchObject({
    code: 'LOG_BEHIND',
    message: expect.stringMatching(/node\.sampled.*do not ask again/),
  })
})
