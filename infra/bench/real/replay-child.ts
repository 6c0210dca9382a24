/** Replays a whole journal in a process of its own and tells what it cost: `node --expose-gc replay-child.ts <journal>`. */
import { openJournal } from '../../../connectors/journal/journal.ts'
import type { JournaledEvent } from '../../../models/events/events.ts'
import { applyEvents } from '../../../twin/fold.ts'
import { emptyTwin } from '../../../twin/twin-state.ts'

const LOOK_EVERY = 50_000

const journal = openJournal({ path: process.argv[2] ?? '' })
let liveBytesMax = 0
let lookedMs = 0

function* watched(events: Iterable<JournaledEvent>): Generator<JournaledEvent, void> {
  let count = 0
  for (const event of events) {
    if (count++ % LOOK_EVERY === 0) look()
    yield event
  }
}

/** What is in use, not what waits to be collected. */
function look(): void {
  const beganMs = performance.now()
  globalThis.gc?.()
  liveBytesMax = Math.max(liveBytesMax, process.memoryUsage().heapUsed)
  lookedMs += performance.now() - beganMs
}

const startMs = performance.now()
const { sequence } = applyEvents(emptyTwin, watched(journal.read({ after: 0 })))
const seconds = (performance.now() - startMs - lookedMs) / 1_000
look()
journal.close()
process.stdout.write(JSON.stringify({ sequence, seconds, liveBytesMax, residentBytesMax: process.resourceUsage().maxRSS * 1_024 }))
