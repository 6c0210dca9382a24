import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { TwinError } from '../errors.ts'
import { APPLICATIONS, applicationNamed } from './applications.ts'
import { requestsOfLoad } from './loads.ts'
import { GRANULARITIES, partEdges, taskGraph } from './task-graph.ts'

const SEED = 42
const CAMERAS = ['pi-1', 'tx2-1', 'tx2-2', 'tx2-3']

const byEnds = (a: readonly number[], b: readonly number[]) => a[0]! - b[0]! || a[1]! - b[1]!
const aRequest = ({ id = 'r-1', camera = 'pi-1', application = 'alexnet', frames = 1 } = {}) => ({ id, camera, application, frames })

describe('the loads of the DHS experiment', () => {
  it('as block graphs: 41 and 82 tasks, 38 and 76 edges', () => {
    const light = taskGraph(requestsOfLoad('light', CAMERAS), 'block')
    const heavy = taskGraph(requestsOfLoad('heavy', CAMERAS), 'block')
    expect([light.tasks.length, light.edges.length]).toEqual([41, 38])
    expect([heavy.tasks.length, heavy.edges.length]).toEqual([82, 76])
  })

  /** Gold: the edges of the published-load scenario, bytes as computed independently. */
  it('Light has exactly the edges of the gold scenario', () => {
    const bytes = [
      150528, 186624, 129792, 259584, 173056, 36864, 16384, 16384, 150528, 802816, 602112, 802816, 376320, 401408, 401408, 401408, 413952,
      163072, 163072, 200704, 150528, 802816, 3211264, 3211264, 3211264, 1605632, 1605632, 1605632, 1605632, 802816, 802816, 802816, 802816,
      802816, 802816, 401408, 401408, 401408,
    ]
    const { tasks, edges } = taskGraph(requestsOfLoad('light', CAMERAS), 'block')
    expect(edges.map(([, , size]) => size)).toEqual(bytes)
    for (const [from, to] of edges) expect(to).toBe(from + 1)
    expect(tasks.flatMap(({ kind }, index) => (kind === 'frame' ? [index] : []))).toEqual([0, 9, 22])
  })

  it('as branch graphs: 85 and 170 tasks', () => {
    const light = taskGraph(requestsOfLoad('light', CAMERAS), 'branch')
    const heavy = taskGraph(requestsOfLoad('heavy', CAMERAS), 'branch')
    expect([light.tasks.length, heavy.tasks.length]).toEqual([85, 170])
  })

  /** Gold: edges, bytes, and the work of each task, which there counts an operation for each output of a merging task. */
  it.each(['dhs-B-L-branch-100', 'dhs-U-H-branch-100'])('equals %s, task by task', (id) => {
    const text = readFileSync(new URL('../scheduling/gold/dhs-scenarios.json', import.meta.url), 'utf8')
    const gold = (JSON.parse(text) as { id: string; W: (number | null)[][]; edges: number[][] }[]).find((each) => each.id === id)!
    const load = id.includes('-L-') ? 'light' : 'heavy'
    const { tasks, edges } = taskGraph(requestsOfLoad(load, CAMERAS), 'branch')
    expect([...edges].sort(byEnds)).toEqual([...gold.edges].sort(byEnds))
    gold.W.forEach((row, index) => {
      const { kind, name, macs } = tasks[index]!
      expect(row.filter((ms) => ms !== null)).toHaveLength(kind === 'frame' ? 1 : 4 + 1)
      if (kind === 'frame' || /fc|classifier/.test(name)) return
      // On the Raspberry Pi: 9 GFLOPS after 0.1 ms. What only merges has no MACs with us.
      if (macs === 0) expect(row[0]).toBeLessThan(0.3)
      else expect(0.1 + (2 * macs!) / 9e6).toBeCloseTo(row[0]!, 6)
    })
  })

  it('as stage graphs: a frame and a pod for each request', () => {
    const { tasks, edges } = taskGraph(requestsOfLoad('heavy', CAMERAS), 'stage')
    expect(tasks.map(({ name }) => name).slice(0, 4)).toEqual(['alexnet-1/frame', 'alexnet-1/infer', 'alexnet-2/frame', 'alexnet-2/infer'])
    expect(edges).toEqual([0, 1, 2, 3, 4, 5].map((request) => [2 * request, 2 * request + 1, 150_528]))
  })

  it('goes round the cameras', () => {
    expect(requestsOfLoad('heavy', CAMERAS).map(({ application, camera }) => `${application}@${camera}`)).toEqual([
      'alexnet@pi-1',
      'alexnet@tx2-1',
      'googlenet@tx2-2',
      'googlenet@tx2-3',
      'resnet50@pi-1',
      'resnet50@tx2-1',
    ])
    expect(requestsOfLoad('light', ['only']).map(({ camera }) => camera)).toEqual(['only', 'only', 'only'])
    expect(() => requestsOfLoad('light', [])).toThrow(TwinError)
  })
})

