/**
 * The life of a pod: created, bound, its clip fetched, its turn awaited, computed, ended, and replaced when it failed.
 *
 * An accelerator runs one pod at a time, in strict order of binding: one whose clip is late holds up those behind it.
 */
import { applicationNamed } from '../../models/applications/applications.ts'
import { chooseDevice } from './stock-scheduler.ts'
import {
  BACKOFF_LIMIT,
  type Device,
  ENDED_PODS_MAX,
  imageOn,
  type OpenRequest,
  type Pod,
  stamp,
  trueComputeMs,
  type World,
} from './world.ts'

/** Creates the stage's pod number `iteration` of a request, pending. */
export function createPod(world: World, request: OpenRequest, iteration: number): Pod {
  const stage = applicationNamed(request.application)?.stages[0]?.name ?? 'infer'
  const name = `${request.id}-${stage}${iteration > 0 ? `-r${iteration}` : ''}`
  const { id, camera, application, frames } = request
  const spec = { request: id, camera, application, stage, frames, iteration }
  const state = { phase: 'pending', reason: '', device: null, clip: { at: 'nowhere' }, startedMs: 0, end: null } as const
  const pod: Pod = { name, uid: `${world.site.name}-${name}`, spec, request, ...state }
  world.pods.set(name, pod)
  world.emit({ type: 'pod.created', ...stamp(world), name, uid: pod.uid, spec })
  return pod
}

/** Puts a pending pod where the site's own scheduler wants it; says why when that is nowhere. */
export function scheduleByStock(world: World, pod: Pod): void {
  const choice = chooseDevice(world, pod)
  if ('device' in choice) return bind(world, pod, choice.device, 'site-scheduler')
  if (choice.reason === pod.reason) return
  pod.reason = choice.reason
  world.emit({ type: 'pod.gated', ...stamp(world), name: pod.name, gate: choice.reason })
}

export function schedulePending(world: World): void {
  for (const pod of [...world.pods.values()]) if (pod.phase === 'pending') scheduleByStock(world, pod)
}

/** The device must be able to serve the pod's application. */
export function bind(world: World, pod: Pod, device: Device, by: string): void {
  const image = imageOn(device, pod.spec.application)?.image
  if (image === undefined) throw new Error(`${device.name} has no image for ${pod.spec.application}`)
  pod.phase = 'bound'
  pod.reason = ''
  pod.device = device
  device.queue.push(pod)
  world.emit({ type: 'pod.bound', ...stamp(world), name: pod.name, node: device.node, accelerator: device.name, image, by })
  world.emit({ type: 'inference.assigned', ...stamp(world), id: pod.request.id, pod: pod.name, accelerator: device.name })
  fetchClip(world, pod)
  startNext(world, device)
}

/** A node died or returned: clips on their way from the dead start again from elsewhere, lost ones are found. */
export function fetchClips(world: World): void {
  for (const pod of world.pods.values()) {
    const { clip } = pod
    if (pod.phase !== 'bound' || clip.at === 'here') continue
    if (clip.at === 'travelling' && world.machines.get(clip.from)?.alive) continue
    fetchClip(world, pod)
  }
}

function fetchClip(world: World, pod: Pod): void {
  const { device } = pod
  if (!device) return
  world.network.cancel(pod.name)
  const from = clipSource(world, pod)
  pod.clip = from === null ? { at: 'nowhere' } : from === device.node ? { at: 'here' } : { at: 'travelling', from }
  if (pod.clip.at !== 'travelling') return
  const bytes = (applicationNamed(pod.spec.application)?.inputBytes ?? 0) * pod.spec.frames
  world.network.send({ id: pod.name, from: pod.clip.from, to: device.node, bytes }, () => {
    pod.clip = { at: 'here' }
    startNext(world, device)
  })
}

/** The camera's own node, or where it is recorded when that node is lost or there is none; null when nobody alive has the clip. */
function clipSource({ machines, cameras }: World, { spec }: Pod): string | null {
  const camera = cameras.get(spec.camera)?.description
  const holders = [camera?.node ?? null, camera?.recordedAt ?? null]
  return holders.find((node) => node !== null && machines.get(node)?.alive === true) ?? null
}

/** Starts the first of the queue if it can. */
export function startNext(world: World, device: Device): void {
  const [pod] = device.queue
  if (pod?.phase !== 'bound' || pod.clip.at !== 'here') return
  if (!device.working || !world.machines.get(device.node)?.alive) return
  pod.phase = 'running'
  pod.startedMs = world.agenda.nowMs()
  device.busySinceMs = pod.startedMs
  world.emit({ type: 'pod.started', ...stamp(world), name: pod.name })
  pod.end = world.agenda.after(trueComputeMs(world, pod, device), () => finish(world, pod))
}

function finish(world: World, pod: Pod): void {
  const durationMs = world.agenda.nowMs() - pod.startedMs
  const device = leave(world, pod, 'succeeded')
  world.emit({ type: 'pod.finished', ...stamp(world), name: pod.name, durationMs: roundMs(durationMs) })
  complete(world, pod.request, true)
  if (device) startNext(world, device)
}

/** Ends a pod without success; the job controller makes the next one, until it gives up. */
export function fail(world: World, pod: Pod, reason: string): void {
  const device = leave(world, pod, 'failed')
  world.emit({ type: 'pod.failed', ...stamp(world), name: pod.name, reason })
  if (pod.spec.iteration >= BACKOFF_LIMIT) complete(world, pod.request, false)
  else scheduleByStock(world, createPod(world, pod.request, pod.spec.iteration + 1))
  if (device) startNext(world, device)
}

/** Moves a pod that is bound or, off a cordoned node, running: its replacement starts anew on `device`. */
export function move(world: World, pod: Pod, device: Device): Pod {
  const left = leave(world, pod, 'evicted')
  world.emit({ type: 'pod.evicted', ...stamp(world), name: pod.name, reason: `moved to ${device.name}`, by: 'edgetwin' })
  const replacement = createPod(world, pod.request, pod.spec.iteration + 1)
  bind(world, replacement, device, 'edgetwin')
  if (left) startNext(world, left)
  return replacement
}

/** What computing there was stops where it stands. */
export function halt(world: World, device: Device): void {
  world.agenda.cancel(device.queue[0]?.end ?? null)
  if (device.busySinceMs !== null) device.busyTotalMs += world.agenda.nowMs() - device.busySinceMs
  device.busySinceMs = null
}

function leave(world: World, pod: Pod, phase: 'succeeded' | 'failed' | 'evicted'): Device | null {
  const { device } = pod
  if (pod.phase === 'running' && device) halt(world, device)
  if (device) device.queue.splice(device.queue.indexOf(pod), 1)
  pod.phase = phase
  world.network.cancel(pod.name)
  forgetEnded(world)
  return device
}

function complete(world: World, { id, camera: name, requestedMs }: OpenRequest, succeeded: boolean): void {
  const camera = world.cameras.get(name)
  if (camera) camera.openCount--
  const latencyMs = roundMs(world.agenda.nowMs() - requestedMs)
  world.emit({ type: 'inference.completed', ...stamp(world), id, succeeded, latencyMs })
}

function forgetEnded({ pods }: World): void {
  if (pods.size <= ENDED_PODS_MAX) return
  for (const [name, { phase }] of pods) {
    if (phase === 'pending' || phase === 'bound' || phase === 'running') continue
    pods.delete(name)
    return
  }
}

/** To the microsecond. */
function roundMs(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
