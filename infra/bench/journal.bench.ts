/**
 * How fast events become durable and a twin comes back, and what the fold costs on a large site.
 *
 * Commits wait for the disk, so plain write and fdatasync in the same folder run beside them: the ratio holds on any disk.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { openJournal } from '../../connectors/journal/journal.ts'
import type { JournaledEvent, PositionedEvent, TwinEvent } from '../../models/events/events.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin, type TwinState } from '../../twin/twin-state.ts'
import { recoverTwin } from '../recovery.ts'
import { snapshotOf, stateHash } from '../state-hash.ts'
import { newJournalPath, startSite } from '../testing/journaled-site.ts'
import { seededEvents, takeEvents } from '../testing/seeded-events.ts'
import type { Report } from './figure.ts'

export const suite = 'journal'

const MEASURE_MS = 1000
const BATCH = 500
const EVENTS = 100_000
/** A snapshot is at most so old: the default of the ingest. */
const TAIL = 20_000
const START_MS = 1_750_000_000_000
const LARGE = { nodes: 1_000, accelerators: 4_000, pods: 10_000 }

export async function run(report: Report): Promise<void> {
  const file = newJournalPath()
  try {
    benchCommits(report, file.path)
    await benchIngest(report, `${file.path}.ingest`)
    benchRestart(report, `${file.path}.restart`)
  } finally {
    file.dispose()
  }
  benchFold(report)
}

function benchCommits(report: Report, path: string): void {
  const journal = openJournal({ path })
  const next = positioned()
  const append = (count: number) => journal.append({ events: next(count), deadLetters: [], receivedMs: START_MS })
  const commits = perSecond(() => append(1))
  report({ suite, name: 'commits of one event', value: commits, unit: 'commits/s' })
  report({ suite, name: 'commits over plain fdatasync', value: commits / fdatasyncsPerSecond(`${path}.plain`), unit: 'ratio' })
  report({ suite, name: 'append in batches', value: perSecond(() => append(BATCH)) * BATCH, unit: 'events/s', batch: BATCH })
  journal.close()
}

function fdatasyncsPerSecond(path: string): number {
  const file = openSync(path, 'w')
  // As a write-ahead log does in the long run: pages over older pages.
  const page = Buffer.alloc(4_096, 'x')
  const pageCount = 1_000
  writeSync(file, Buffer.alloc(pageCount * page.length))
  let n = 0
  const rate = perSecond(() => {
    writeSync(file, page, 0, page.length, (n++ % pageCount) * page.length)
    fdatasyncSync(file)
  })
  closeSync(file)
  return rate
}

/** Everything between a publisher and the twin: encode, decode, commit, fold. */
async function benchIngest(report: Report, path: string): Promise<void> {
  const site = await startSite({ path, clock: () => START_MS })
  const events = takeEvents(seededEvents({ seed: 1, startMs: START_MS }), EVENTS)
  const start = performance.now()
  let count = 0
  while (performance.now() - start < MEASURE_MS && count < EVENTS) {
    await site.log.publish(events.slice(count, count + BATCH))
    count += BATCH
  }
  report({ suite, name: 'publish to folded', value: (count / (performance.now() - start)) * 1000, unit: 'events/s', batch: BATCH })
  await site.stop()
}

function benchRestart(report: Report, path: string): void {
  const journal = openJournal({ path })
  const next = positioned()
  for (let count = 0; count < EVENTS; count += BATCH) journal.append({ events: next(BATCH), deadLetters: [], receivedMs: START_MS })
  const start = performance.now()
  const state = applyEvents(emptyTwin, journal.read({ after: 0 }))
  const elapsedMs = performance.now() - start
  report({ suite, name: 'replay, journal to twin', value: (EVENTS / elapsedMs) * 1000, unit: 'events/s', events: EVENTS })
  journal.saveSnapshot(snapshotOf(applyEvents(emptyTwin, journal.read({ after: 0, until: EVENTS - TAIL }))))
  journal.close()

  const restart = performance.now()
  const again = openJournal({ path })
  const recovered = recoverTwin(again)
  report({
    suite,
    name: 'restart, snapshot and tail',
    value: performance.now() - restart,
    unit: 'ms',
    events: EVENTS,
    tail: recovered.replayedCount,
  })
  if (stateHash(recovered.state) !== stateHash(state)) throw new Error('the recovered twin is not the replayed one')
  again.close()
}

