/** What-if questions to the twin of the DHS site: fork, six schedules, each played with contention, explained and ranked; and the portfolio's search on top. */
import { requestsOfLoad } from '../../models/applications/loads.ts'
import { defaultRegistry } from '../../models/applications/registry.ts'
import { ALGORITHM_NAMES, type WhatIfQuery, whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { dhsEvents, journaled } from '../../models/testing/dhs-site.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin } from '../../twin/twin-state.ts'
import { askWhatIf } from '../../twin/what-if.ts'
import type { Report } from './figure.ts'

export const suite = 'what-if'

const WARM_UP = 100
const QUERIES = 300
/** By what is added to the name of a figure. */
const ALGORITHMS = { '': ALGORITHM_NAMES.filter((name) => name !== 'portfolio'), ' + portfolio': [...ALGORITHM_NAMES] }
const options = { id: 'bench', stateHash: '', registry: defaultRegistry() }

export async function run(report: Report): Promise<void> {
  const state = applyEvents(emptyTwin, journaled(dhsEvents()))
  const cameras = [...state.entities.camera.keys()]
  for (const load of ['light', 'heavy'] as const) {
    const workload = requestsOfLoad(load, cameras).map(({ camera, application }) => ({ camera, application }))
    for (const granularity of ['stage', 'block'] as const) {
      for (const [extraName, algorithms] of Object.entries(ALGORITHMS)) {
        const query = whatIfQueryShape.parse({ workload, granularity, algorithms, edits: [{ kind: 'lose-node', node: 'tx2-1' }] })
        const durations = timesMs(() => askWhatIf(state, query, options), QUERIES)
        const extra = sizeOf(query)
        const name = `dhs ${load} ${granularity}${extraName}`
        const totalMs = durations.reduce((sum, ms) => sum + ms, 0)
        report({ suite, name: `${name}, queries`, value: (QUERIES / totalMs) * 1_000, unit: '1/s', ...extra })
        report({ suite, name: `${name}, p50`, value: durations[Math.floor(QUERIES * 0.5)]!, unit: 'ms', ...extra })
        report({ suite, name: `${name}, p99`, value: durations[Math.floor(QUERIES * 0.99)]!, unit: 'ms', ...extra })
      }
    }
  }
  const workload = cameras.map((camera) => ({ camera, application: 'resnet50', count: 26 }))
  const largest = whatIfQueryShape.parse({ workload, granularity: 'block' })
  const [leastMs = 0] = timesMs(() => askWhatIf(state, largest, options), 3)
  report({ suite, name: 'largest query', value: leastMs, unit: 'ms', ...sizeOf(largest) })

  function sizeOf(query: WhatIfQuery): { tasks: number; processors: number } {
    const { taskCount, processors } = askWhatIf(state, query, options)
    return { tasks: taskCount, processors: processors.length }
  }
}

/** Sorted. */
function timesMs(work: () => void, count: number): number[] {
  for (let warm = 0; warm < Math.min(count, WARM_UP); warm++) work()
  const durations = Array.from({ length: count }, () => {
    const startMs = performance.now()
    work()
    return performance.now() - startMs
  })
  return durations.sort((a, b) => a - b)
}
