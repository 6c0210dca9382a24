import { describe, expect, it } from '@jest/globals'
import { parseInstances } from './gold-instance.ts'

const ONE = {
  id: 'one',
  n: 1,
  p: 2,
  W: [[1, null]],
  edges: [],
  rate: [
    [1, 1],
    [1, 1],
  ],
  lat: [
    [0, 1],
    [1, 0],
  ],
}
const text = (over: object) => JSON.stringify({ ...ONE, ...over })

describe('parseInstances', () => {
  it.each([
    ['one object', JSON.stringify(ONE, null, 2), ['one']],
    ['an array', JSON.stringify([ONE, { ...ONE, id: 'two' }]), ['one', 'two']],
    ['lines, blank ones and a byte order mark among them', `\uFEFF${text({})}\r\n\n${text({ id: 'two' })}\n`, ['one', 'two']],
    ['no id', `${text({ id: undefined })}\n${text({ id: undefined })}`, ['instance-1', 'instance-2']],
    ['an empty array', '[]', []],
  ])('reads %s', (_, source, ids) => {
    expect(parseInstances(source).map(({ id }) => id)).toEqual(ids)
  })

  it('maps the fields', () => {
    const [instance] = parseInstances(text({ ready: [0, 5], expect: { heft: { makespan: 1 } } }))
    expect(instance).toEqual({
      id: 'one',
      input: { computeMs: [[1, null]], edges: [], bytesPerMs: ONE.rate, latencyMs: ONE.lat, readyMs: [0, 5] },
      expect: { heft: { makespan: 1 } },
    })
  })

  it('takes homes from the pinned frames and servers from what follows the cameras', () => {
    const load = { t_s: [0.5], delta1: 0.1, delta2: 1 }
    const [instance] = parseInstances(
      text({
        n: 3,
        W: [
          [1, null],
          [2, 2],
          [null, 4],
        ],
        requestOf: [0, 0, 0],
        load,
      }),
    )
    expect(instance!.input).toMatchObject({ requestOf: [0, 0, 0], homes: [[0]], edge: [1] })
    expect(instance!.load).toEqual({ cameraLoadsSeconds: [0.5], requestCount: 1, cameraCount: 1, delta1Seconds: 0.1, delta2: 1 })
  })

  it.each([
    ['', 'the text holds no instance'],
    ['{"W": [', 'the text is not JSON'],
    [`${text({})}\n{oops`, 'line 2 is not JSON'],
    ['[1]', 'instance 1 is not an object'],
    [text({ id: 5 }), 'id of instance 1'],
    [text({ n: 3 }), 'n of instance 1 (one) cannot be used; it is 3, but 1 rows are given'],
    [text({ p: 3 }), 'p of instance 1 (one)'],
    [text({ W: undefined }), 'W of instance 1 (one)'],
    [text({ W: [[1, 'x']] }), 'W[0][1] of instance 1 (one)'],
    [text({ W: [7] }), 'W[0] of instance 1 (one)'],
    [text({ edges: [[0, 1]] }), 'edges[0] of instance 1 (one) cannot be used; give [from, to, bytes]'],
    [
      `${text({})}\n${text({
        lat: [
          [0, null],
          [0, 0],
        ],
      })}`,
      'lat[0][1] of line 2 (one)',
    ],
    [text({ load: { t_s: [1], delta1: 0.1, delta2: 1 } }), 'requestOf of instance 1 (one)'],
    [text({ requestOf: [0], load: { t_s: [1], delta1: 'x' } }), 'delta1 of load of instance 1 (one)'],
  ])('refuses %j', (source, message) => {
    expect(() => parseInstances(source)).toThrow(
      expect.objectContaining({ code: 'PROBLEM_INVALID', message: expect.stringContaining(message) }),
    )
  })
})