function benchFold(report: Report): void {
  globalThis.gc?.()
  const emptyBytes = process.memoryUsage().heapUsed
  const journaled = journaler()
  let state = applyEvents(emptyTwin, journaled(largeSite()))
  globalThis.gc?.()
  report({ suite, name: 'fold memory', value: (process.memoryUsage().heapUsed - emptyBytes) / 1e6, unit: 'MB', ...LARGE })
  report({ suite, name: 'fold samples', unit: 'samples/s', batch: BATCH, ...LARGE, value: foldRate(state) })
  state = applyEvents(emptyTwin, journaler()(takeEvents(seededEvents({ seed: 1, startMs: START_MS }), 1_000)))
  report({ suite, name: 'fold samples', unit: 'samples/s', batch: BATCH, value: foldRate(state), nodes: 4, accelerators: 4, pods: 40 })
}

/** Samples of every accelerator of `state` in turn, in batches as the ingest hands them over. */
function foldRate(state: TwinState): number {
  const names = [...state.entities.accelerator.keys()]
  const journaled = journaler(state.sequence, 'samples')
  let timeMs = START_MS + 1e6
  let index = 0
  const batches = Array.from({ length: 200 }, () =>
    journaled(Array.from({ length: BATCH }, () => aSample(names[index++ % names.length]!, timeMs++))),
  )
  let folded = state
  let turn = 0
  return (
    BATCH *
    perSecond(() => {
      // Positions of a second round would be known: it starts from the same state again.
      if (turn % batches.length === 0) folded = state
      folded = applyEvents(folded, batches[turn++ % batches.length]!)
    })
  )
}

function largeSite(): TwinEvent[] {
  const common = { site: 'large', timeMs: START_MS, source: 'bench' }
  const identity = { emulated: true, deviceModel: null }
  const events: TwinEvent[] = []
  for (let n = 0; n < LARGE.nodes; n++) {
    const name = `node-${n}`
    events.push({ type: 'node.observed', ...common, name, identity: { role: 'server', memoryBytes: 8e9, ...identity }, schedulable: true })
    events.push({ type: 'node.conditionsChanged', ...common, name, ready: true, cordoned: false, reason: '' })
    events.push({ type: 'node.sampled', ...common, name, load: { utilizationRatio: 0.5, memoryUsedBytes: 1e9 } })
  }
  for (let n = 0; n < LARGE.accelerators; n++) {
    const node = `node-${n % LARGE.nodes}`
    const name = `${node}/gpu${Math.floor(n / LARGE.nodes)}`
    events.push({ type: 'accelerator.observed', ...common, name, identity: { node, acceleratorKind: 'GPU', ...identity } })
    events.push(aSample(name, START_MS))
  }
  for (let n = 0; n < LARGE.pods; n++) {
    const node = `node-${n % LARGE.nodes}`
    const name = `request-${n}-infer`
    const spec = { request: `request-${n}`, camera: 'cam-1', application: 'alexnet', stage: 'infer', frames: 30, iteration: 0 }
    events.push({ type: 'pod.created', ...common, name, uid: `uid-${n}`, spec })
    events.push({ type: 'pod.bound', ...common, name, node, accelerator: `${node}/gpu${n % 4}`, image: 'ncnn', by: 'edgetwin' })
  }
  return events
}

function aSample(name: string, timeMs: number): TwinEvent {
  const load = { utilizationRatio: 0.5, memoryUsedBytes: 1e9, temperatureCelsius: 40, powerWatts: 9 }
  return { type: 'accelerator.sampled', site: 'large', timeMs, source: 'bench', name, load }
}

/** The next so many of a ring of seeded events, at ever higher positions. */
function positioned(): (count: number) => PositionedEvent[] {
  const events = takeEvents(seededEvents({ seed: 1, startMs: START_MS }), EVENTS)
  let offset = 0
  const next = (): PositionedEvent => {
    const event = events[offset % EVENTS]!
    return { position: { topic: 'bench', partition: 0, offset: offset++ }, event }
  }
  return (count) => Array.from({ length: count }, next)
}

function journaler(sequence = 0, topic = 'bench'): (events: readonly TwinEvent[]) => JournaledEvent[] {
  let last = sequence
  return (events) => events.map((event) => ({ sequence: ++last, position: { topic, partition: 0, offset: last }, event }))
}

function perSecond(work: () => void): number {
  for (const end = performance.now() + MEASURE_MS / 5; performance.now() < end; ) work()
  const start = performance.now()
  let count = 0
  while (performance.now() - start < MEASURE_MS * 0.8) {
    work()
    count++
  }
  return (count / (performance.now() - start)) * 1000
}
