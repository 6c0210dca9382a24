/** The form's question in words. It needs the shapes of scenarios, so the page loads it only when the panel is opened. */
import { formatScenario } from '../../../../models/scenario/format.ts'
import { type Scenario, scenarioShape } from '../../../../models/scenario/scenario.ts'
import { type Question, toQuery } from './question.ts'

/** A load becomes bursts on top of nothing. @param question One that can be asked. */
export function scenarioOf(question: Question, cameras: readonly string[]): Scenario {
  const { base, edits = [], workload, ...settings } = toQuery(question, cameras)
  const isList = Array.isArray(workload)
  const bursts = isList ? workload.map((request) => ({ kind: 'burst', ...request })) : []
  return scenarioShape.parse({ ...settings, at: base, edits: [...edits, ...bursts], workload: isList ? 'nothing' : workload })
}

export function textOf(question: Question, cameras: readonly string[]): string {
  return formatScenario(scenarioOf(question, cameras))
}
