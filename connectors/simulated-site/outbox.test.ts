import { expect, it } from '@jest/globals'
import type { TwinEvent } from '../../models/events/events.ts'
import { createOutbox } from './outbox.ts'
import { aManualTime } from './testing/manual-time.ts'

const event = (timeMs: number): TwinEvent => ({ type: 'clock.ticked', site: 'small', source: 'test', timeMs })

function anOutbox(accepts: () => boolean) {
  const time = aManualTime()
  const sent: number[] = []
  const lines: string[] = []
  const note = (_: object, message: string) => void lines.push(message)
  const outbox = createOutbox({
    publish: async (events) => {
      if (!accepts()) throw new Error('no broker')
      sent.push(...events.map(({ timeMs }) => timeMs))
    },
    timer: time.timer,
    log: { debug: note, info: note, warn: note, error: note },
  })
  return { time, outbox, sent, lines }
}

it('sends in order, whenever it is asked', async () => {
  const { time, outbox, sent } = anOutbox(() => true)
  for (let step = 0; step < 20; step++) {
    outbox.push(event(step))
    outbox.flush()
    // However far the send before has come.
    for (let turn = 0; turn < step % 5; turn++) await null
  }
  await time.advance(0)
  expect(sent).toEqual(Array.from({ length: 20 }, (_, index) => index))
})

it('asks a log that refuses again, and loses nothing', async () => {
  let isUp = false
  const { time, outbox, sent, lines } = anOutbox(() => isUp)
  for (const timeMs of [1, 2]) outbox.push(event(timeMs))
  outbox.flush()
  await time.advance(0)
  expect([sent, lines]).toEqual([[], ['site events not accepted']])
  outbox.push(event(3))
  isUp = true
  await time.advance(1_000)
  expect(sent).toEqual([1, 2, 3])
})

it('drops the oldest when it is full, and says so', async () => {
  const { outbox, sent, lines } = anOutbox(() => true)
  for (let timeMs = 0; timeMs <= 20_000; timeMs++) outbox.push(event(timeMs))
  await outbox.stop()
  expect([sent[0], sent.length, lines]).toEqual([1_000, 19_001, ['site events lost, outbox full']])
})
