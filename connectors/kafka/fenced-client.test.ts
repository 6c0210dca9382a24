import { expect, it } from '@jest/globals'
import type { KafkaClient, OutgoingRecord } from './client.ts'
import { fencedClient } from './fenced-client.ts'

it('asks before every write, and writes nothing when it may not', async () => {
  const written: OutgoingRecord[] = []
  const far: Pick<KafkaClient, 'connectProducer'> = {
    connectProducer: async () => ({
      send: async (records) => {
        written.push(...records)
        return []
      },
      close: async () => {},
    }),
  }
  let mayWrite = true
  const producer = await fencedClient(far as KafkaClient, () => mayWrite).connectProducer()
  const record = { topic: 'a', partition: 0, key: 'lab', headers: {}, value: '' }
  await producer.send([record])
  mayWrite = false
  await expect(producer.send([record])).rejects.toMatchObject({ kind: 'forbidden' })
  mayWrite = true
  await producer.send([record])
  expect(written).toHaveLength(2)
  await producer.close()
})
