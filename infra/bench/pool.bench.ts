/**
 * What-ifs through the pool against the same asked inline: what the way to a worker and back costs, and whether ten
 * thousand of them leave anything behind. The twin moves on between questions, as a live one does.
 */
import { defaultRegistry } from '../../models/applications/registry.ts'
import { whatIfQueryShape } from '../../models/contracts/what-if.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { dhsEvents, journaled } from '../../models/testing/dhs-site.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin, type TwinState } from '../../twin/twin-state.ts'
import { askWhatIf } from '../../twin/what-if.ts'
import { stateHash } from '../state-hash.ts'
import { createWhatIfPool } from '../what-if-pool.ts'
import type { Report } from './figure.ts'

export const suite = 'pool'

const WARM_UP = 300
const QUERIES = 500
const MEMORY_QUERIES = 10_000
const registry = defaultRegistry()
const query = whatIfQueryShape.parse({ edits: [{ kind: 'lose-node', node: 'tx2-1' }] })

const light = whatIfQueryShape.parse({ ...query, algorithms: ['heft', 'dhs'] })

export async function run(report: Report): Promise<void> {
  const first = applyEvents(emptyTwin, journaled(dhsEvents()))
  const inlineMs = await timesMs(
    first,
    async (state) => void askWhatIf(state, query, { id: 'bench', stateHash: stateHash(state), registry }),
  )
  tell('inline', inlineMs)
  const pool = createWhatIfPool({ registry, workerCount: 2 })
  const pooledMs = await timesMs(first, async (state) => void (await pool.ask(state, query, { id: 'bench' })))
  tell('pool', pooledMs)
  const startMs = performance.now()
  await pool.askAll(first, Array(QUERIES).fill(query), { id: 'bench' })
  report({ suite, name: 'batch over 2 workers', value: (QUERIES * 1_000) / (performance.now() - startMs), unit: '1/s' })

  // Workers keep what their heap once needed, so what counts is growth after they have seen some.
  await askMany(MEMORY_QUERIES / 2)
  const before = await memoryMiB()
  await askMany(MEMORY_QUERIES)
  const after = await memoryMiB()
  report({ suite, name: 'heap after 10,000 more', value: after.heap - before.heap, unit: 'MiB', was: before.heap })
  report({ suite, name: 'resident after 10,000 more', value: after.resident - before.resident, unit: 'MiB', was: before.resident })
  await pool.stop()

  async function askMany(count: number): Promise<void> {
    for (let asked = 0; asked < count; asked += 500) await pool.askAll(first, Array(500).fill(light), { id: 'bench' })
  }
  function tell(name: string, durations: readonly number[]): void {
    const totalMs = durations.reduce((sum, ms) => sum + ms, 0)
    report({ suite, name: `${name}, queries`, value: (durations.length * 1_000) / totalMs, unit: '1/s' })
    report({ suite, name: `${name}, p50`, value: durations[Math.floor(durations.length * 0.5)]!, unit: 'ms' })
    report({ suite, name: `${name}, p99`, value: durations[Math.floor(durations.length * 0.99)]!, unit: 'ms' })
  }
}

/** One after the other, each on a twin that has heard a sample more. Sorted. */
async function timesMs(first: TwinState, ask: (state: TwinState) => Promise<void>): Promise<number[]> {
  const durations: number[] = []
  let state = first
  for (let turn = 0; turn < WARM_UP + QUERIES; turn++) {
    state = applyEvents(state, journaled([aSample(turn)], { after: state.sequence }))
    const startMs = performance.now()
    await ask(state)
    if (turn >= WARM_UP) durations.push(performance.now() - startMs)
  }
  return durations.sort((a, b) => a - b)
}

function aSample(turn: number): TwinEvent {
  const load = { utilizationRatio: (turn % 100) / 100 }
  return { type: 'node.sampled', site: 'dhs', timeMs: 1_000_000 + turn, source: 'bench', name: 'pi-1', load }
}

async function memoryMiB(): Promise<{ heap: number; resident: number }> {
  // The last answers are garbage only once their promises are.
  await new Promise((resolve) => setTimeout(resolve, 100))
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed / 2 ** 20, resident: rss / 2 ** 20 }
}
