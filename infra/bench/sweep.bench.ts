/** Sweeps on the twin of the DHS site: 1,000 points, every algorithm at each, break points refined; on one core. */
import { defaultRegistry } from '../../models/applications/registry.ts'
import { formatScenario } from '../../models/scenario/format.ts'
import { parseScenario } from '../../models/scenario/parse.ts'
import { dhsEvents, journaled } from '../../models/testing/dhs-site.ts'
import { applyEvents } from '../../twin/fold.ts'
import { runSweep } from '../../twin/sweep.ts'
import { emptyTwin } from '../../twin/twin-state.ts'

export const suite = 'sweep'

type Report = (figure: { suite: string; name: string; value: number; unit: string; [extra: string]: unknown }) => void

const SWEEPS = {
  'rate of a link': 'sweep link(camera-pi-1) 0.1..1000 Mbit/s steps 1000 log',
  'after a loss': 'lose(node/tx2-1) + burst(camera-pi-1, resnet50, x8) + sweep link(camera-pi-1) x0.01..x1 steps 1000',
  'threshold of DHS': 'sweep delta1 0..1 steps 1000',
} as const
const PARSES = 5_000

export async function run(report: Report): Promise<void> {
  const state = applyEvents(emptyTwin, journaled(dhsEvents()))
  const options = { registry: defaultRegistry(), stateHash: '', nowMs: 0 }
  for (const [name, text] of Object.entries(SWEEPS)) {
    const scenario = parseScenario(text)
    let asked = 0
    const startMs = performance.now()
    const cpuBefore = process.cpuUsage()
    const { breakPoints } = runSweep(state, scenario, { ...options, onPoint: () => asked++ })
    const seconds = (performance.now() - startMs) / 1_000
    const { user, system } = process.cpuUsage(cpuBefore)
    // On a machine that others use too, what the processor spent says more than the clock.
    const cpuSeconds = (user + system) / 1e6
    report({
      suite,
      name: `1,000 points, ${name}`,
      value: seconds,
      unit: 's',
      cpuSeconds,
      asked,
      breakPoints: breakPoints.length,
      limitSeconds: 5,
    })
  }
  const startMs = performance.now()
  for (let each = 0; each < PARSES; each++) formatScenario(parseScenario(SWEEPS['after a loss']))
  report({ suite, name: 'text read and written', value: (PARSES / (performance.now() - startMs)) * 1_000, unit: '1/s' })
}
