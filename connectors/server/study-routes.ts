/** Studies: scenarios in words, sweeps, comparisons, what would flip an answer, and what is worked out all the time. */
import { z } from 'zod'
import { flipAnswerShape, flipQueryShape } from '../../models/contracts/flips.ts'
import { regretTableShape } from '../../models/contracts/regret.ts'
import { givenScenarioShape, scenarioAnswerShape, standingShape } from '../../models/contracts/study-api.ts'
import { comparisonShape, sweepAnswerShape } from '../../models/scenario/answers.ts'
import type { App, AppOptions } from './app-options.ts'
import { subjectOf } from './auth.ts'

/** A sweep of two thousand points takes seconds, not minutes; a client that leaves ends it. */
const SWEEP_TIMEOUT_MS = 60_000

export function addStudyRoutes(app: App, { api }: AppOptions): void {
  const body = z.object({ scenario: givenScenarioShape })
  app.post(
    '/api/v1/scenarios',
    {
      schema: { summary: 'A what-if in words, e.g. lose(node/edge-1) + link(cam-3, x0.5).', body, response: { 200: scenarioAnswerShape } },
    },
    (request) => api.scenario(request.body.scenario, subjectOf(request)),
  )
  app.post(
    '/api/v1/sweeps',
    {
      schema: { summary: 'A scenario with a sweep: the curve, and where the winner changes.', body, response: { 200: sweepAnswerShape } },
      handlerTimeout: SWEEP_TIMEOUT_MS,
    },
    async (request, reply) => {
      const left = new AbortController()
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) left.abort(new Error('the client left'))
      })
      return api.sweep(request.body.scenario, { signal: left.signal })
    },
  )
  app.post(
    '/api/v1/comparisons',
    {
      schema: {
        summary: 'Two scenarios on the same twin, side by side; differences are b − a.',
        body: z.object({ a: givenScenarioShape, b: givenScenarioShape }),
        response: { 200: comparisonShape },
      },
    },
    (request) => api.compare(request.body),
  )
  app.post(
    '/api/v1/flips',
    {
      schema: { summary: 'What would have to change for this one to win?', body: flipQueryShape, response: { 200: flipAnswerShape } },
      handlerTimeout: SWEEP_TIMEOUT_MS,
    },
    (request) => api.flips(request.body),
  )
  app.get(
    '/api/v1/standing',
    { schema: { summary: 'Which single loss would hurt most, and the radar of the DHS classes.', response: { 200: standingShape } } },
    () => api.standing(),
  )
  app.get(
    '/api/v1/regret',
    { schema: { summary: 'What each policy would have made of the requests that really came.', response: { 200: regretTableShape } } },
    () => api.regret(),
  )
}
