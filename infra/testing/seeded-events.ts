/** An endless stream of valid events of a small site, the same for the same seed; each has a time of its own, so that it can be found again. */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { TwinEvent } from '../../models/events/events.ts'

const NODES = ['pi-1', 'tx2-1', 'tx2-2', 'edge-1']

export function* seededEvents({ seed, startMs }: { readonly seed: number; readonly startMs: number }): Generator<TwinEvent, never> {
  const generator = xoroshiro128plus(seed)
  const below = (limit: number) => uniformInt(generator, 0, limit - 1)
  for (let n = 0; ; n++) {
    const common = { site: 'lab', timeMs: startMs + n, source: 'test' }
    const name = NODES[below(NODES.length)]!
    const accelerator = `${name}/gpu0`
    const pod = `request-${below(40)}-infer`
    const load = { utilizationRatio: below(100) / 100, temperatureCelsius: 30 + below(400) / 10 }
    const identity = { emulated: true, deviceModel: null }
    const events: readonly TwinEvent[] = [
      { type: 'node.sampled', ...common, name, load },
      { type: 'accelerator.sampled', ...common, name: accelerator, load, allocated: below(2) === 0 },
      { type: 'node.observed', ...common, name, identity: { role: 'camera', memoryBytes: 8e9, ...identity }, schedulable: true },
      { type: 'accelerator.observed', ...common, name: accelerator, identity: { node: name, acceleratorKind: 'GPU', ...identity } },
      { type: 'node.conditionsChanged', ...common, name, ready: below(4) > 0, cordoned: false, reason: '' },
      { type: 'inference.requested', ...common, id: pod, camera: 'cam-1', application: 'alexnet', frames: 1 + below(90) },
      { type: 'pod.created', ...common, name: pod, uid: `uid-${n}`, spec: aSpec(pod, below(3)) },
      { type: 'pod.bound', ...common, name: pod, node: name, accelerator, image: 'ncnn', by: 'edgetwin' },
      { type: 'pod.started', ...common, name: pod },
      { type: 'pod.finished', ...common, name: pod, durationMs: below(5_000) },
      { type: 'clock.ticked', ...common },
    ]
    yield events[below(events.length)]!
  }
}

function aSpec(request: string, iteration: number) {
  return { request, camera: 'cam-1', application: 'alexnet', stage: 'infer', frames: 30, iteration }
}

export function takeEvents(events: Iterator<TwinEvent, never>, count: number): TwinEvent[] {
  return Array.from({ length: count }, () => events.next().value)
}
