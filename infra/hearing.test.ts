/** Whether who publishes really waits for the twin, with logs that deliver late, early or never. */
import { expect, it } from '@jest/globals'
import { createEmbeddedLog } from '../connectors/journal/embedded-log.ts'
import { aSample, describeEventLog } from '../connectors/journal/event-log.contract.ts'
import type { EventLog, RawRecord } from '../models/ports.ts'
import { makeHearing } from './hearing.ts'

describeEventLog('with somebody listening in', async () => {
  const log = createEmbeddedLog()
  return { log: { ...log, subscribe: makeHearing(log.publish).listenIn(log.subscribe) }, dispose: () => log.close() }
})

/** Accepts at once; delivers only when the test says so, as Kafka may. */
function aLateLog() {
  let offset = -1
  let onRecords: ((records: readonly RawRecord[]) => Promise<void>) | null = null
  const publish: EventLog['publish'] = async () => [{ topic: 't', partition: 1, offset: ++offset }]
  const subscribe: EventLog['subscribe'] = async (options) => {
    onRecords = options.onRecords
    return async () => {}
  }
  const deliver = (at: number, topic = 't') => onRecords!([{ position: { topic, partition: 1, offset: at }, headers: {}, value: '' }])
  return { publish, subscribe, deliver }
}

it('resolves when the subscriber has dealt with the events, not before', async () => {
  const { publish, subscribe, deliver } = aLateLog()
  const hearing = makeHearing(publish)
  const dealtWith: number[] = []
  const onRecords = async ([record]: readonly RawRecord[]) => void dealtWith.push(record!.position.offset)
  await hearing.listenIn(subscribe)({ resumeAfter: [], onRecords })
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
  const { publish, subscribe } = aLateLog()
  const hearing = makeHearing(publish)
  await hearing.listenIn(subscribe)({ resumeAfter: [{ topic: 't', partition: 1, offset: 0 }], onRecords: async () => {} })
  await hearing.publishAndHear([aSample(0)])
})

it('does not take what was read of a topic before it was made anew for what was published since', async () => {
  const { publish, subscribe, deliver } = aLateLog()
  const hearing = makeHearing(publish)
  await hearing.listenIn(subscribe)({ resumeAfter: [{ topic: 't#2', partition: 1, offset: 500 }], onRecords: async () => {} })
  await publish([aSample(0)])
  await deliver(0, 't#3')
  let isHeard = false
  const asked = hearing.publishAndHear([aSample(1)]).then(() => {
    isHeard = true
  })
  await new Promise(setImmediate)
  expect(isHeard).toBe(false)
  await deliver(1, 't#3')
  await asked
})

it('says that the event was taken when the twin does not hear of it in time', async () => {
  const { publish, subscribe } = aLateLog()
  const hearing = makeHearing(publish, { withinMs: 5 })
  await hearing.listenIn(subscribe)({ resumeAfter: [], onRecords: async () => {} })
  const said = { code: 'LOG_BEHIND', message: expect.stringMatching(/node\.sampled.*do not ask again/) }
  await expect(hearing.publishAndHear([aSample(0)])).rejects.toMatchObject(said)
})
