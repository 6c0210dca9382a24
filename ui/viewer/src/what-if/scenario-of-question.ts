/** The form's question in words, and words checked before they are sent. It needs the shapes of scenarios, so the page loads it only when the panel is opened. */
import { TwinError } from '../../../../models/errors.ts'
import { formatScenario } from '../../../../models/scenario/format.ts'
import { parseScenario } from '../../../../models/scenario/parse.ts'
import { type Scenario, scenarioShape } from '../../../../models/scenario/scenario.ts'
import type { Problem } from '../live/api.ts'
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

/** What the server would refuse to read; names are for the server to know. @returns null when it can be read. */
export function faultOf(text: string): Problem | null {
  try {
    parseScenario(text)
    return null
  } catch (error) {
    if (!(error instanceof TwinError)) throw error
    return { status: 0, code: error.code, title: 'The words cannot be read', detail: error.message, errors: [] }
  }
}
