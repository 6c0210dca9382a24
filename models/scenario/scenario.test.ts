import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { editShape, whatIfQueryShape } from '../contracts/what-if.ts'
import { TwinError } from '../errors.ts'
import { anyScenario } from './any-scenario.ts'
import { formatScenario } from './format.ts'
import { parseScenario } from './parse.ts'
import { readScenario } from './read.ts'
import { type ResolvedScenario, resolveScenario, type ScenarioNames } from './resolve.ts'
import { type Scenario, type Sweep, scenarioShape } from './scenario.ts'
import { baseOf, pinScenario, sweepValues, toQuery } from './to-query.ts'

const SEED = 31_400
const NOW_MS = Date.UTC(2026, 10, 21, 15, 30)
const names: ScenarioNames = {
  nodes: [
    { name: 'pi-1', link: 'pi-1-uplink' },
    { name: 'tx2-1', link: 'tx2-1-uplink' },
    { name: 'edge-1', link: null },
  ],
  accelerators: ['pi-1/cpu0', 'tx2-1/cpu0', 'tx2-1/gpu0', 'edge-1/cpu0'],
  links: ['pi-1-uplink', 'tx2-1-uplink'],
  cameras: [
    { name: 'cam-2', node: 'tx2-1', isOffline: false },
    { name: 'cam-1', node: 'pi-1', isOffline: false },
    { name: 'cam-3', node: null, isOffline: true },
  ],
}
const edits = (text: string) => parseScenario(text).edits
const resolved = (text: string): ResolvedScenario => resolveScenario(parseScenario(text), names)
function refusalOf(act: () => unknown): TwinError {
  try {
    act()
  } catch (error) {
    if (error instanceof TwinError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the text', () => {
  it.each<[string, Scenario['edits'][number]]>([
    ['lose(node/edge-1)', { kind: 'lose-node', node: 'edge-1' }],
    ['lose(accelerator/tx2-1/gpu0)', { kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' }],
    ['drain(node/tx2-1)', { kind: 'drain-node', node: 'tx2-1' }],
    ['cordon(node/tx2-1)', { kind: 'cordon-node', node: 'tx2-1' }],
    [
      'add(accelerator/edge-1/gpu0, GPU, jetson-tx2)',
      { kind: 'add-accelerator', accelerator: 'edge-1/gpu0', acceleratorKind: 'GPU', deviceModel: 'jetson-tx2' },
    ],
    [
      'add(node/edge-2, server, CPU edge-server-3.6ghz, gpu7 GPU "my model", 1 Gbit/s, 1 ms)',
      {
        kind: 'add-node',
        node: 'edge-2',
        role: 'server',
        accelerators: [
          { device: 'cpu0', acceleratorKind: 'CPU', deviceModel: 'edge-server-3.6ghz' },
          { device: 'gpu7', acceleratorKind: 'GPU', deviceModel: 'my model' },
        ],
        bytesPerSecond: 125e6,
        latencyMs: 1,
      },
    ],
    [
      'add(camera/cam-9, edge-1, alexnet, resnet50)',
      { kind: 'add-camera', camera: 'cam-9', node: 'edge-1', applications: ['alexnet', 'resnet50'] },
    ],
    ['add(camera/cam-9, -, alexnet)', { kind: 'add-camera', camera: 'cam-9', node: null, applications: ['alexnet'] }],
    ['remove(camera/cam-2)', { kind: 'remove-camera', camera: 'cam-2' }],
    ['link(cam-3, x0.5)', { kind: 'scale-link', link: 'cam-3', factor: 0.5 }],
    ['link(tx2-1-uplink, 20 Mbit/s)', { kind: 'set-link', link: 'tx2-1-uplink', bytesPerSecond: 2.5e6 }],
    ['link(tx2-1-uplink, 0 bit/s)', { kind: 'set-link', link: 'tx2-1-uplink', bytesPerSecond: 0 }],
    ['burst(cam-1, resnet50, x4, frames 60)', { kind: 'burst', camera: 'cam-1', application: 'resnet50', count: 4, frames: 60 }],
    ['burst(resnet50, x4)', { kind: 'burst-each-camera', application: 'resnet50', count: 4, frames: 1 }],
  ])('%s', (text, edit) => {
    expect(edits(text)).toEqual([edit])
    expect(formatScenario(parseScenario(text))).toBe(text)
    if (edit.kind !== 'burst-each-camera') expect(editShape.parse(edit)).toEqual(edit)
  })

  it.each([
    ['lose(camera/cam-2)', 'remove(camera/cam-2)'],
    ['link(a, 100 Mbit/s)', 'link(a, 100 Mbit/s)'],
    ['link(a, 1000 Mbit/s)', 'link(a, 1 Gbit/s)'],
    ['lose(link/pi-1-uplink)', 'link(pi-1-uplink, 0 bit/s)'],
    ['link(a,2.5MB/s)', 'link(a, 20 Mbit/s)'],
    ['link(a, 4.35 Mbit/s)', 'link(a, 4350 kbit/s)'],
    ['  burst ( cam-1 , resnet50 )\n + drain(node/a) ', 'burst(cam-1, resnet50, x1) + drain(node/a)'],
    [
      'with heft, peft delta2 1.5 delta1 0.2 in blocks on waiting at 14:03',
      'at 14:03 on waiting in blocks with heft, peft delta1 0.2 delta2 1.5',
    ],
    ['deadline 2 s by energy', 'by energy deadline 2000 ms'],
    ['by energy x1, makespan x0.5', 'by makespan x0.5, energy x1'],
    ['by makespan, meanLatency, moves', 'at now'],
    ['', 'at now'],
    ['at now on each-camera in stages delta1 0.1 with heft, cpop, peft, dhs, local, edge, portfolio', 'at now'],
    ['at #1234', 'at #1234'],
    ['at -600s', 'at -10m'],
    ['at 14:03:00', 'at 14:03'],
    ['at 14:03:07.250', 'at 14:03:07.250'],
    ['at 2026-11-21T15:03+01:00', 'at 2026-11-21T14:03Z'],
    ['at 2026-11-21', 'at 2026-11-21T00:00Z'],
    ['sweep link(cam-3) 5..1000 Mbit/s steps 12 log + lose(node/a)', 'lose(node/a) + sweep link(cam-3) 5..1000 Mbit/s steps 12 log'],
    ['sweep link(l) x0.1..x1 linear steps 20', 'sweep link(l) x0.1..x1'],
    ['sweep burst(cam-1, resnet50, frames 60) x1..x8 steps 8', 'sweep burst(cam-1, resnet50, frames 60) x1..x8 steps 8'],
    ['sweep burst(resnet50) x1..x8', 'sweep burst(resnet50) x1..x8'],
    ['sweep delta1 0..1 steps 20', 'sweep delta1 0..1'],
  ])('%j is written %j', (text, canonical) => expect(formatScenario(parseScenario(text))).toBe(canonical))

  it('reads a whole scenario', () => {
    expect(parseScenario('lose(node/edge-1) + link(cam-3, x0.5) + burst(cam-1, resnet50, x4, frames 60) at 14:03')).toMatchObject({
      at: { kind: 'time-of-day', dayMs: 50_580_000 },
      edits: [{ kind: 'lose-node' }, { kind: 'scale-link' }, { kind: 'burst' }],
      sweep: null,
      workload: 'each-camera',
    })
    expect(parseScenario('sweep link(cam-3) 5..1000 Mbit/s steps 12 log').sweep).toEqual({
      target: { kind: 'set-link', link: 'cam-3' },
      from: 625_000,
      to: 125e6,
      steps: 12,
      scale: 'log',
    })
  })

  it.each([
    ['lsoe(node/a)', 1, 'a term (lose, drain, cordon, add, remove, link, burst, sweep)', ['lose']],
    ['lose(node/a) + ', 15, 'a term', []],
    ['lose(node/a) drain(node/b)', 14, "'+' or a setting", []],
    ['lose(node/a) + drian(node/b)', 16, 'a term', ['drain']],
    ['lose(nod/a)', 6, 'node/name or accelerator/node/device', ['node/a']],
    ['lose(edge-1)', 6, 'node/name', []],
    ['drain(node/Edge)', 7, 'a name', []],
    ['lose(accelerator/gpu0)', 6, 'accelerator/node/device', []],
    ['lose(node/a', 12, "')'", []],
    ['lose node/a', 6, "'('", []],
    ['link(a, 20 Mbits)', 12, 'one of bit/s', ['Mbit/s']],
    ['link(a, 20mbit/s)', 11, 'one of bit/s', ['Mbit/s']],
    ['link(a, x0)', 9, 'a factor', []],
    ['link(a, fast)', 9, 'a rate', []],
    ['link(a, 9000 Gbit/s)', 9, 'a rate', []],
    ['burst(c, a, x0)', 13, 'a count', []],
    ['burst(c, a, x4, frames 0)', 24, 'frames from 1', []],
    ['burst(c, a, 4)', 13, 'a count as x4', []],
    ['burst(c, x1, b, d)', 14, 'a count as x4', []],
    ['add(node/e, servre, CPU m, 1 Gbit/s, 1 ms)', 13, 'one of server, camera', ['server']],
    ['add(node/e, server, 1 Gbit/s, 1 ms)', 21, 'an accelerator', []],
    ['add(node/e, server, CPU m, 1 Gbit/s)', 36, "','", []],
    ['add(accelerator/e/gpu0, GPUU, m)', 25, 'one of CPU', ['GPU', 'CPU', 'NPU']],
    ['add(camera/c, edge-1)', 21, 'the applications', []],
    ['at noon', 4, 'now, a sequence', ['now']],
    ['at 24:00', 4, 'now, a sequence', []],
    ['at 2026-11-21T14:03', 4, 'ISO time with zone', []],
    ['at 2026-02-30T14:03Z', 4, 'ISO time', []],
    ['at #99999999999999999', 4, 'a sequence', []],
    ['at now at now', 8, "'at' once", []],
    ['with heft, hetf', 12, 'one of heft', ['heft']],
    ['with heft, heft', 12, 'each algorithm once', []],
    ['on wating', 4, 'one of each-camera, waiting', ['waiting']],
    ['in block', 4, 'one of stages, blocks', ['blocks']],
    ['by enrgy', 4, 'one of makespan', ['energy']],
    ['by energy, energy', 12, 'each criterion once', []],
    ['by energy x1, moves', 4, 'a weight for each', []],
    ['by energy x0', 4, 'one of them above 0', []],
    ['deadline 0 ms', 10, 'a deadline', []],
    ['deadline soon', 10, 'a deadline', []],
    ['delta1 -1', 8, 'a number from 0', []],
    ['dleta1 1', 1, 'a term or a setting', ['delta1']],
    ['sweep lnik(a) x1..x2', 7, 'what to sweep', ['link']],
    ['sweep link(a) 5-10 Mbit/s', 15, 'a range', []],
    ['sweep link(a) 10..5 Mbit/s', 15, 'a range', []],
    ['sweep link(a) 5..10 log', 21, 'one of bit/s', []],
    ['sweep link(a) 0..10 Mbit/s log', 15, 'a range above 0', []],
    ['sweep link(a) 0..10Mbits', 20, 'one of bit/s', ['Mbit/s']],
    ['sweep burst(c, a) 1..8', 19, 'a range', []],
    ['sweep burst(c, a) x1..x101', 19, 'a range', []],
    ['sweep burst(c, a) x1.5..x3', 19, 'a range', []],
    ['sweep delta1 x0..x1', 14, 'a range', []],
    ['sweep delta1 0..1 steps 1', 25, 'a number of steps', []],
    ['sweep delta1 0..1 + sweep delta2 0..1', 21, 'one sweep', []],
    ['add(accelerator/a/b, GPU, "m)', 27, 'a closed quotation', []],
  ])('refuses %j at column %d', (text, column, expected, near) => {
    const { code, message, details } = refusalOf(() => parseScenario(text))
    expect([code, details.column]).toEqual(['QUERY_INVALID', column])
    expect(details.expected).toContain(expected)
    expect((details.near as string[]).slice(0, near.length || 9)).toEqual(near)
    expect(message.split('\n').slice(1)).toEqual([text, `${' '.repeat(column - 1)}^`])
  })

  it('points into the line of a longer text, and into the middle of a long line', () => {
    const { message, details } = refusalOf(() => parseScenario('lose(node/a)\n\t+ lsoe(node/b)\nat now'))
    expect(details).toMatchObject({ line: 2, column: 4, near: ['lose'] })
    expect(message.split('\n')).toEqual([expect.stringContaining('line 2, column 4'), '\t+ lsoe(node/b)', '\t  ^'])
    const long = refusalOf(() => parseScenario(`${'lose(node/a) + '.repeat(40)}lsoe(node/b)`)).message.split('\n')
    expect(long[1]!.slice(long[2]!.indexOf('^'))).toBe('lsoe(node/b)')
  })

  it('refuses what is too large', () => {
    const { code, message, details } = refusalOf(() => parseScenario('sweep delta1 0..1 steps 1000000'))
    expect([code, details]).toEqual(['PROBLEM_TOO_LARGE', { count: 1_000_000, max: 2_000, what: 'sweep points' }])
    expect(message).toContain('ask for fewer steps')
    expect(refusalOf(() => readScenario({ sweep: { target: { kind: 'delta1' }, from: 0, to: 1, steps: 1e6 } })).code).toBe(
      'PROBLEM_TOO_LARGE',
    )
    expect(() => parseScenario(Array(65).fill('lose(node/a)').join('+'))).toThrow('at most 64 terms')
    expect(() => parseScenario(' '.repeat(20_001))).toThrow('above the limit of 20000')
  })
})

describe('properties', () => {
  it('what is written is read again, also out of a URL', () => {
    fc.assert(
      fc.property(anyScenario(), (scenario) => {
        expect(scenarioShape.parse(scenario)).toEqual(scenario)
        const text = formatScenario(scenario)
        expect(parseScenario(text)).toEqual(scenario)
        expect(parseScenario(decodeURIComponent(encodeURIComponent(text)))).toEqual(scenario)
        expect(formatScenario(parseScenario(text))).toBe(text)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
  it('the plain form is equal to the text', () => {
    fc.assert(
      fc.property(anyScenario(), (scenario) => expect(readScenario(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario)),
      { seed: SEED },
    )
  })
  it('any other text is refused by a TwinError, or has a canonical form', () => {
    const word = fc.constantFrom(
      ...'lose ( ) + , node/a at #1 sweep link burst x1..x2 1..2 Mbit/s steps 3 log with heft on delta1 "q" x4 frames'.split(' '),
    )
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 14 }).map((words) => words.join(' ')),
    )
    fc.assert(
      fc.property(text, (text) => {
        try {
          const canonical = formatScenario(parseScenario(text))
          expect(formatScenario(parseScenario(canonical))).toBe(canonical)
        } catch (error) {
          expect(error).toBeInstanceOf(TwinError)
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    )
  })
})

it('the plain form has defaults, and its faults name the field', () => {
  expect(readScenario({})).toEqual(parseScenario(''))
  expect(readScenario('delta2 3')).toMatchObject({ delta2: 3 })
  expect(refusalOf(() => readScenario({ edit: [] }))).toMatchObject({ code: 'QUERY_INVALID', details: { near: ['edits'] } })
  expect(() => readScenario({ edits: [{ kind: 'lose-node', node: 'A' }] })).toThrow('edits.0.node')
  expect(() => readScenario({ sweep: { target: { kind: 'delta1' }, from: 2, to: 1 } })).toThrow('sweep.to: must be above `from`')
  expect(() => readScenario(null)).toThrow('the scenario cannot be used')
})

describe('resolving', () => {
  it.each([
    ['link(pi-1-uplink, x2)', 'pi-1-uplink'],
    ['link(cam-2, x2)', 'tx2-1-uplink'],
    ['link(pi-1, x2)', 'pi-1-uplink'],
    ['add(node/n, server, CPU m, 1 Gbit/s, 1 ms) + link(n, x2)', 'n-uplink'],
  ])('%s means %s', (text, link) => expect(resolved(text).edits.at(-1)).toMatchObject({ link }))
  it('a sweep names its link by the camera too', () => {
    expect(resolved('sweep link(cam-1) x1..x2').sweep?.target).toEqual({ kind: 'scale-link', link: 'pi-1-uplink' })
  })
  it('a burst from every camera leaves out what is off or taken away, and counts what is added later', () => {
    const text = 'burst(resnet50, x4) + add(camera/cam-9, -, alexnet) + remove(camera/cam-2)'
    expect(resolved(text).edits.map((edit) => [edit.kind, 'camera' in edit && edit.camera])).toEqual([
      ['add-camera', 'cam-9'],
      ['remove-camera', 'cam-2'],
      ['burst', 'cam-1'],
      ['burst', 'cam-9'],
    ])
  })
  it.each([
    ['lose(node/edg-1)', "lose(node/edg-1): there is no node 'edg-1' at that time; did you mean edge-1?"],
    ['lose(accelerator/pi-1/gpu0)', 'did you mean pi-1/cpu0'],
    ['add(accelerator/tx-1/gpu0, GPU, m)', "no node 'tx-1'"],
    ['add(camera/c, pi-2, alexnet)', "no node 'pi-2'"],
    ['burst(cam-4, resnet50)', "no camera 'cam-4'"],
    ['remove(camera/cam-1) + burst(cam-1, resnet50)', "no camera 'cam-1'"],
    ['sweep burst(cam-4, resnet50) x1..x3', "no camera 'cam-4'"],
    ['link(cam-22, x2)', "no link 'cam-22' at that time; did you mean cam-2"],
  ])('%s is on nothing there', (text, message) => {
    const error = refusalOf(() => resolved(text))
    expect(error.code).toBe('ENTITY_UNKNOWN')
    expect(error.message).toContain(message)
  })
  it.each([
    ['link(cam-3, x2)', 'camera cam-3 has no node of its own, so link(cam-3, x2) changes nothing; name a link: pi-1-uplink, tx2-1-uplink'],
    ['link(edge-1, x2)', 'no link of node edge-1 is known'],
    ['remove(camera/cam-1) + remove(camera/cam-2) + burst(resnet50)', 'no camera is there for burst(resnet50, x1)'],
  ])('%s cannot be used', (text, message) => expect(() => resolved(text)).toThrow(message))
  it('counts the edits after bursts are spread', () => {
    expect(refusalOf(() => resolved(Array(33).fill('burst(resnet50)').join('+')))).toMatchObject({
      code: 'PROBLEM_TOO_LARGE',
      details: { count: 66, max: 64 },
    })
  })
})

describe('questions', () => {
  it.each([
    ['at now', { kind: 'now' }],
    ['at #12', { kind: 'sequence', sequence: 12 }],
    ['at -10m', { kind: 'time', timeMs: NOW_MS - 600_000 }],
    ['at 14:03', { kind: 'time', timeMs: Date.UTC(2026, 10, 21, 14, 3) }],
    ['at 15:30', { kind: 'time', timeMs: NOW_MS }],
    ['at 15:31', { kind: 'time', timeMs: Date.UTC(2026, 10, 20, 15, 31) }],
    ['at 2026-11-21T14:03Z', { kind: 'time', timeMs: Date.UTC(2026, 10, 21, 14, 3) }],
  ])('%s', (text, base) => {
    const scenario = parseScenario(text)
    expect(baseOf(scenario, NOW_MS)).toEqual(base)
    expect(baseOf(pinScenario(scenario, NOW_MS), NOW_MS + 3_600_000)).toEqual(base)
  })

  it('never start in the future or before 1970', () => {
    expect(baseOf(parseScenario('at 14:03'), 5_000)).toEqual({ kind: 'time', timeMs: 0 })
    expect(baseOf(parseScenario('at -1d'), 5_000)).toEqual({ kind: 'time', timeMs: 0 })
  })

  it('have everything that was set', () => {
    const query = toQuery(resolved('lose(node/pi-1) on nothing in blocks with heft by energy deadline 500 ms delta1 2 delta2 3'), {
      nowMs: NOW_MS,
    })
    expect(whatIfQueryShape.parse(query)).toEqual(query)
    expect(query).toMatchObject({
      base: { kind: 'now' },
      edits: [{ kind: 'lose-node', node: 'pi-1' }],
      workload: [],
      algorithms: ['heft'],
      granularity: 'block',
      delta1Seconds: 2,
      delta2: 3,
      objective: { kind: 'lexicographic', order: ['energy'] },
      deadlineMs: 500,
    })
  })

  it.each<[string, number, object]>([
    ['sweep link(cam-1) 5..10 Mbit/s', 7, { edits: [{ kind: 'set-link', link: 'pi-1-uplink', bytesPerSecond: 7 }] }],
    ['sweep link(cam-1) x1..x2', 1.5, { edits: [{ kind: 'scale-link', link: 'pi-1-uplink', factor: 1.5 }] }],
    ['sweep delta1 0..1', 0.5, { delta1Seconds: 0.5 }],
    ['sweep delta2 0..1', 0.5, { delta2: 0.5 }],
    [
      'sweep burst(resnet50, frames 2) x1..x8',
      3,
      { edits: ['cam-1', 'cam-2'].map((camera) => ({ kind: 'burst', camera, application: 'resnet50', count: 3, frames: 2 })) },
    ],
  ])('of %s at %d', (text, x, part) => expect(toQuery(resolved(text), { nowMs: NOW_MS, x })).toMatchObject(part))

  it('never drop a sweep unasked', () => {
    expect(() => toQuery(resolved('sweep delta1 0..1'), { nowMs: 0 })).toThrow('has a sweep; ask for its curve')
    expect(() => toQuery(resolved(''), { nowMs: 0, x: 1 })).toThrow('has no sweep')
  })

  it.each<[Partial<Sweep>, number[]]>([
    [{ from: 0, to: 1, steps: 5 }, [0, 0.25, 0.5, 0.75, 1]],
    [{ from: 1, to: 1_000, steps: 4, scale: 'log' }, [1, 10, 100, 1_000]],
    [{ from: 1, to: 4, steps: 20, target: { kind: 'burst-each-camera', application: 'a', frames: 1 } }, [1, 2, 3, 4]],
  ])('%j', (part, values) => {
    const sweep: Sweep = { target: { kind: 'delta1' }, from: 0, to: 1, steps: 2, scale: 'linear', ...part }
    for (const [index, value] of sweepValues(sweep).entries()) expect(value).toBeCloseTo(values[index]!, 9)
    expect(sweepValues(sweep)).toHaveLength(values.length)
  })
})
