/** A scenario from whatever a client sent, in a URL, a request body or a file. */
import { nearestNames, TwinError } from '../errors.ts'
import { parseScenario } from './parse.ts'
import { checkSteps, type Scenario, scenarioShape } from './scenario.ts'

/**
 * The text, or the plain form of JSON and YAML, where everything has a default.
 *
 * @throws TwinError QUERY_INVALID with the field or the column, PROBLEM_TOO_LARGE for a sweep of too many points
 */
export function readScenario(given: unknown): Scenario {
  if (typeof given === 'string') return parseScenario(given)
  const parsed = scenarioShape.safeParse(given)
  if (parsed.success) {
    if (parsed.data.sweep !== null) checkSteps(parsed.data.sweep.steps)
    return parsed.data
  }
  const issue = parsed.error.issues[0]
  const field = issue?.path.join('.') || 'the scenario'
  const unknown = issue?.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : null
  const near = unknown === null ? [] : nearestNames(unknown, Object.keys(scenarioShape.shape))
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'correct the field, or write the scenario as text'
  throw new TwinError('QUERY_INVALID', `the scenario cannot be used: ${field}: ${issue?.message}; ${remedy}`, { details: { field, near } })
}
