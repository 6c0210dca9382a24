/**
 * How soon edgetwin is ready again, as a process, with a million events in its journal and a snapshot; and what a replay of all
 * of them costs in time and memory, in a process of its own: a quarter of the events must need the same.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { openJournal } from '../../../connectors/journal/journal.ts'
import { freshDataDir, startEdgetwin } from '../../e2e/edgetwin-process.ts'
import { recoverTwin } from '../../recovery.ts'
import { snapshotOf } from '../../state-hash.ts'
import { seededEvents } from '../../testing/seeded-events.ts'
import { type Length, quantile, type Report } from '../figure.ts'
import { cpuSeconds } from './bench-process.ts'

export const suite = 'restart'

const EVENTS: Readonly<Record<Length, number>> = { quick: 200_000, usual: 1_000_000, long: 1_000_000 }
const BATCH = 1_000
/** A snapshot is at most so old: the default of the ingest. */
const TAIL = 20_000
const STARTS = 3
const REPLAY_CHILD = fileURLToPath(new URL('replay-child.ts', import.meta.url))

const replayShape = z.object({ sequence: z.number(), seconds: z.number(), liveBytesMax: z.number(), residentBytesMax: z.number() })

export async function run(report: Report, length: Length): Promise<void> {
  const dataDir = freshDataDir()
  const emptyDir = freshDataDir()
  try {
    const path = join(dataDir, 'dhs.journal.db')
    const quarter = join(emptyDir, 'quarter.db')
    fill(quarter, { from: 0, to: EVENTS[length] / 4, tail: 0 })
    fill(path, { from: 0, to: EVENTS[length], tail: TAIL })
    benchReplay(report, quarter)
    benchReplay(report, path)
    await benchStart(report, { name: 'start to ready, empty journal', dataDir: emptyDir })
    await benchStart(report, { name: 'start to ready', dataDir, events: EVENTS[length], limitSeconds: 3 })
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
    rmSync(emptyDir, { recursive: true, force: true })
  }
}

/** Without waiting for the disk; with a snapshot `tail` events before its end. */
function fill(path: string, { from, to, tail }: { readonly from: number; readonly to: number; readonly tail: number }): void {
  const journal = openJournal({ path, synchronous: 'off' })
  const startMs = Date.now() - to
  const events = seededEvents({ seed: 1, startMs })
  for (let at = from; at < to; at += BATCH) {
    const positioned = Array.from({ length: BATCH }, (_, index) => ({
      position: { topic: 'bench', partition: 0, offset: at + index },
      event: events.next().value,
    }))
    journal.append({ events: positioned, deadLetters: [], receivedMs: startMs + at })
    if (tail > 0 && at + BATCH === to - tail) journal.saveSnapshot(snapshotOf(recoverTwin(journal).state))
  }
  journal.close()
}

function benchReplay(report: Report, path: string): void {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', REPLAY_CHILD, path], { encoding: 'utf8' })
  if (stdout === '') throw new Error(`the replay failed: ${stderr}`)
  const { sequence, seconds, liveBytesMax, residentBytesMax } = replayShape.parse(JSON.parse(stdout))
  report({
    suite,
    name: 'replay of all events',
    value: seconds,
    unit: 's',
    events: sequence,
    liveHeapMiB: liveBytesMax / 2 ** 20,
    residentMiB: residentBytesMax / 2 ** 20,
    limitSeconds: (30 * sequence) / 1e6,
  })
}

interface StartOptions {
  readonly name: string
  readonly dataDir: string
  readonly [extra: string]: unknown
}

/** Killed each time, so that no fresh snapshot shortens the next start. */
async function benchStart(report: Report, { name, dataDir, ...extra }: StartOptions): Promise<void> {
  const seconds: number[] = []
  const spent: number[] = []
  for (let start = 0; start < STARTS; start++) {
    const edgetwin = await startEdgetwin(['--data-dir', dataDir, '--no-this-machine', '--log-level', 'error'])
    seconds.push(edgetwin.startedInMs / 1_000)
    spent.push(cpuSeconds(edgetwin))
    await edgetwin.kill('SIGKILL')
  }
  report({ suite, name, value: quantile(seconds, 0.5), unit: 's', cpuSeconds: quantile(spent, 0.5), ...extra })
}
