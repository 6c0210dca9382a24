import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { defaultRegistry } from '../models/applications/registry.ts'
import { type NMinusOneReport, nMinusOneReportShape } from '../models/contracts/standing.ts'
import { type Edit, whatIfQueryShape } from '../models/contracts/what-if.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { anyHistory } from '../models/testing/any-history.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { applyEvents } from './fold.ts'
import { applyEdits } from './fork.ts'
import { lossesOf, nMinusOne } from './n-minus-one.ts'
import { emptyTwin, type TwinState, toJson } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'

const SEED = 20_284
const CLOCK_MS = 1_000_000
const options = { registry: defaultRegistry(), decodeBudget: 20 }
const common = { site: 'dhs', timeMs: CLOCK_MS, source: 'cluster' }

const fold = (events: readonly TwinEvent[]): TwinState => applyEvents(emptyTwin, journaled(events))
const dhs = dhsEvents({ atMs: CLOCK_MS })
const idle = fold(dhs)

function report(state: TwinState): NMinusOneReport {
  const losses = nMinusOne(state, options)
  for (;;) {
    const { done, value } = losses.next()
    if (done) return value
  }
}
const caseOf = ({ cases }: NMinusOneReport, name: string) => cases.find(({ loss }) => loss.name === name)!

/** The events of the site that speak of these nodes. */
const onlyNodes = (...nodes: string[]) =>
  dhs.filter((event) => !('name' in event) || nodes.some((node) => event.name.split('/')[0] === node || event.name === `${node}-uplink`))
const aCamera = (name: string, node: string | null, recordedAt: string | null = 'edge-1'): TwinEvent[] => [
  {
    type: 'camera.observed',
    ...common,
    name,
    node,
    recordedAt,
    applications: ['alexnet', 'googlenet', 'resnet50'],
    emulated: true,
  },
  { type: 'camera.conditionsChanged', ...common, name, online: true, degraded: false, reason: '' },
]

describe('a site with one server, whose camera does not compute', () => {
  const site = report(fold([...onlyNodes('edge-1'), ...aCamera('ip-1', null)]))

  it('loses all with the server, and says so in one line', () => {
    expect(site.line).toEqual({
      severity: 'lost',
      loss: { kind: 'node', name: 'edge-1' },
      sentence: 'Losing edge-1 would leave 3 requests without a place; nothing else can run them.',
    })
    expect(caseOf(site, 'edge-1')).toMatchObject({
      harm: { lostRequestCount: 3, increaseMs: null, unchangedIncreaseMs: null },
      unchanged: { makespanMs: null, meanLatencyMs: null, stranded: ['ip-1-alexnet', 'ip-1-googlenet', 'ip-1-resnet50'] },
      remedy: null,
      why: 'ip-1-alexnet can run nowhere: edge-1/cpu0: node edge-1 gone: what-if: lost',
    })
  })

  it('loses as much with its only accelerator, nothing with a link that carries nothing', () => {
    expect(caseOf(site, 'edge-1/cpu0').harm.lostRequestCount).toBe(3)
    expect(caseOf(site, 'edge-1-uplink')).toMatchObject({ severity: 'none', harm: { lostRequestCount: 0, increaseMs: 0 } })
  })

  it('counts what a camera would raise no more, and leaves it out of the line', () => {
    expect(caseOf(site, 'ip-1')).toMatchObject({
      severity: 'lost',
      harm: { lostRequestCount: 3, increaseMs: 0 },
      why: null,
      sentence: 'Losing ip-1 would end its 3 requests a round; no other camera sees what it sees.',
    })
  })
})

