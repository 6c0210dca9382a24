/** What can happen at the small site of `anyHistory`, and what its sources then tell. Each act is possible at any time, or tells nothing. */
import type { TwinEvent } from '../events/events.ts'
import { JOB_STATUSES } from '../events/work-events.ts'
import { aDecision, type anEvent, aPlacement } from './events.ts'

interface Device {
  readonly node: string
  readonly name: string
  healthy: boolean
  present: boolean
}

interface WorkPod {
  readonly name: string
  readonly request: string
  readonly iteration: number
  phase: 'pending' | 'bound' | 'running' | 'over'
  accelerator: string | null
}

export interface Site {
  nowMs: number
  readonly events: TwinEvent[]
  readonly nodes: { readonly name: string; alive: boolean; goneMs: number | null }[]
  readonly devices: Device[]
  readonly pods: WorkPod[]
  readonly jobs: number[]
  requestCount: number
  decisionCount: number
}

/** What one step may do; `a` and `b` choose among the things it may be done to. */
export type Act = (site: Site, tell: Tell, a: number, b: number) => void
export type Tell = typeof anEvent

/** A thing that is gone returns only this soon: what returns later may or may not have been forgotten (twin/README). */
const RETURN_MS_MAX = 300_000

const pick = <T>(among: readonly T[], index: number): T | undefined => among[index % Math.max(1, among.length)]

function bind(tell: Tell, pod: WorkPod, accelerator: string): void {
  pod.phase = 'bound'
  pod.accelerator = accelerator
  tell('pod.bound', { name: pod.name, node: accelerator.split('/')[0] ?? '', accelerator })
  tell('inference.assigned', { id: pod.request, pod: pod.name, accelerator })
}

function createPod(site: Site, tell: Tell, request: string, iteration: number): WorkPod {
  const pod: WorkPod = { name: `${request}-infer-r${iteration}`, request, iteration, phase: 'pending', accelerator: null }
  site.pods.push(pod)
  const spec = { request, camera: 'camera-1', application: 'alexnet', stage: 'infer', frames: 8, iteration }
  tell('pod.created', { name: pod.name, uid: `uid-${pod.name}`, spec })
  return pod
}

function failPod(site: Site, tell: Tell, pod: WorkPod, reason: string): void {
  pod.phase = 'over'
  tell('pod.failed', { name: pod.name, reason })
  createPod(site, tell, pod.request, pod.iteration + 1)
}

const open = (site: Site) => site.pods.filter(({ phase }) => phase !== 'over')
const present = (site: Site) =>
  site.devices.filter((device) => device.present && site.nodes.find(({ name }) => name === device.node)?.goneMs === null)

