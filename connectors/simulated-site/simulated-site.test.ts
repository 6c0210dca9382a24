import { afterEach, describe, expect, it } from '@jest/globals'
import type { Placement } from '../../models/contracts/decision.ts'
import { parseSite } from './site.ts'
import type { SiteDescription } from './site-description.ts'
import { type PlayedSite, playSite, START_MS } from './testing/manual-time.ts'

/** Exact costs: no noise, no spread. Clips of 10 frames: 1,505,280 bytes, of AlexNet 1,545,870. */
const SITE = `
name: small
nodes:
  - name: pi-1
    role: camera
    link: { megabitsPerSecond: 80, latencyMs: 1 }
    devices: [{ name: cpu0, model: raspberry-pi-4b, kind: CPU }]
  - name: tx2-1
    role: camera
    link: { megabitsPerSecond: 80, latencyMs: 1 }
    devices: [{ name: gpu0, model: jetson-tx2, kind: GPU }, { name: cpu0, model: jetson-tx2, kind: CPU }]
  - name: edge-1
    role: server
    link: { megabitsPerSecond: 800, latencyMs: 1 }
    devices: [{ name: cpu0, model: edge-server-3.6ghz, kind: CPU }]
cameras:
  - { name: cam-1, node: pi-1, recordedAt: edge-1, applications: [googlenet, resnet50] }
  - { name: cam-2, node: tx2-1, recordedAt: edge-1, applications: [googlenet, resnet50] }
workload:
  framesPerClip: 10
  roundMs: 100000
  firstRoundMs: 1000
  noiseRatio: 0
  deviceSpreadRatio: 0
  load:
    - { camera: cam-1, applications: [googlenet, resnet50] }
    - { camera: cam-2, applications: [resnet50] }
`
const RUN = Math.floor((START_MS / 1_000) % 36 ** 4)
  .toString(36)
  .padStart(4, '0')
const POD_1 = `cam-1-googlenet-${RUN}-1-infer`
const POD_2 = `cam-1-resnet50-${RUN}-2-infer`
const POD_3 = `cam-2-resnet50-${RUN}-3-infer`

let played: PlayedSite[] = []
async function play(edit: (site: SiteDescription) => SiteDescription = (site) => site, seed = 1): Promise<PlayedSite> {
  const one = await playSite(edit(parseSite(SITE, 'small.yaml')), { seed })
  played.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(played.map(({ site }) => site.stop()))
  played = []
})

function aPlacement(pod: string, to: string, fields: Partial<Placement> = {}): Placement {
  const [, camera = '', application = ''] = /^(cam-\d)-([a-z0-9]+)-/.exec(pod) ?? []
  const image = `edgetwin/${application}-${to.endsWith('gpu0') ? 'gpu' : 'cpu'}:1`
  const request = pod.replace(/-infer.*/, '')
  const times = { predictedStartMs: 0, predictedFinishMs: 0 }
  return { pod, request, camera, application, stage: 'infer', from: null, to, image, ...times, ...fields }
}
const ROUND_MS = 1_000
const about = (story: readonly string[], pod: string) =>
  story.filter((line) => line.endsWith(` ${pod}`)).map((line) => line.replace(` ${pod}`, ''))

