/**
 * The process that infra/crash.slow.test.ts kills: waits for a line on stdin, then publishes without end from several sides
 * and prints the time of each event once it was told that the event is accepted.
 *
 * Arguments: journal path, seed, time of the first event.
 */
import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { stateHash } from '../state-hash.ts'
import { startSite } from './journaled-site.ts'
import { seededEvents, takeEvents } from './seeded-events.ts'

const PUBLISHERS = 4

const [path = '', seed = '', startMs = ''] = process.argv.slice(2)
await once(process.stdin, 'data')
const site = await startSite({ path, snapshotEvery: 150 })
writeSync(1, `recovered ${stateHash(site.ingest.state())}\n`)
const events = seededEvents({ seed: Number(seed), startMs: Number(startMs) })
for (let publisher = 1; publisher <= PUBLISHERS; publisher++) publishForEver(3 * publisher)

async function publishForEver(count: number): Promise<never> {
  for (;;) {
    const published = takeEvents(events, count)
    await site.log.publish(published)
    // Synchronous, so that what we were told is out before the next instruction can be the last.
    writeSync(1, published.map(({ timeMs }) => `accepted ${timeMs}\n`).join(''))
  }
}
