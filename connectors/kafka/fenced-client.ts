/** A client that writes only while it may, asked at the last moment: a retry must not outlive what allowed the first try. */
import { type KafkaClient, KafkaFailure } from './client.ts'

export function fencedClient(client: KafkaClient, mayWrite: () => boolean): KafkaClient {
  return {
    ...client,
    async connectProducer() {
      const producer = await client.connectProducer()
      return {
        ...producer,
        async send(records) {
          if (!mayWrite()) throw new KafkaFailure('forbidden', 'the sites of this partition are not ours to write for now')
          return producer.send(records)
        },
      }
    },
  }
}
