import { expect, it } from '@jest/globals'
import { aNewRequest, type InferenceRequest } from '../../../../models/entities/request.ts'
import { quantile, requestFigures } from './request-figures.ts'

const completed = (id: string, latencyMs: number): InferenceRequest => {
  const request = aNewRequest(id)
  return { ...request, mode: 'completed', reported: { ...request.reported, completedMs: latencyMs, latencyMs } }
}

it('counts by state and takes latencies of what completed', () => {
  const figures = requestFigures([completed('b', 300), completed('a', 100), { ...aNewRequest('c'), mode: 'waiting' }])
  expect(figures).toMatchObject({ waitingCount: 1, completedCount: 2, p50Ms: 100, p95Ms: 300 })
  expect(figures.completed.map(({ timeMs }) => timeMs)).toEqual([100, 300])
})

it('takes the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  expect(quantile(hundred, 0.95)).toBe(95)
  expect(quantile([7], 0.5)).toBe(7)
  expect(quantile([], 0.5)).toBeNull()
})
