/**
 * The whole process is killed -9 at ten seeded moments while events flow, and started again on the same data. Each time:
 * what a client saw acknowledged is in the journal, the past has the hash of a full replay done here, and no record is lost count of.
 */
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from '@jest/globals'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { openJournal } from '../../connectors/journal/journal.ts'
import type { WhatIfAnswer } from '../../models/contracts/what-if.ts'
import { LOOP_MODES } from '../../models/events/decision-events.ts'
import type { JournaledEvent } from '../../models/events/events.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin } from '../../twin/twin-state.ts'
import { recoverTwin } from '../recovery.ts'
import { stateHash } from '../state-hash.ts'
import { createTwinHistory } from '../twin-history.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const KILLS = 10
const SEED = Number(process.env.KILL_SEED ?? 20_261)
/** Two requests a turn stay below the server's limit of 20 a second. */
const TURN_MS = 120
const REPLAY = `replay with: KILL_SEED=${SEED} npm run -s e2e -- infra/e2e/kill.test.ts`

let edgetwin: EdgetwinProcess | null = null
afterEach(() => edgetwin?.kill('SIGKILL'))

/** What was answered with success before the kill. */
interface Acknowledged {
  sequence: number
  modeCount: number
  readonly whatIfs: string[]
}

/** Sets the mode and asks what-ifs in turn until the server is gone. */
async function askUntilGone({ send, child }: EdgetwinProcess, acknowledged: Acknowledged): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      const set = await send<{ sequence: number }>('PUT', '/api/v1/loop', { mode: LOOP_MODES[turn % LOOP_MODES.length] })
      expect(set.status).toBe(200)
      acknowledged.modeCount++
      acknowledged.sequence = set.body.sequence
      const asked = await send<WhatIfAnswer>('POST', '/api/v1/what-if', { workload: 'each-camera', algorithms: ['heft'] })
      expect(asked.status).toBe(200)
      acknowledged.whatIfs.push(asked.body.id)
    } catch (error) {
      if (child.killed) return
      throw error
    }
    await sleep(TURN_MS)
  }
}

async function burstAndKill({ send, kill }: EdgetwinProcess, delayMs: number): Promise<void> {
  await send('POST', '/api/v1/faults', { kind: 'burst', load: 'heavy', frames: 30 })
  await sleep(delayMs)
  await kill('SIGKILL')
}

/** A full replay, in this process, of a copy of what the dead one left. */
async function replayCopy(dataDir: string, chosenSequence: (last: number) => number) {
  const path = join(freshDataDir(), 'dhs.journal.db')
  for (const suffix of ['', '-wal']) {
    const from = join(dataDir, `dhs.journal.db${suffix}`)
    if (existsSync(from)) copyFileSync(from, `${path}${suffix}`)
  }
  const journal = openJournal({ path })
  const events: JournaledEvent[] = [...journal.read({ after: 0 })]
  const last = journal.lastSequence()
  const chosen = chosenSequence(last)
  const hashAt = (sequence: number) => stateHash(applyEvents(emptyTwin, events.slice(0, sequence)))
  const replayed = { last, chosen, events, lastHash: hashAt(last), chosenHash: hashAt(chosen), counts: journal.counts() }
  // What a restart and a question about the past do, here too.
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1))
  const recovered = recoverTwin(journal)
  expect(recovered.refusedCount).toBe(0)
  expect(stateHash(recovered.state)).toBe(replayed.lastHash)
  const past = await createTwinHistory({ journal, clock: Date.now }).stateAt({ kind: 'sequence', sequence: chosen })
  expect(stateHash(past)).toBe(replayed.chosenHash)
  journal.close()
  return { ...replayed, snapshotSequence: recovered.snapshotSequence }
}

async function eventCounts({ url }: EdgetwinProcess): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const rows = [...text.matchAll(/^edgetwin_events\{result="(\w+)"\} (\d+)$/gm)]
  return Object.fromEntries(rows.map(([, result = '', count]) => [result, Number(count)]))
}

const hashAt = async (server: EdgetwinProcess, sequence: number) =>
  (await server.get<{ hash: string }>(`/api/v1/state?at=${encodeURIComponent(`#${sequence}`)}`)).hash

it(`forgets nothing acknowledged and tells the same past after each of ${KILLS} kills (${REPLAY})`, async () => {
  const generator = xoroshiro128plus(SEED)
  const dataDir = freshDataDir()
  const args = ['--data-dir', dataDir, '--no-this-machine', '--scrape-ms', '100', '--tick-ms', '50', '--snapshot-every', '400']
  const start = () => startEdgetwin([...args, '--log-level', 'error', '--seed', String(SEED)])
  const acknowledged: Acknowledged = { sequence: 0, modeCount: 0, whatIfs: [] }
  let fixed: { readonly sequence: number; readonly hash: string } | null = null
  let snapshotSequence = 0

  edgetwin = await start()
  for (let kill = 0; kill < KILLS; kill++) {
    const delayMs = uniformInt(generator, 100, 1_500)
    await Promise.all([askUntilGone(edgetwin, acknowledged), burstAndKill(edgetwin, delayMs)])

    const draw = uniformInt(generator, 1, 1e9)
    const replayed = await replayCopy(dataDir, (last) => 1 + (draw % last))
    fixed ??= { sequence: replayed.chosen, hash: replayed.chosenHash }
    snapshotSequence = replayed.snapshotSequence
    const { last, events } = replayed
    expect(last).toBeGreaterThanOrEqual(acknowledged.sequence)
    const modeCount = events.filter(({ event }) => event.type === 'loop.modeChanged').length
    expect(modeCount).toBeGreaterThanOrEqual(acknowledged.modeCount)
    const journaled = new Set(events.map(({ event }) => (event.type === 'whatif.asked' ? event.id : null)))
    expect(acknowledged.whatIfs.filter((id) => !journaled.has(id))).toEqual([])

    edgetwin = await start()
    expect(await hashAt(edgetwin, last)).toBe(replayed.lastHash)
    expect(await hashAt(edgetwin, replayed.chosen)).toBe(replayed.chosenHash)
    expect(await hashAt(edgetwin, fixed.sequence)).toBe(fixed.hash)
    const { received = 0, applied = 0, superseded = 0, duplicate = 0, dead = 0 } = await eventCounts(edgetwin)
    expect(received).toBe(applied + superseded + duplicate + dead)
    expect(received).toBeGreaterThanOrEqual(replayed.counts.received)
    expect([duplicate, dead]).toEqual([0, 0])
  }
  // Else neither the acknowledgements nor the snapshots were put to the test.
  expect(acknowledged.whatIfs.length).toBeGreaterThan(KILLS)
  expect(snapshotSequence).toBeGreaterThan(0)
})
