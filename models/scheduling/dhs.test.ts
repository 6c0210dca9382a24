import { describe, expect, it } from '@jest/globals'
import { cameraLoadSeconds, classifyLoad, dhs, type Load } from './dhs.ts'
import { createProblem } from './problem.ts'

const aLoad = (over: Partial<Load> = {}): Load => ({
  cameraLoadsSeconds: [0.1, 0.1, 0.1, 0.1],
  requestCount: 3,
  cameraCount: 4,
  delta1Seconds: 0.1,
  delta2: 1,
  ...over,
})

describe('classifyLoad', () => {
  it.each([
    [[0.1, 0.1, 0.1, 0.1], 6, 'B-H', 'peft'],
    [[0.9, 0, 0, 0], 6, 'U-H', 'peft'],
    [[0.9, 0, 0, 0], 3, 'U-L', 'cpop'],
    [[0.1, 0.1, 0.1, 0.1], 3, 'B-L', 'heft'],
  ])('%j with %d requests is %s and goes to %s', (cameraLoadsSeconds, requestCount, className, algorithm) => {
    expect(classifyLoad(aLoad({ cameraLoadsSeconds, requestCount }))).toMatchObject({ className, algorithm })
  })

  it('shows t_min, t_max, t_mean and A / n', () => {
    expect(classifyLoad(aLoad({ cameraLoadsSeconds: [0, 0.25, 0.75, 1], requestCount: 6 }))).toEqual({
      className: 'U-H',
      unbalanced: true,
      heavy: true,
      tMinSeconds: 0,
      tMaxSeconds: 1,
      tMeanSeconds: 0.5,
      requestsPerCamera: 1.5,
      algorithm: 'peft',
    })
  })

  it.each([
    ['both sides equal δ1', [0.2, 0.4], 0.1, false],
    ['above δ1 on both sides', [0.2, 0.4001], 0.1, true],
    ['only the maximum is above', [0, 0, 0, 0.2], 0.1, true],
    ['only the minimum is above', [0, 0.2, 0.2, 0.2], 0.1, true],
    ['all equal, δ1 = 0', [0.3, 0.3, 0.3], 0, false],
    ['one camera', [5], 0, false],
  ])('balance: %s', (_, cameraLoadsSeconds, delta1Seconds, unbalanced) => {
    expect(classifyLoad(aLoad({ cameraLoadsSeconds, delta1Seconds })).unbalanced).toBe(unbalanced)
  })

  it.each([
    [6, 4, 1, true],
    [6, 5, 1, true],
    [4, 4, 1, true],
    [3, 4, 1, false],
    [3, 5, 1, false],
    [3, 10, 0.3, true],
    [0, 4, 0, true],
  ])('A = %d, n = %d, δ2 = %d: heavy is %s', (requestCount, cameraCount, delta2, heavy) => {
    expect(classifyLoad(aLoad({ requestCount, cameraCount, delta2 })).heavy).toBe(heavy)
  })

  it.each([
    [{ cameraLoadsSeconds: [] }, 'no camera load'],
    [{ cameraLoadsSeconds: [0, Number.NaN] }, 'camera 1'],
    [{ cameraLoadsSeconds: [-1] }, 'camera 0'],
    [{ cameraCount: 0 }, 'cameraCount is 0'],
    [{ requestCount: -1 }, 'requestCount is -1'],
    [{ delta1Seconds: Number.POSITIVE_INFINITY }, 'delta1Seconds is Infinity'],
    [{ delta2: Number.NaN }, 'delta2 is NaN'],
  ])('refuses %j', (over, message) => {
    expect(() => classifyLoad(aLoad(over))).toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID', message: expect.stringContaining(message) }),
    )
  })
})

it('t_i is w_i / C_i', () => {
  expect(cameraLoadSeconds({ workGflop: 8.178368512, gflopPerSecond: 9 })).toBeCloseTo(0.908707612, 9)
  expect(() => cameraLoadSeconds({ workGflop: 1, gflopPerSecond: 0 })).toThrow('gflopPerSecond is 0')
})

it('names itself and the algorithm it picked', () => {
  const problem = createProblem({ computeMs: [[2]], edges: [], bytesPerMs: [[0]], latencyMs: [[0]] })
  expect(dhs(problem, aLoad())).toEqual({
    algorithm: 'dhs',
    dispatchedTo: 'heft',
    makespanMs: 2,
    assignments: [{ task: 0, processor: 0, startMs: 0, finishMs: 2 }],
    order: [0],
  })
})