it('needs each of the only two links between a clip and the only server', () => {
  const events = onlyNodes('pi-1', 'edge-1').filter(({ type }) => !type.startsWith('accelerator.'))
  const server = onlyNodes('edge-1').filter(({ type }) => type.startsWith('accelerator.'))
  const waiting = podEvents('r-1', { camera: 'camera-pi-1', accelerator: 'edge-1/cpu0' })
  const site = report(fold([...events, ...server, ...aCamera('camera-pi-1', 'pi-1'), ...waiting]))
  expect(site.workload).toBe('open')
  expect(caseOf(site, 'pi-1-uplink')).toMatchObject({ severity: 'lost', harm: { lostRequestCount: 1 } })
  expect(caseOf(site, 'edge-1-uplink')).toMatchObject({ severity: 'lost', unchanged: { stranded: ['r-1'] } })
  expect(caseOf(site, 'edge-1-uplink').why).toBe('r-1 can run nowhere: edge-1/cpu0: link edge-1-uplink is down: what-if: lost')
  // Its clips are recorded at the server, where it runs.
  expect(caseOf(site, 'pi-1')).toMatchObject({ severity: 'none' })
})

describe('the site of the paper', () => {
  const site = report(idle)

  it('is judged by sixty frames of every application of every camera, bound as the site would have', () => {
    expect(site).toMatchObject({
      workload: 'each-camera',
      requestCount: 12,
      hopeless: [],
      basis: { sequence: idle.sequence, timeMs: CLOCK_MS },
    })
    const asked = whatIfQueryShape.parse({
      workload: [...idle.entities.camera.keys()].flatMap((camera) =>
        ['alexnet', 'googlenet', 'resnet50'].map((application) => ({ camera, application, frames: 60 })),
      ),
      algorithms: ['portfolio'],
      decodeBudget: 20,
    })
    const local = askWhatIf(idle, { ...asked, algorithms: ['local'] }, { id: 'q', stateHash: '', ...options }).outcomes[0]!
    // The Pi decides, and it has one accelerator: so it does not matter that `local` spreads a TX2's work over both of its own.
    expect(site.base.unchanged.makespanMs).toBeCloseTo(local.makespanMs, 6)
    const best = askWhatIf(idle, asked, { id: 'q', stateHash: '', ...options }).outcomes[0]!
    expect(site.base.remedy!.makespanMs! / best.makespanMs).toBeCloseTo(1, 1)
  })

  it('places anew what a dead node leaves, and no loss there is beyond help', () => {
    const lost = caseOf(site, 'tx2-1')
    expect(lost.severity).toBe('stranded')
    expect(lost.unchanged).toEqual({
      makespanMs: null,
      meanLatencyMs: null,
      stranded: ['camera-tx2-1-alexnet', 'camera-tx2-1-googlenet', 'camera-tx2-1-resnet50'],
    })
    expect(lost.remedy!.stranded).toEqual([])
    expect(
      lost
        .remedy!.moves.filter(({ from }) => from === null)
        .map(({ request }) => request)
        .sort(),
    ).toEqual(lost.unchanged.stranded)
    expect(lost.remedy!.moves.every(({ to }) => !to.startsWith('tx2-1/'))).toBe(true)
    expect(lost.harm.increaseMs).toBeCloseTo(lost.remedy!.makespanMs! - site.base.remedy!.makespanMs!, 2)
    expect(site.cases.filter(({ severity, loss }) => severity === 'lost' && loss.kind !== 'camera')).toEqual([])
  })

  it('has a TX2 use its GPU, so that nobody would miss its CPU', () => {
    expect(caseOf(site, 'tx2-1/gpu0').unchanged.stranded).toHaveLength(3)
    expect(caseOf(site, 'tx2-1/cpu0')).toMatchObject({ unchanged: { stranded: [] }, harm: { unchangedIncreaseMs: 0 } })
  })

  it('is plain data, the same twice, and leaves the twin alone', () => {
    const before = canonicalJson(toJson(idle))
    expect(nMinusOneReportShape.parse(site)).toEqual(site)
    expect(canonicalJson(report(idle))).toBe(canonicalJson(site))
    expect(canonicalJson(toJson(idle))).toBe(before)
  })
})

