/**
 * What the server can ask beside the live twin: scenarios in words, sweeps, comparisons. Like `TwinApi`, provided
 * by `infra` and put on REST by `connectors/server`; rejections are TwinErrors.
 */
import { z } from 'zod'
import type { Comparison, SweepAnswer } from '../scenario/answers.ts'
import { scenarioShape } from '../scenario/scenario.ts'
import type { FlipAnswer, FlipQuery } from './flips.ts'
import type { RegretTable } from './regret.ts'
import { nMinusOneReportShape, radarShape } from './standing.ts'
import { whatIfAnswerShape } from './what-if.ts'

/** A scenario as text or in its equal JSON form. */
export const givenScenarioShape = z.union([z.string().min(1).max(4_096), scenarioShape], {
  error: 'give a scenario as text, or in its JSON form',
})
export type GivenScenario = z.infer<typeof givenScenarioShape>

export const scenarioAnswerShape = z.object({
  /** The one canonical text, times made absolute: what to share. */
  text: z.string(),
  scenario: scenarioShape,
  answer: whatIfAnswerShape,
})
export type ScenarioAnswer = z.infer<typeof scenarioAnswerShape>

export const standingShape = z.object({
  /** Null until the first report is done. */
  nMinusOne: nMinusOneReportShape.nullable(),
  radar: radarShape,
})
export type Standing = z.infer<typeof standingShape>

export interface StudyApi {
  /** @throws QUERY_INVALID with the column, ENTITY_UNKNOWN with the nearest names, … */
  scenario(given: GivenScenario, by: string): Promise<ScenarioAnswer>
  sweep(given: GivenScenario, options: { readonly signal?: AbortSignal }): Promise<SweepAnswer>
  /** Both from the same twin. */
  compare(given: { readonly a: GivenScenario; readonly b: GivenScenario }): Promise<Comparison>
  /** The cheapest change that would make a loser win. */
  flips(query: FlipQuery): Promise<FlipAnswer>
  /** What is worked out all the time: the worst single loss, and where the load stands between the classes. */
  standing(): Promise<Standing>
  /** What each policy would have cost and gained on the requests that really came. */
  regret(): Promise<RegretTable>
}