describe('taskGraph', () => {
  it('scales work and data with frames', () => {
    const { tasks, edges } = taskGraph([aRequest({ frames: 30 })], 'stage')
    expect(tasks.map(({ kind, blocks, frames, macs }) => ({ kind, blocks, frames, macs }))).toEqual([
      { kind: 'frame', blocks: [], frames: 30, macs: 0 },
      { kind: 'compute', blocks: [0, 1, 2, 3, 4, 5, 6, 7], frames: 30, macs: 30 * 714_188_480 },
    ])
    expect(edges).toEqual([[0, 1, 30 * 150_528]])
  })

  it('keeps unknown work unknown', () => {
    expect(taskGraph([aRequest({ application: 'face' })], 'block').tasks[1]!.macs).toBeNull()
  })

  it('names an unknown application, the request and the remedy', () => {
    expect(() => taskGraph([aRequest({ application: 'alexnett' })], 'block')).toThrow(
      'Request r-1 names the application "alexnett", which does not exist; use alexnet.',
    )
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %p frames', (frames) => {
    expect(() => taskGraph([aRequest({ frames })], 'stage')).toThrow(expect.objectContaining({ code: 'QUERY_INVALID' }))
  })

  it('is empty without requests', () => {
    expect(taskGraph([], 'block')).toEqual({ tasks: [], edges: [] })
  })

  it('any requests: each request starts with its frame, blocks occur once, edges go forward and stay inside', () => {
    const request = fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      camera: fc.constant('cam'),
      application: fc.constantFrom(...APPLICATIONS.map(({ name }) => name)),
      frames: fc.integer({ min: 1, max: 1_000_000 }),
    })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 8 }), fc.constantFrom(...GRANULARITIES), (requests, granularity) => {
        const { tasks, edges } = taskGraph(requests, granularity)
        for (const [from, to, bytes] of edges) {
          expect(from).toBeLessThan(to)
          expect(tasks[from]!.request).toBe(tasks[to]!.request)
          expect(bytes % requests[tasks[to]!.request]!.frames).toBe(0)
        }
        expect(new Set(edges.map(([from, to]) => `${from} ${to}`)).size).toBe(edges.length)
        requests.forEach(({ application }, index) => {
          const own = tasks.filter((task) => task.request === index)
          expect(own.map(({ kind }) => kind)).toEqual(['frame', ...Array(own.length - 1).fill('compute')])
          expect(own.flatMap(({ blocks }) => blocks)).toEqual(applicationNamed(application)!.blocks.map((_, block) => block))
        })
        // Every task but a frame is reached.
        const reached = new Set(edges.map(([, to]) => to))
        tasks.forEach(({ kind }, index) => {
          expect(reached.has(index)).toBe(kind === 'compute')
        })
      }),
      { seed: SEED },
    )
  })
})

/** The shipped networks are chains; a branching one cut into stages needs more. */
describe('edges between stages of a branching network', () => {
  // 0 → {1, 2} → 3, and 0 → 3.
  const diamond = {
    ...applicationNamed('alexnet')!,
    inputBytes: 7,
    blocks: [100, 20, 30, 4].map((outputBytes, index) => ({ name: `b${index}`, macs: 1, parameterBytes: 0, outputBytes })),
    edges: [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
      [0, 3],
    ],
  } as const
  const stagesOf = (...stages: number[][]) => stages.map((blocks, index) => ({ name: `s${index}`, blocks }))

  it.each([
    ['one stage', stagesOf([0, 1, 2, 3]), [[0, 1, 7]]],
    [
      'an output read twice behind the cut crosses once',
      stagesOf([0], [1, 2, 3]),
      [
        [0, 1, 7],
        [1, 2, 100],
      ],
    ],
    [
      'different outputs over one cut add up',
      stagesOf([0, 1, 2], [3]),
      [
        [0, 1, 7],
        [1, 2, 20 + 30 + 100],
      ],
    ],
  ])('%s', (_, stages, edges) => {
    expect(partEdges(diamond, stages)).toEqual(edges)
  })
})
