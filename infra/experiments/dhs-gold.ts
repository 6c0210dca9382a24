/** The sixteen fixed scenarios, computed independently: if ours differ, no figure of this experiment can be trusted. */
import { TwinError } from '../../models/errors.ts'
import { runAlgorithm } from '../../models/scheduling/algorithms.ts'
import { classifyLoad } from '../../models/scheduling/dhs.ts'
import { parseInstances } from '../../models/scheduling/gold-instance.ts'
import { createProblem } from '../../models/scheduling/problem.ts'

export interface GoldCheck {
  readonly scenarioCount: number
  readonly valueCount: number
  /** Largest relative difference of a makespan. */
  readonly worstRatio: number
}

const TOLERANCE_RATIO = 1e-6
const COMPARED = ['local', 'edge', 'heft', 'cpop', 'peft', 'dhs'] as const

/** @throws TwinError PROBLEM_INVALID naming the first scenario that differs, or a file without expectations */
export function checkGold(text: string): GoldCheck {
  const scenarios = parseInstances(text)
  const ratios = scenarios.flatMap(({ id, input, load, expect: expected }) => {
    if (load === undefined || expected === undefined) throw differs(id, 'it has no load or nothing to compare with')
    const { className, algorithm } = classifyLoad(load)
    if (className !== expected.cls || algorithm !== expected.algorithm) {
      throw differs(id, `${className} → ${algorithm} instead of ${String(expected.cls)} → ${String(expected.algorithm)}`)
    }
    const problem = createProblem(input, { place: id })
    return COMPARED.map((name) => {
      const { makespanMs } = runAlgorithm(name, problem, { load })
      const ratio = Math.abs(makespanMs / Number(expected[name]) - 1)
      if (!(ratio <= TOLERANCE_RATIO)) throw differs(id, `${name} takes ${makespanMs} ms instead of ${String(expected[name])}`)
      return ratio
    })
  })
  return { scenarioCount: scenarios.length, valueCount: ratios.length, worstRatio: Math.max(...ratios) }
}

function differs(id: string, how: string): TwinError {
  return new TwinError('PROBLEM_INVALID', `the fixed scenario ${id} is not reproduced: ${how}; mend the schedulers before running this`)
}