/** By name, so that a failing history can be read. */
export const ACTS = {
  tick: (_site, tell) => void tell('clock.ticked', {}),
  list(site, tell, a) {
    const node = pick(site.nodes, a)
    if (node === undefined || (node.goneMs !== null && site.nowMs - node.goneMs > RETURN_MS_MAX)) return
    node.goneMs = null
    tell('node.observed', { name: node.name })
    tell('node.conditionsChanged', { name: node.name, ready: node.alive })
    tell('link.observed', { name: `${node.name}-uplink`, node: node.name })
    tell('link.conditionsChanged', { name: `${node.name}-uplink`, up: node.alive })
    tell('camera.observed', { name: `camera-${node.name}`, node: node.name })
    tell('camera.conditionsChanged', { name: `camera-${node.name}`, online: node.alive })
    for (const device of present(site).filter((each) => each.node === node.name)) {
      tell('accelerator.observed', {
        name: device.name,
        identity: { node: node.name, acceleratorKind: 'GPU', emulated: true, deviceModel: null },
      })
    }
  },
  sample(site, tell, a, b) {
    const node = pick(site.nodes, a)
    if (node === undefined) return
    if (!node.alive) return void tell('exporter.lost', { name: node.name })
    tell('exporter.reached', { name: node.name })
    tell('node.sampled', { name: node.name, load: { utilizationRatio: (b % 100) / 100 } })
    tell('link.sampled', { name: `${node.name}-uplink` })
    tell('camera.sampled', { name: `camera-${node.name}`, framesPerSecond: b % 30 })
    const here = present(site).filter((device) => device.node === node.name)
    for (const { name } of here) tell('accelerator.sampled', { name, load: { powerWatts: b % 15 }, allocated: b % 2 === 0 })
  },
  request(site, tell) {
    const id = `r-${++site.requestCount}`
    tell('inference.requested', { id })
    createPod(site, tell, id, 0)
  },
  gate(site, tell, a) {
    const pod = pick(
      open(site).filter(({ phase }) => phase === 'pending'),
      a,
    )
    if (pod) tell('pod.gated', { name: pod.name })
  },
  bind(site, tell, a, b) {
    const pod = pick(
      open(site).filter(({ phase }) => phase === 'pending'),
      a,
    )
    const device = pick(present(site), b)
    if (pod && device) bind(tell, pod, device.name)
  },
  start(site, tell, a) {
    const pod = pick(
      open(site).filter(({ phase }) => phase === 'bound'),
      a,
    )
    if (pod === undefined) return
    pod.phase = 'running'
    tell('pod.started', { name: pod.name })
  },
  finish(site, tell, a) {
    const pod = pick(
      open(site).filter(({ phase }) => phase === 'running'),
      a,
    )
    if (pod === undefined) return
    pod.phase = 'over'
    tell('pod.finished', { name: pod.name })
    tell('inference.completed', { id: pod.request })
  },
  fail(site, tell, a) {
    const pod = pick(open(site), a)
    if (pod) failPod(site, tell, pod, 'crashed')
  },
  evict(site, tell, a) {
    const pod = pick(open(site), a)
    if (pod === undefined) return
    pod.phase = 'over'
    tell('pod.evicted', { name: pod.name })
  },
  /** Told again as it was, by a list or a second source. */
  echo(site, tell, a) {
    const recent = site.events.filter((event) => event.type.startsWith('pod.') && site.nowMs - event.timeMs < 20_000)
    const event = pick(recent, a)
    if (event) tell(event.type, { ...event, timeMs: site.nowMs })
  },
  /** Deleted and made again under its name. */
  remake(site, tell, a, b) {
    const pod = pick(open(site), a)
    if (pod === undefined) return
    Object.assign(pod, { phase: 'pending', accelerator: null })
    tell('pod.created', { name: pod.name, uid: `uid-${pod.name}-${b}` })
  },
  nodeDies(site, tell, a) {
    const node = pick(
      site.nodes.filter(({ alive, goneMs }) => alive && goneMs === null),
      a,
    )
    if (node === undefined) return
    node.alive = false
    tell('node.conditionsChanged', { name: node.name, ready: false, reason: 'silent' })
    for (const pod of open(site)) if (pod.accelerator?.startsWith(`${node.name}/`)) failPod(site, tell, pod, 'node lost')
  },
  nodeReturns(site, tell, a) {
    const node = pick(
      site.nodes.filter(({ alive, goneMs }) => !alive && goneMs === null),
      a,
    )
    if (node === undefined) return
    node.alive = true
    tell('node.conditionsChanged', { name: node.name, ready: true })
  },
  nodeGoes(site, tell, a) {
    const node = pick(
      site.nodes.filter(({ goneMs }) => goneMs === null),
      a,
    )
    if (node === undefined) return
    for (const { name } of present(site).filter((device) => device.node === node.name)) tell('accelerator.gone', { name })
    node.goneMs = site.nowMs
    tell('link.gone', { name: `${node.name}-uplink` })
    tell('camera.gone', { name: `camera-${node.name}` })
    tell('node.gone', { name: node.name })
  },
  deviceChanges(site, tell, a) {
    const device = pick(present(site), a)
    if (device === undefined) return
    device.healthy = !device.healthy
    tell('accelerator.conditionsChanged', { name: device.name, healthy: device.healthy })
  },
  deviceGoes(site, tell, a) {
    const device = pick(present(site), a)
    if (device === undefined) return
    device.present = false
    tell('accelerator.gone', { name: device.name })
  },
  decide(site, tell, a, b) {
    const waiting = open(site)
      .filter(({ phase }) => phase !== 'running')
      .slice(0, 1 + (a % 3))
    const devices = present(site)
    if (waiting.length === 0 || devices.length === 0) return
    const id = `d-${++site.decisionCount}`
    const predictedFinishMs = site.nowMs + 1_000 + (b % 9_000)
    const placements = waiting.map(({ name, request, accelerator }, index) => {
      return aPlacement({
        pod: name,
        request,
        from: accelerator,
        to: pick(devices, b + index)?.name ?? '',
        predictedStartMs: site.nowMs,
        predictedFinishMs,
      })
    })
    tell('decision.made', { decision: aDecision({ id, placements }) })
    if (b % 5 === 0) return void tell(b % 2 === 0 ? 'decision.rejected' : 'decision.expired', { id })
    tell('decision.approved', { id })
    for (const [index, pod] of waiting.entries()) {
      const accelerator = placements[index]?.to ?? ''
      if ((a + index) % 4 === 0) {
        tell('placement.refused', { id, pod: pod.name })
        continue
      }
      if (pod.phase === 'pending') {
        tell('placement.applied', { id, pod: pod.name, accelerator })
        bind(tell, pod, accelerator)
        continue
      }
      pod.phase = 'over'
      tell('pod.evicted', { name: pod.name })
      const replacement = createPod(site, tell, pod.request, pod.iteration + 1)
      tell('placement.applied', { id, pod: pod.name, replacement: replacement.name, accelerator })
      bind(tell, replacement, accelerator)
    }
    if (b % 3 === 0) tell('placement.verified', { id })
  },
  job(site, tell, a) {
    const id = a % 3
    const reached = site.jobs[id] ?? 0
    const status = JOB_STATUSES[reached]
    if (status === undefined) return
    site.jobs[id] = reached + 1
    tell('job.statusChanged', { id: `job-${id}`, status })
  },
  ask: (_site, tell) => void tell('whatif.asked', {}),
  score: (_site, tell, a, b) => void tell('regret.scored', { id: `regret-${a % 5}`, realisedMakespanMs: b / 7 }),
  drop: (_site, tell, a) => void tell('regret.dropped', { id: `regret-${a % 5}` }),
  mode: (_site, tell, a) => void tell('loop.modeChanged', { mode: a % 2 === 0 ? 'advise' : 'auto' }),
} satisfies Record<string, Act>
