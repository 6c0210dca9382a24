/** The one text of a scenario: what is at its default is left out, and reading it gives the same scenario again. */
import { formatAt } from './parse-at.ts'
import { formatObjective } from './parse-objective.ts'
import { deviceName } from './parse-terms.ts'
import { type Scenario, STEPS_DEFAULT, type Sweep, scenarioShape, type Term } from './scenario.ts'
import { formatRates } from './units.ts'
import { quotedIfNeeded } from './words.ts'

/** `at now` when nothing is asked beyond the defaults, so that there is always a text. `encodeURIComponent` of it goes into a URL. */
export function formatScenario(scenario: Scenario): string {
  const { edits, sweep, at, workload, algorithms, granularity, delta1Seconds, delta2, objective, deadlineMs } = scenario
  const defaults = scenarioShape.parse({})
  const parts = [...edits.map(formatTerm), ...(sweep === null ? [] : [formatSweep(sweep)])].join(' + ')
  const clauses = [
    at.kind === 'now' ? '' : `at ${formatAt(at)}`,
    workload === defaults.workload ? '' : `on ${workload}`,
    granularity === defaults.granularity ? '' : `in ${granularity}s`,
    algorithms.join() === defaults.algorithms.join() ? '' : `with ${algorithms.join(', ')}`,
    formatObjective(objective) === formatObjective(defaults.objective) ? '' : `by ${formatObjective(objective)}`,
    deadlineMs === null ? '' : `deadline ${deadlineMs} ms`,
    delta1Seconds === defaults.delta1Seconds ? '' : `delta1 ${delta1Seconds}`,
    delta2 === defaults.delta2 ? '' : `delta2 ${delta2}`,
  ]
  return [parts, ...clauses].filter((text) => text !== '').join(' ') || 'at now'
}

export function formatTerm(term: Term): string {
  switch (term.kind) {
    case 'lose-node':
      return `lose(node/${term.node})`
    case 'drain-node':
      return `drain(node/${term.node})`
    case 'cordon-node':
      return `cordon(node/${term.node})`
    case 'add-node': {
      const { node, role, accelerators, bytesPerSecond, latencyMs } = term
      const devices = accelerators.map(({ device, acceleratorKind, deviceModel }, index) => {
        const named = device === deviceName(acceleratorKind, accelerators.slice(0, index)) ? '' : `${device} `
        return `${named}${acceleratorKind} ${quotedIfNeeded(deviceModel)}`
      })
      return `add(${[`node/${node}`, role, ...devices, formatRates([bytesPerSecond]), `${latencyMs} ms`].join(', ')})`
    }
    case 'lose-accelerator':
      return `lose(accelerator/${term.accelerator})`
    case 'add-accelerator':
      return `add(accelerator/${term.accelerator}, ${term.acceleratorKind}, ${quotedIfNeeded(term.deviceModel)})`
    case 'add-camera':
      return `add(${[`camera/${term.camera}`, term.node ?? '-', ...term.applications].join(', ')})`
    case 'remove-camera':
      return `remove(camera/${term.camera})`
    case 'scale-link':
      return `link(${term.link}, x${term.factor})`
    case 'set-link':
      return `link(${term.link}, ${formatRates([term.bytesPerSecond])})`
    case 'burst':
      return `burst(${term.camera}, ${term.application}, x${term.count}${formatFrames(term.frames)})`
    case 'burst-each-camera':
      return `burst(${term.application}, x${term.count}${formatFrames(term.frames)})`
  }
}

export function formatSweep({ target, from, to, steps, scale }: Sweep): string {
  const howMany = `${steps === STEPS_DEFAULT ? '' : ` steps ${steps}`}${scale === 'log' ? ' log' : ''}`
  switch (target.kind) {
    case 'set-link':
      return `sweep link(${target.link}) ${formatRates([from, to])}${howMany}`
    case 'scale-link':
      return `sweep link(${target.link}) x${from}..x${to}${howMany}`
    case 'burst':
      return `sweep burst(${target.camera}, ${target.application}${formatFrames(target.frames)}) x${from}..x${to}${howMany}`
    case 'burst-each-camera':
      return `sweep burst(${target.application}${formatFrames(target.frames)}) x${from}..x${to}${howMany}`
    case 'delta1':
    case 'delta2':
      return `sweep ${target.kind} ${from}..${to}${howMany}`
  }
}

function formatFrames(frames: number): string {
  return frames === 1 ? '' : `, frames ${frames}`
}
