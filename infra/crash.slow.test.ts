/**
 * kill -9 at ten seeded moments while events flow. After each: nothing that was accepted is missing, the twin from
 * snapshot and tail is that of a full replay, and the next process goes on from exactly there.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from '@jest/globals'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { openJournal } from '../connectors/journal/journal.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { recoverTwin } from './recovery.ts'
import { stateHash } from './state-hash.ts'
import { newJournalPath } from './testing/journaled-site.ts'

const KILLS = 10
const SEED = Number(process.env.CRASH_SEED ?? 20_260)
/** Event times of run n start n hours on, so every event has a time of its own; all lie within what the codec takes. */
const RUN_MS = 60_000
const startMs = Date.now() - 86_400_000

const script = fileURLToPath(new URL('testing/crash-child.ts', import.meta.url))
const journalFile = newJournalPath()
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  journalFile.dispose()
})

function spawnRun(run: number): ChildProcess {
  const child = spawn(process.execPath, [script, journalFile.path, `${SEED + run}`, `${startMs + run * RUN_MS}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  return child
}

/** Lets the child work until it has printed so many accepted events, waits a moment more and kills it. */
async function runAndKill(child: ChildProcess, { acceptedMin, delayMs }: { readonly acceptedMin: number; readonly delayMs: number }) {
  let output = ''
  const { promise: isDone, resolve } = Promise.withResolvers<void>()
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.split('\n').length > acceptedMin) resolve()
  })
  const closed = once(child, 'close')
  child.stdin!.write('go\n')
  await Promise.race([isDone, closed])
  await sleep(delayMs)
  child.kill('SIGKILL')
  const [, signal] = await closed
  expect(signal).toBe('SIGKILL')
  const lines = output.split('\n').slice(0, -1)
  return {
    recoveredHash: lines[0]?.replace('recovered ', ''),
    acceptedMs: lines.slice(1).map((line) => Number(line.replace('accepted ', ''))),
  }
}

it(`forgets nothing accepted and rebuilds the same twin after each of ${KILLS} kills (CRASH_SEED=${SEED})`, async () => {
  const generator = xoroshiro128plus(SEED)
  let hash = stateHash(emptyTwin)
  let next = spawnRun(0)
  for (let run = 0; run < KILLS; run++) {
    const child = next
    // The next one loads its modules while this one works.
    if (run + 1 < KILLS) next = spawnRun(run + 1)
    const moment = { acceptedMin: uniformInt(generator, 1, 900), delayMs: uniformInt(generator, 0, 12) }
    const { recoveredHash, acceptedMs } = await runAndKill(child, moment)
    expect(recoveredHash).toBe(hash)

    const journal = openJournal({ path: journalFile.path })
    const events = [...journal.read({ after: 0 })]
    const journaledMs = new Set(events.map(({ event }) => event.timeMs))
    expect(journaledMs.size).toBe(events.length)
    expect(acceptedMs.filter((timeMs) => !journaledMs.has(timeMs))).toEqual([])
    expect(acceptedMs.length).toBeGreaterThan(0)
    expect(journal.counts()).toEqual({ received: events.length, accepted: events.length, duplicate: 0, dead: 0 })
    const { state, refusedCount } = recoverTwin(journal)
    expect(refusedCount).toBe(0)
    hash = stateHash(applyEvents(emptyTwin, events))
    expect(stateHash(state)).toBe(hash)
    journal.close()
  }
}, 60_000)