it('blames no loss for what can run nowhere already', () => {
  const lost = aCamera('lost', 'pi-1', null)
  const site = report(
    fold([
      ...onlyNodes('edge-1'),
      ...lost,
      ...podEvents('r-1', { camera: 'lost' }),
      ...podEvents('r-2', { camera: 'lost', atMs: CLOCK_MS }),
    ]),
  )
  expect(site).toMatchObject({ workload: 'open', requestCount: 0, hopeless: ['r-1', 'r-2'], line: { severity: 'none', loss: null } })
  expect(caseOf(site, 'edge-1')).toMatchObject({ severity: 'none', harm: { lostRequestCount: 0 } })
})

it('blames no loss for what runs where nothing runs any more', () => {
  const running = podEvents('r-1', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0', startedMs: CLOCK_MS })
  const dead: TwinEvent = { type: 'accelerator.conditionsChanged', ...common, name: 'tx2-1/gpu0', healthy: false, reason: 'hot' }
  expect(report(fold([...dhs, ...running, dead]))).toMatchObject({ requestCount: 0, hopeless: ['r-1'] })
})

it('leaves alone what is best where it is', () => {
  const site = report(fold([...dhs, ...podEvents('r-1', { camera: 'camera-tx2-1', accelerator: 'tx2-1/gpu0' })]))
  expect(site.base).toMatchObject({ unchanged: { stranded: [] }, remedy: null })
  expect(caseOf(site, 'tx2-2')).toMatchObject({ severity: 'none', remedy: null })
})

it('takes in what runs: it is lost with its device, starts anew elsewhere, and its latency counts from its being raised', () => {
  const running = podEvents('r-1', {
    camera: 'camera-tx2-1',
    frames: 60,
    atMs: CLOCK_MS - 500,
    accelerator: 'tx2-1/gpu0',
    startedMs: CLOCK_MS - 500,
  })
  const state = fold([...dhs, ...running])
  const site = report(state)
  expect(site).toMatchObject({ workload: 'open', requestCount: 1, base: { remedy: null } })
  expect(site.base.unchanged.meanLatencyMs).toBeCloseTo(site.base.unchanged.makespanMs! + 500, 9)
  const lost = caseOf(site, 'tx2-1/gpu0')
  expect(lost).toMatchObject({ severity: 'stranded', unchanged: { stranded: ['r-1'] }, remedy: { stranded: [] } })
  const edits: Edit[] = [{ kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' }]
  const query = whatIfQueryShape.parse({ edits, workload: 'waiting', algorithms: ['portfolio'], decodeBudget: 20 })
  const { outcomes } = askWhatIf(state, query, { id: 'q', stateHash: '', ...options })
  expect(lost.remedy!.makespanMs).toBeCloseTo(outcomes[0]!.makespanMs, 9)
  expect(lost.remedy!.meanLatencyMs).toBeCloseTo(lost.remedy!.makespanMs! + 500, 9)
  // Worse than to lose the whole node: then the clip would come from where it is recorded.
  expect(site.line.loss).toEqual({ kind: 'accelerator', name: 'tx2-1/gpu0' })
  expect(lost.sentence).toMatch(/^Losing tx2-1\/gpu0 would leave 1 request without a place until it is placed anew; with 1 move by /)
})

describe('over any history', () => {
  it('takes away each thing that is alive exactly once', () => {
    fc.assert(
      fc.property(anyHistory(), (history) => {
        const state = fold(history)
        const { cases } = report(state)
        const { node, accelerator, link, camera } = state.entities
        const ready = [...node.values()].filter(({ mode }) => mode === 'ready').map(({ name }) => `node ${name}`)
        const devices = [...accelerator.values()].filter(
          ({ mode, reported }) => /allocated$/.test(mode) && ready.includes(`node ${reported.identity?.value.node}`),
        )
        const links = [...link.values()].filter(({ mode }) => mode !== 'down' && mode !== 'gone')
        const cameras = [...camera.values()].filter(({ mode }) => mode !== 'offline' && mode !== 'gone')
        expect(cases.map(({ loss }) => `${loss.kind} ${loss.name}`).sort()).toEqual(
          [...ready, ...[...devices, ...links, ...cameras].map(({ kind, name }) => `${kind} ${name}`)].sort(),
        )
      }),
      { seed: SEED, numRuns: 40 },
    )
  })
})

const NODES = ['pi-1', 'tx2-1', 'tx2-2', 'edge-1']
const SPARE: Edit = {
  kind: 'add-node',
  node: 'spare',
  role: 'server',
  accelerators: [{ device: 'cpu0', acceleratorKind: 'CPU', deviceModel: 'edge-server-3.6ghz' }],
  bytesPerSecond: 12_500_000,
  latencyMs: 1,
}
const anySite = fc
  .record({
    nodes: fc.subarray(NODES, { minLength: 1 }),
    dumb: fc.subarray(NODES),
    requests: fc.array(fc.record({ camera: fc.constantFrom(...NODES), at: fc.nat(3), isRunning: fc.boolean() }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ nodes, dumb, requests }) => {
    const site = onlyNodes(...nodes).filter(
      (event) => !(event.type.startsWith('accelerator.') && dumb.includes(Reflect.get(event, 'name').split('/')[0])),
    )
    const accelerators = site.flatMap((event) => (event.type === 'accelerator.observed' ? [event.name] : []))
    const cameras = NODES.flatMap((node) => aCamera(`camera-${node}`, nodes.includes(node) ? node : null))
    const pods = requests.flatMap(({ camera, at, isRunning }, index) => {
      const accelerator = accelerators[at]
      const started = isRunning && accelerator ? { startedMs: CLOCK_MS } : {}
      return podEvents(`r-${index}`, { camera: `camera-${camera}`, frames: 10, ...(accelerator && { accelerator }), ...started })
    })
    return { state: fold([...site, ...cameras, ...pods]), requestCount: requests.length }
  })

it('is never worse for the same loss when there is one spare more', () => {
  fc.assert(
    fc.property(anySite, ({ state, requestCount }) => {
      const without = report(state)
      const withSpare = report(applyEdits(state, [SPARE]))
      for (const { loss, harm, unchanged, remedy } of without.cases) {
        const spared = caseOf(withSpare, loss.name)
        // What only the spare can run was hopeless before: it was not among the requests then.
        const lostNow = spared.harm.lostRequestCount
        expect(lostNow).toBeLessThanOrEqual(harm.lostRequestCount + without.hopeless.length - withSpare.hopeless.length)
        if (requestCount > 1 || lostNow > 0 || without.hopeless.length > 0) continue
        const beforeMs = (remedy ?? unchanged).makespanMs ?? Number.POSITIVE_INFINITY
        expect((spared.remedy ?? spared.unchanged).makespanMs!).toBeLessThanOrEqual(beforeMs + 1e-3)
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
})

it('ranks what is lost before what takes longer, and what takes longer after the remedy before what did without', () => {
  fc.assert(
    fc.property(anySite, ({ state }) => {
      const { cases, line } = report(state)
      const forEver = Number.POSITIVE_INFINITY
      const keys = cases.map(({ severity, harm: { lostRequestCount, increaseMs, unchangedIncreaseMs } }) => [
        lostRequestCount,
        Number(severity !== 'none'),
        increaseMs ?? forEver,
        unchangedIncreaseMs ?? forEver,
      ])
      for (const [index, key] of keys.slice(1).entries()) {
        const worse = keys[index]!
        const differs = key.findIndex((value, at) => value !== worse[at])
        if (differs >= 0) expect(worse[differs]).toBeGreaterThan(key[differs]!)
      }
      const worst = cases.find(({ loss }) => loss.kind !== 'camera')
      const harmful = cases.some(({ loss, severity }) => loss.kind !== 'camera' && severity !== 'none')
      if (harmful) expect(worst?.severity).not.toBe('none')
      if (worst !== undefined && worst.severity !== 'none' && line.loss !== null) expect(line.sentence).toBe(worst.sentence)
    }),
    { seed: SEED + 1, numRuns: 40 },
  )
})

it('gives one case at a time', () => {
  const losses = nMinusOne(idle, options)
  for (const loss of lossesOf(idle)) expect(losses.next()).toMatchObject({ done: false, value: { loss } })
  expect(losses.next()).toMatchObject({ done: true })
})
