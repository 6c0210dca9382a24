import { expect, it } from '@jest/globals'
import { openJournal } from '../connectors/journal/journal.ts'
import { encodeEvent } from '../models/events/codec.ts'
import { seededEvents, takeEvents } from './testing/seeded-events.ts'
import { takenBefore } from './was-taken.ts'

it('knows the last record of each partition, and one that stands in its place', () => {
  const journal = openJournal({ path: ':memory:' })
  const [first, second, other] = takeEvents(seededEvents({ seed: 1, startMs: 1_750_000_000_000 }), 3)
  const at = (offset: number) => ({ topic: 't', partition: 1, offset })
  const events = [first!, second!].map((event, index) => ({ position: at(index), event }))
  journal.append({ events, deadLetters: [], receivedMs: 0 })
  const wasTaken = takenBefore(journal)
  const record = (event: typeof other, offset: number) => ({ position: at(offset), ...encodeEvent(event!, 'id') })
  expect(wasTaken(record(second, 1))).toBe(true)
  expect(wasTaken(record(other, 1))).toBe(false)
  expect(wasTaken({ ...record(other, 1), value: 'no event' })).toBe(false)
  // Of these it knows nothing.
  expect(wasTaken(record(first, 0))).toBeUndefined()
  expect(wasTaken({ ...record(second, 1), position: { ...at(1), partition: 0 } })).toBeUndefined()
  journal.close()
})