describe('a request', () => {
  it('is asked, bound on its camera, computed there in the known time and completed', async () => {
    const { time, story, eventsOf } = await play()
    await time.advance(5_000)
    expect(about(story(), POD_1)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.started +1000', 'pod.finished +2143'])
    const request = POD_1.replace('-infer', '')
    expect(about(story(), request)).toEqual(['inference.requested +1000', 'inference.assigned +1000', 'inference.completed +2143'])
    expect(eventsOf('pod.bound')[0]).toMatchObject({ accelerator: 'pi-1/cpu0', image: 'edgetwin/googlenet-cpu:1', by: 'site-scheduler' })
    expect(eventsOf('pod.finished').find(({ name }) => name === POD_1)?.durationMs).toBe(1_143.5)
  })

  it('waits its turn: an accelerator runs one at a time, first come first served', async () => {
    const { time, story, eventsOf } = await play()
    await time.advance(6_000)
    expect(about(story(), POD_2)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.started +2143', 'pod.finished +4771'])
    expect(about(story(), POD_3)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.started +1000', 'pod.finished +1303'])
    const latencies = Object.fromEntries(eventsOf('inference.completed').map(({ id, latencyMs }) => [`${id}-infer`, latencyMs]))
    expect(latencies[POD_2]).toBeCloseTo(1_143.5 + 2_628.3, 2)
  })

  it('is not overtaken by one whose clip is there sooner', async () => {
    const { time, site, story } = await play()
    site.faults.add({ kind: 'slow-link', link: 'pi-1-uplink', factor: 0.1 })
    await time.advance(ROUND_MS + 500)
    // Both go to the TX2's CPU: the Pi's clip is under way for 1,507 ms, the TX2's own lies there.
    await site.sink.apply(aPlacement(POD_2, 'tx2-1/cpu0'), { decisionId: 'd-1' })
    site.faults.add({ kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' })
    site.faults.add({ kind: 'burst', load: 'light' })
    await time.advance(20_000)
    const ownPod = `cam-2-resnet50-${RUN}-5-infer`
    expect(about(story(), `${POD_2}-r1`)).toEqual(['pod.created +1500', 'pod.bound +1500', 'pod.started +3007', 'pod.finished +6172'])
    expect(about(story(), ownPod)).toContain('pod.bound +1500')
    expect(about(story(), ownPod)).toContain('pod.started +6172')
  })

  it('has its own luck, the same on every device', async () => {
    const noisy = (site: SiteDescription): SiteDescription => ({ ...site, workload: { ...site.workload, noiseRatio: 0.1 } })
    const [here, there] = [await play(noisy), await play(noisy)]
    await here.time.advance(ROUND_MS)
    await there.time.advance(ROUND_MS)
    await there.site.sink.apply(aPlacement(POD_2, 'edge-1/cpu0'), { decisionId: 'd-1' })
    await here.time.advance(10_000)
    await there.time.advance(10_000)
    const durationMs = ({ eventsOf }: PlayedSite, pod: string) => eventsOf('pod.finished').find(({ name }) => name === pod)?.durationMs ?? 0
    const luck = durationMs(here, POD_2) / 2_628.3
    expect(Math.abs(luck - 1)).toBeGreaterThan(0.001)
    expect(durationMs(there, `${POD_2}-r1`) / 186.6).toBeCloseTo(luck, 4)
    expect(durationMs(here, POD_1) / 1_143.5).not.toBeCloseTo(luck, 3)
  })

  it('is not raised by a camera with too many open ones, and that is counted', async () => {
    const { time, site, eventsOf } = await play((each) => ({ ...each, workload: { ...each.workload, openRequestsMax: 1 } }))
    await time.advance(ROUND_MS)
    expect(eventsOf('inference.requested').map(({ camera }) => camera)).toEqual(['cam-1', 'cam-2'])
    expect(site.truth().cameras.map(({ skippedCount }) => skippedCount)).toEqual([1, 0])
  })
})

describe('the same seed', () => {
  it('tells the same events, byte by byte; another seed does not', async () => {
    const noisy = (site: SiteDescription): SiteDescription => ({
      ...site,
      workload: { ...site.workload, noiseRatio: 0.05, deviceSpreadRatio: 0.05, heavyRatio: 0.5, load: 'light', roundMs: 5_000 },
    })
    const runs = []
    for (const seed of [7, 7, 8]) {
      const run = await play(noisy, seed)
      await run.time.advance(20_000)
      run.site.faults.add({ kind: 'kill-node', node: 'tx2-1' })
      await run.time.advance(40_000)
      runs.push(JSON.stringify(run.events))
    }
    expect(runs[1]).toBe(runs[0])
    expect(runs[2]).not.toBe(runs[0])
  })
})

describe('placements', () => {
  it('move a waiting pod: evicted, replaced, its clip sent, computed', async () => {
    const { time, site, story, eventsOf } = await play()
    await time.advance(ROUND_MS)
    const result = await site.sink.apply(aPlacement(POD_2, 'edge-1/cpu0', { from: 'pi-1/cpu0' }), { decisionId: 'd-1' })
    expect(result).toEqual({ ok: true, pod: POD_2, replacement: `${POD_2}-r1` })
    await time.advance(5_000)
    expect(about(story(), POD_2)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.evicted +1000'])
    // 1,505,280 bytes at 10,000 bytes/ms, 2 ms of latency, then 186.6 ms of computing.
    expect(about(story(), `${POD_2}-r1`)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.started +1152', 'pod.finished +1339'])
    const uids = eventsOf('pod.created').map(({ uid }) => uid)
    expect(new Set(uids).size).toBe(uids.length)
  })

  it('make two clips share a link, with exact times', async () => {
    const { time, site, story } = await play()
    site.faults.add({ kind: 'kill-node', node: 'pi-1' })
    await time.advance(ROUND_MS + 1_500)
    // The Pi is gone: both of its clips come from the edge server, over the TX2's link.
    const [one, two] = [`${POD_1}-r1`, `${POD_2}-r1`]
    await site.sink.apply(aPlacement(one, 'tx2-1/gpu0'), { decisionId: 'd-1' })
    await site.sink.apply(aPlacement(two, 'tx2-1/cpu0'), { decisionId: 'd-1' })
    expect(site.truth().transfers.map(({ from, to, bytesPerSecond }) => [from, to, bytesPerSecond])).toEqual([
      ['edge-1', 'tx2-1', 5e6],
      ['edge-1', 'tx2-1', 5e6],
    ])
    await time.advance(10_000)
    // 2 × 1,505,280 bytes at 10,000 bytes/ms and 2 ms of latency: 303.056 ms after 2,500.
    expect(about(story(), one)).toContain('pod.started +2803')
    expect(about(story(), two)).toContain('pod.started +2803')
  })

  it('done twice for one decision are done once', async () => {
    const { time, site, events } = await play()
    await time.advance(ROUND_MS)
    const placement = aPlacement(POD_2, 'edge-1/cpu0', { from: 'pi-1/cpu0' })
    const first = await site.sink.apply(placement, { decisionId: 'd-1' })
    await time.advance(0)
    const { length } = events
    expect(await site.sink.apply(placement, { decisionId: 'd-1' })).toEqual(first)
    expect(await site.sink.apply(placement, { decisionId: 'd-2' })).toMatchObject({ ok: false, reason: `pod ${POD_2} has ended: evicted` })
    await time.advance(0)
    expect(events).toHaveLength(length)
  })

  it('to where the pod is already change nothing', async () => {
    const { time, site, eventsOf } = await play()
    await time.advance(ROUND_MS)
    const result = await site.sink.apply(aPlacement(POD_2, 'pi-1/cpu0', { from: 'pi-1/cpu0' }), { decisionId: 'd-1' })
    expect(result).toEqual({ ok: true, pod: POD_2, replacement: null })
    expect(eventsOf('pod.evicted')).toEqual([])
  })

  it.each([
    ['a pod that is not there', aPlacement('cam-1-googlenet-none-9-infer', 'edge-1/cpu0'), 'there is no pod cam-1-googlenet-none-9-infer'],
    [
      'a running pod',
      aPlacement(POD_1, 'edge-1/cpu0'),
      `pod ${POD_1} is running on pi-1/cpu0, and running pods are moved off cordoned nodes only`,
    ],
    ['an accelerator that is not there', aPlacement(POD_2, 'edge-2/cpu0'), 'there is no accelerator edge-2/cpu0'],
    [
      'a pod that was moved meanwhile',
      aPlacement(POD_2, 'edge-1/cpu0', { from: 'tx2-1/cpu0' }),
      `pod ${POD_2} is on pi-1/cpu0, not on tx2-1/cpu0`,
    ],
    [
      'an image of another kind',
      aPlacement(POD_2, 'edge-1/cpu0', { image: 'edgetwin/resnet50-gpu:1' }),
      'image edgetwin/resnet50-gpu:1 does not serve resnet50 on a CPU; edgetwin/resnet50-cpu:1 does',
    ],
    ['a node that is not ready', aPlacement(POD_2, 'tx2-1/cpu0'), 'node tx2-1 is not ready'],
    ['an accelerator that is lost', aPlacement(POD_2, 'edge-1/cpu0'), 'accelerator edge-1/cpu0 is lost'],
  ])('of or to %s are refused with the fact', async (what, placement, reason) => {
    const { time, site } = await play()
    if (what.includes('not ready')) site.faults.add({ kind: 'kill-node', node: 'tx2-1' })
    if (what.includes('lost')) site.faults.add({ kind: 'lose-accelerator', accelerator: 'edge-1/cpu0' })
    await time.advance(what.includes('not ready') ? 2_000 : ROUND_MS)
    expect(await site.sink.apply(placement, { decisionId: 'd-1' })).toEqual({ ok: false, pod: placement.pod, reason })
  })

  it('of a finished pod are refused', async () => {
    const { time, site } = await play()
    await time.advance(3_000)
    const result = await site.sink.apply(aPlacement(POD_1, 'edge-1/cpu0'), { decisionId: 'd-1' })
    expect(result).toEqual({ ok: false, pod: POD_1, reason: `pod ${POD_1} has ended: succeeded` })
  })

  it('move a running pod off a cordoned node, where it starts anew, and none onto it', async () => {
    const { time, site, story } = await play()
    await time.advance(ROUND_MS + 100)
    const cordon = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"cordoned":true}' }
    expect((await fetch(`${site.controlUrl}/nodes/pi-1`, cordon)).status).toBe(200)
    const moved = await site.sink.apply(aPlacement(POD_1, 'edge-1/cpu0', { from: 'pi-1/cpu0' }), { decisionId: 'd-1' })
    expect(moved).toEqual({ ok: true, pod: POD_1, replacement: `${POD_1}-r1` })
    const refused = await site.sink.apply(aPlacement(POD_3, 'pi-1/cpu0', { image: 'edgetwin/resnet50-cpu:1' }), { decisionId: 'd-2' })
    expect(refused).toMatchObject({ ok: false })
    await time.advance(5_000)
    expect(about(story(), `${POD_1}-r1`).at(-1)).toMatch(/^pod.finished/)
    // What waited behind it on the cordoned node starts at once.
    expect(about(story(), POD_2)).toContain('pod.started +1100')
  })
})

describe('faults', () => {
  it('kill-node: silence at once, not ready later, pods lost and replaced, waiting until it returns', async () => {
    const { time, site, story, eventsOf } = await play()
    await time.advance(ROUND_MS + 100)
    const url = site.exporterTargets.find(({ name }) => name === 'pi-1')?.url ?? ''
    expect((await fetch(url)).status).toBe(200)
    const fault = site.faults.add({ kind: 'kill-node', node: 'pi-1' })
    await expect(fetch(url)).rejects.toThrow()
    await time.advance(1_499)
    expect(eventsOf('node.conditionsChanged').filter(({ ready }) => !ready)).toEqual([])
    await time.advance(1)
    expect(eventsOf('node.conditionsChanged').filter(({ ready }) => !ready)).toMatchObject([{ name: 'pi-1', timeMs: START_MS + 2_600 }])
    expect(about(story(), POD_1)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.started +1000', 'pod.failed +2600'])
    expect(about(story(), POD_2).at(-1)).toBe('pod.failed +2600')
    expect(about(story(), `${POD_1}-r1`)).toEqual(['pod.created +2600', 'pod.gated +2600'])
    expect(eventsOf('pod.gated')[0]).toMatchObject({ gate: 'node pi-1 is not ready' })
    expect(eventsOf('pod.failed')[0]).toMatchObject({ reason: 'node lost' })

    const placed = await site.sink.apply(aPlacement(`${POD_1}-r1`, 'edge-1/cpu0'), { decisionId: 'd-1' })
    expect(placed).toEqual({ ok: true, pod: `${POD_1}-r1`, replacement: null })
    // The edge server has recorded the clip: it computes at once, 110 ms.
    await time.advance(200)
    expect(about(story(), `${POD_1}-r1`).slice(2)).toEqual(['pod.bound +2600', 'pod.started +2600', 'pod.finished +2710'])

    site.faults.clear(fault.id)
    expect((await fetch(url)).status).toBe(200)
    await time.advance(1_500)
    expect(about(story(), 'pi-1').at(-1)).toBe('node.conditionsChanged +4300')
    expect(about(story(), `${POD_2}-r1`)).toEqual(['pod.created +2600', 'pod.gated +2600', 'pod.bound +4300', 'pod.started +4300'])
  })

  it('kill-node taken back before anybody noticed: what ran is started again, what waited still waits', async () => {
    const { time, site, story } = await play()
    await time.advance(ROUND_MS + 100)
    const { id } = site.faults.add({ kind: 'kill-node', node: 'pi-1' })
    await time.advance(100)
    site.faults.clear(id)
    await time.advance(10_000)
    expect(about(story(), POD_1).at(-1)).toBe('pod.failed +1200')
    expect(about(story(), POD_2)).toEqual(['pod.created +1000', 'pod.bound +1000', 'pod.started +1200', 'pod.finished +3828'])
    expect(about(story(), `${POD_1}-r1`).at(-1)).toMatch(/^pod.finished/)
  })

  it('kill-node taken back at once: work of other cameras goes home, and what waited there goes on', async () => {
    const { time, site, story } = await play((each) => ({ ...each, workload: { ...each.workload, framesPerClip: 100 } }))
    await time.advance(ROUND_MS)
    site.faults.add({ kind: 'burst', load: 'light', frames: 100 })
    await site.sink.apply(aPlacement(POD_2, 'edge-1/cpu0'), { decisionId: 'd-1' })
    const [second] = site.truth().pods.filter(({ name, phase }) => phase === 'bound' && name.startsWith('cam-1'))
    await site.sink.apply(aPlacement(second?.name ?? '', 'edge-1/cpu0'), { decisionId: 'd-1' })
    await time.advance(4_000)
    site.faults.clear(site.faults.add({ kind: 'kill-node', node: 'edge-1' }).id)
    await time.advance(0)
    expect(about(story(), `${POD_2}-r1`).at(-1)).toBe('pod.failed +5000')
    expect(about(story(), `${second?.name}-r1`).at(-1)).toBe('pod.started +5000')
  })

  it('a clip on its way from a machine that dies comes from the recording instead', async () => {
    const { time, site, story } = await play()
    await time.advance(ROUND_MS)
    await site.sink.apply(aPlacement(POD_2, 'tx2-1/cpu0'), { decisionId: 'd-1' })
    await time.advance(100)
    site.faults.add({ kind: 'kill-node', node: 'pi-1' })
    await time.advance(10_000)
    // 1,505,280 bytes again from 1,100 on, at 10,000 bytes/ms, and 2 ms.
    expect(about(story(), `${POD_2}-r1`)).toContain('pod.started +1252')
  })

  it('lose-accelerator: its pods fail at once and go to the next best of the node', async () => {
    const { time, site, story, eventsOf } = await play()
    await time.advance(ROUND_MS + 100)
    const { id } = site.faults.add({ kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' })
    await time.advance(0)
    expect(about(story(), POD_3).at(-1)).toBe('pod.failed +1100')
    expect(eventsOf('pod.bound').at(-1)).toMatchObject({ name: `${POD_3}-r1`, accelerator: 'tx2-1/cpu0', image: 'edgetwin/resnet50-cpu:1' })
    const metrics = () => fetch(site.exporterTargets[1]?.url ?? '').then((response) => response.text())
    expect(await metrics()).toContain('ha_accelerator_state{accelerator_id="tx2-1/gpu0",state="offline"} 1')
    site.faults.clear(id)
    expect(await metrics()).toContain('ha_accelerator_state{accelerator_id="tx2-1/gpu0",state="offline"} 0')
  })

  it('gives a request up when its pods failed too often', async () => {
    const { time, site, eventsOf } = await play()
    await time.advance(ROUND_MS)
    for (let round = 0; round < 8; round++) {
      const { id } = site.faults.add({ kind: 'lose-accelerator', accelerator: 'pi-1/cpu0' })
      site.faults.clear(id)
      await time.advance(1_500)
    }
    expect(eventsOf('inference.completed').filter(({ succeeded }) => !succeeded)).toHaveLength(2)
    expect(eventsOf('pod.created').filter(({ spec }) => spec.request === POD_1.replace('-infer', ''))).toHaveLength(7)
    expect(site.truth().cameras[0]).toMatchObject({ openCount: 0 })
  })

  it('slow-link: clips take longer and samples say so; the same again replaces it', async () => {
    const { time, site, story, eventsOf } = await play()
    await time.advance(ROUND_MS)
    site.faults.add({ kind: 'slow-link', link: 'pi-1-uplink', factor: 0.5 })
    const { id } = site.faults.add({ kind: 'slow-link', link: 'pi-1-uplink', factor: 0.1 })
    expect(site.faults.list()).toHaveLength(1)
    await site.sink.apply(aPlacement(POD_2, 'edge-1/cpu0'), { decisionId: 'd-1' })
    await time.advance(5_000)
    expect(about(story(), `${POD_2}-r1`)).toContain('pod.started +2507')
    const sample = eventsOf('link.sampled').find(({ name, timeMs }) => name === 'pi-1-uplink' && timeMs === START_MS + 2_000)
    // Of the 2 s until then the link carried 1,000 bytes/ms for one.
    expect(sample?.quality).toEqual({ bytesPerSecond: 1e6, latencyMs: 1, utilizationRatio: expect.closeTo(0.5, 3) })
    site.faults.clear(id)
    await time.advance(2_000)
    expect(eventsOf('link.sampled').findLast(({ name }) => name === 'pi-1-uplink')?.quality.bytesPerSecond).toBe(1e7)
  })

  it('lie: the exporter claims a utilisation, nothing else changes', async () => {
    const { site } = await play()
    site.faults.add({ kind: 'lie', node: 'pi-1', utilizationRatio: 0.77 })
    const text = await (await fetch(site.exporterTargets[0]?.url ?? '')).text()
    expect(text).toContain('ha_accelerator_utilization_ratio{accelerator_id="pi-1/cpu0"} 0.77')
    expect(site.truth().accelerators[0]).toMatchObject({ busy: false })
  })

  it('camera-off: no picture, no requests; burst: a whole round at once', async () => {
    const { time, site, eventsOf } = await play()
    const { id } = site.faults.add({ kind: 'camera-off', camera: 'cam-1' })
    await time.advance(2_000)
    expect(eventsOf('camera.conditionsChanged').at(-1)).toMatchObject({ name: 'cam-1', online: false })
    expect(eventsOf('camera.sampled').findLast(({ name }) => name === 'cam-1')).toMatchObject({ framesPerSecond: 0 })
    expect(eventsOf('inference.requested').map(({ camera }) => camera)).toEqual(['cam-2'])
    site.faults.clear(id)
    site.faults.add({ kind: 'burst', load: 'heavy', frames: 3 })
    await time.advance(0)
    expect(site.faults.list()).toEqual([])
    const asked = eventsOf('inference.requested').slice(1)
    expect(asked.map(({ application, frames }) => `${application} ${frames}`).sort()).toEqual([
      'googlenet 3',
      'googlenet 3',
      'resnet50 3',
      'resnet50 3',
    ])
  })

  it('on things that are not there are refused with the nearest names', async () => {
    const { site } = await play()
    expect(() => site.faults.add({ kind: 'kill-node', node: 'pi-2' })).toThrow('no node "pi-2"; use pi-1')
    expect(() => site.faults.add({ kind: 'slow-link', link: 'pi-1', factor: 0.5 })).toThrow('no link "pi-1"')
    expect(() => site.faults.clear('none')).toThrow('no active fault "none"; there is none')
  })
})

describe('what the cluster says unasked', () => {
  it('lists everything at the start and again every half minute', async () => {
    const { time, eventsOf } = await play()
    const listed = () => eventsOf('node.observed', 'camera.observed', 'link.observed').map(({ name }) => name)
    const all = ['pi-1', 'pi-1-uplink', 'tx2-1', 'tx2-1-uplink', 'edge-1', 'edge-1-uplink', 'cam-1', 'cam-2']
    expect(listed()).toEqual(all)
    await time.advance(30_000)
    expect(listed()).toEqual([...all, ...all])
    expect(eventsOf('camera.sampled')).toHaveLength(2 * 16)
    expect(eventsOf('node.observed')[1]?.identity).toEqual({
      role: 'camera',
      emulated: true,
      deviceModel: 'jetson-tx2',
      memoryBytes: 8 * 1024 ** 3,
    })
  })

  it('starts with the loss of what an earlier run left open', async () => {
    const requests = [{ id: 'cam-1-alexnet-old-1', requestedMs: START_MS - 500 }]
    const one = await playSite(parseSite(SITE, 'small.yaml'), { leftOver: { pods: ['cam-1-alexnet-old-1-infer'], requests } })
    played.push(one)
    expect(one.events.slice(0, 2)).toMatchObject([
      { type: 'pod.failed', name: 'cam-1-alexnet-old-1-infer' },
      { type: 'inference.completed', id: 'cam-1-alexnet-old-1', succeeded: false, latencyMs: 500 },
    ])
  })
})

describe('exporters', () => {
  it('show how busy a device was since the last scrape, its state and its memory', async () => {
    const { time, site } = await play()
    const text = () => fetch(site.exporterTargets[0]?.url ?? '').then((response) => response.text())
    const readingOf = (metrics: string, metric: string) =>
      Number(new RegExp(`^ha_accelerator_${metric}{accelerator_id="pi-1/cpu0"} (.*)$`, 'm').exec(metrics)?.[1])
    await time.advance(ROUND_MS - 500)
    const idle = await text()
    await time.advance(2_000)
    const busy = await text()
    expect(readingOf(idle, 'utilization_ratio')).toBe(0)
    // Busy for 1,500 of 2,000 ms.
    expect(readingOf(busy, 'utilization_ratio')).toBeCloseTo(0.75, 6)
    expect(readingOf(busy, 'power_watts')).toBeGreaterThan(readingOf(idle, 'power_watts'))
    expect(readingOf(busy, 'temperature_celsius')).toBeGreaterThan(readingOf(idle, 'temperature_celsius'))
    expect(readingOf(busy, 'memory_used_bytes')).toBeGreaterThan(readingOf(idle, 'memory_used_bytes'))
    expect(busy).toContain('type="CPU",vendor="",model="raspberry-pi-4b",driver="",node="pi-1",emulated="true"} 1')
    expect(busy).toContain('ha_accelerator_state{accelerator_id="pi-1/cpu0",state="allocated"} 1')
  })

  it('say of the node what its CPU does, not its other devices', async () => {
    const { time, site } = await play()
    const text = async (index: number) => await (await fetch(site.exporterTargets[index]?.url ?? '')).text()
    await time.advance(ROUND_MS - 500)
    await Promise.all([text(0), text(1)])
    // cam-2 has work for tx2-1/gpu0 alone.
    await time.advance(700)
    const [pi, tx2] = await Promise.all([text(0), text(1)])
    const ofNode = (metrics: string) => Number(/^ha_node_cpu_utilization_ratio{node="[^"]*"} (.*)$/m.exec(metrics)?.[1])
    expect(ofNode(pi)).toBeCloseTo(2 / 7, 6)
    expect(tx2).toMatch(/^ha_accelerator_utilization_ratio{accelerator_id="tx2-1\/gpu0"} 0\.2/m)
    expect(ofNode(tx2)).toBe(0)
    expect(tx2).toMatch(/^ha_node_memory_used_bytes{node="tx2-1"} [1-9]/m)
  })
})

describe('the control API', () => {
  const json = { 'content-type': 'application/json' }

  it('adds, lists and clears faults, and tells the truth', async () => {
    const { site } = await play()
    const url = `${site.controlUrl}/faults`
    const added = await fetch(url, { method: 'POST', headers: json, body: JSON.stringify({ kind: 'kill-node', node: 'pi-1' }) })
    expect([added.status, await added.json()]).toEqual([
      201,
      { id: 'kill-node-pi-1', sinceMs: START_MS, fault: { kind: 'kill-node', node: 'pi-1' } },
    ])
    expect(await (await fetch(url)).json()).toHaveLength(1)
    expect(await (await fetch(`${site.controlUrl}/truth`)).json()).toMatchObject({ nodes: [{ name: 'pi-1', alive: false }, {}, {}] })
    expect((await fetch(`${url}/kill-node-pi-1`, { method: 'DELETE' })).status).toBe(204)
    expect(site.faults.list()).toEqual([])
  })

  it.each([
    ['an unknown node', '{"kind":"kill-node","node":"pi-9"}', json, 400, 'no node "pi-9"'],
    ['an unknown kind', '{"kind":"flood"}', json, 400, 'kind'],
    ['no JSON', '{', json, 400, 'not JSON'],
    ['a huge body', `"${'x'.repeat(70_000)}"`, json, 400, 'larger than'],
    ['a form', 'kind=kill-node', { 'content-type': 'text/plain' }, 400, 'application/json'],
  ])('refuses %s and lives on', async (_, body, headers, status, detail) => {
    const { site } = await play()
    const refused = await fetch(`${site.controlUrl}/faults`, { method: 'POST', headers, body })
    expect(refused.status).toBe(status)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect((await refused.json()).detail).toContain(detail)
    expect((await fetch(`${site.controlUrl}/nothing`)).status).toBe(404)
  })
})
