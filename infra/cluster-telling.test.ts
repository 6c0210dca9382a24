/**
 * Whatever a cluster does, however much of it is seen at once and however often edgetwin starts anew: in the end the twin is as a fresh
 * list would make it.
 */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  aDevice,
  aKubeCamera,
  aKubeNode,
  aKubePod,
  aSlice,
  aWarning,
  CREATED_MS,
  type NodeParts,
  type PodParts,
} from '../connectors/kubernetes/testing/objects.ts'
import type { ClusterChange } from '../connectors/kubernetes/watch/cluster.ts'
import { type Backlog, createBacklog } from '../connectors/kubernetes/watch/cluster-backlog.ts'
import { createClusterIndex } from '../connectors/kubernetes/watch/cluster-index.ts'
import { isOver } from '../connectors/kubernetes/watch/pod-facts.ts'
import { createTelling, nameOf, type Telling } from '../connectors/kubernetes/watch/telling.ts'
import {
  type ClusterEvent,
  hasEnded,
  isPlaceable,
  type ResourceClaim,
  type ResourceSlice,
  type WatchedCamera,
  type WatchedNode,
  type WatchedPod,
} from '../connectors/kubernetes/watched.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { isEnded } from '../models/entities/pod.ts'
import { type TwinEvent, twinEventShape } from '../models/events/events.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'

const START_MS = Date.parse('2026-11-21T12:00:10Z')

/** A cluster in memory, as informers would show it, and the twin behind it. */
function aWatchedCluster() {
  const objects = {
    node: new Map<string, WatchedNode>(),
    pod: new Map<string, WatchedPod>(),
    slice: new Map<string, ResourceSlice>(),
    claim: new Map<string, ResourceClaim>(),
    camera: new Map<string, WatchedCamera>(),
    event: new Map<string, ClusterEvent>(),
  }
  const podsByKey = () => new Map([...objects.pod.values()].map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]))
  let nowMs = START_MS
  let state: TwinState = emptyTwin
  let sequence = 0
  const told: TwinEvent[] = []
  let index = createClusterIndex()
  let telling: Telling
  let backlog: Backlog
  const start = (): void => {
    index = createClusterIndex()
    for (const object of objects.pod.values()) index.note({ kind: 'pod', change: { type: 'set', object, previous: null } })
    for (const object of objects.event.values()) index.note({ kind: 'event', change: { type: 'set', object, previous: null } })
    for (const object of objects.slice.values()) index.note({ kind: 'slice', change: { type: 'set', object, previous: null } })
    const cluster = {
      objects: (kind: string) => (kind === 'pod' ? podsByKey() : (Reflect.get(objects, kind) ?? new Map())),
      isListed: () => true,
      isInTouch: () => true,
      isShown: () => true,
    }
    const view = index.view(cluster as unknown as Parameters<typeof index.view>[0])
    telling = createTelling({ site: 'lab', view, registry: defaultRegistry(), entities: () => state.entities })
    backlog = createBacklog({ cluster, telling, clock: () => nowMs })
  }
  start()
  const fold = (events: readonly TwinEvent[]): void => {
    told.push(...events)
    state = applyEvents(
      state,
      events.map((event) => ({ sequence: ++sequence, position: { topic: 't', partition: 0, offset: sequence }, event })),
    )
  }
  const note = (change: ClusterChange): void => {
    index.note(change)
    backlog.note(change)
  }
  return {
    objects,
    told,
    state: () => state,
    telling: () => telling,
    restart: start,
    pass: (ms: number) => {
      nowMs += ms
    },
    flush: () => {
      for (let events = backlog.take(); events.length > 0; events = backlog.take()) fold(events)
    },
    look: () => {
      backlog.look()
      fold(telling.giveUp({ timeMs: nowMs }))
    },
    tick: () => fold([{ type: 'clock.ticked', site: 'lab', timeMs: nowMs, source: 'clock' }]),
    tell: fold,
    nowMs: () => nowMs,
    node(name: string, parts: NodeParts | null): void {
      const previous = objects.node.get(name) ?? null
      if (parts === null) {
        objects.node.delete(name)
        if (previous) note({ kind: 'node', change: { type: 'removed', object: previous } })
        return
      }
      const object = aKubeNode(name, parts)
      objects.node.set(name, object)
      note({ kind: 'node', change: { type: 'set', object, previous } })
    },
    camera(object: WatchedCamera | string): void {
      if (typeof object === 'string') {
        const previous = objects.camera.get(object)
        objects.camera.delete(object)
        if (previous) note({ kind: 'camera', change: { type: 'removed', object: previous } })
        return
      }
      const key = `${object.metadata.namespace}/${object.metadata.name}`
      const previous = objects.camera.get(key) ?? null
      objects.camera.set(key, object)
      note({ kind: 'camera', change: { type: 'set', object, previous } })
    },
    warn(object: ClusterEvent): void {
      const previous = objects.event.get(object.metadata.name) ?? null
      objects.event.set(object.metadata.name, object)
      note({ kind: 'event', change: { type: 'set', object, previous } })
    },
    renew: (name: string) => {
      const object = { metadata: { name, uid: name, resourceVersion: '1' } }
      note({ kind: 'lease', change: { type: 'set', object, previous: null } })
    },
    slice(object: ResourceSlice): void {
      const previous = objects.slice.get(object.metadata.name) ?? null
      objects.slice.set(object.metadata.name, object)
      note({ kind: 'slice', change: { type: 'set', object, previous } })
    },
    claim(object: ResourceClaim): void {
      const previous = objects.claim.get(`default/${object.metadata.name}`) ?? null
      objects.claim.set(`default/${object.metadata.name}`, object)
      note({ kind: 'claim', change: { type: 'set', object, previous } })
    },
    pod(name: string, parts: PodParts | null): void {
      const previous = objects.pod.get(name) ?? null
      const isAnother = parts !== null && previous !== null && previous.metadata.uid !== (parts.uid ?? `uid-${name}`)
      if (previous && (parts === null || isAnother)) note({ kind: 'pod', change: { type: 'removed', object: previous } })
      if (parts === null) {
        objects.pod.delete(name)
        return
      }
      const object = aKubePod(name, parts)
      objects.pod.set(name, object)
      note({ kind: 'pod', change: { type: 'set', object, previous: isAnother ? null : previous } })
    },
  }
}
type Watched = ReturnType<typeof aWatchedCluster>

/** By name, what the twin should hold of the pods. */
function expectedPods({ pod }: Watched['objects']) {
  const open = [...pod.values()].filter((each) => isPlaceable(each) && !isOver(each))
  return open.map((each) => `${nameOf(each)} ${each.metadata.uid} ${each.spec.nodeName ?? '-'} ${each.status?.phase}`).sort()
}

function heldPods({ entities }: TwinState) {
  const open = [...entities.pod.values()].filter((pod) => !isEnded(pod))
  return open
    .map(({ name, uid, mode, reported }) => `${name} ${uid} ${reported.place?.node ?? '-'} ${mode === 'running' ? 'Running' : 'Pending'}`)
    .sort()
}

function expectedNodes({ node }: Watched['objects']) {
  return [...node.values()].map(({ metadata, spec, status }) => {
    const ready = status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    return `${metadata.name} ${ready ? 'ready' : 'notReady'} ${spec?.unschedulable === true}`
  })
}

function heldNodes({ entities }: TwinState) {
  const there = [...entities.node.values()].filter(({ mode }) => mode !== 'gone')
  return there.map(({ name, mode, reported }) => `${name} ${mode} ${reported.conditions?.value.cordoned}`)
}

function checkAll(watched: Watched): void {
  const state = watched.state()
  expect(heldPods(state)).toEqual(expectedPods(watched.objects))
  expect(heldNodes(state).sort()).toEqual(expectedNodes(watched.objects).sort())
  const open = [...state.entities.pod.values()].filter((pod) => !isEnded(pod))
  const work = open.map(({ spec }) => `${spec?.request} ${spec?.stage}`)
  expect(new Set(work).size).toBe(work.length)
  const askedFor = new Set(
    [...state.entities.request.values()].filter(({ mode }) => mode === 'assigned' || mode === 'waiting').map(({ id }) => id),
  )
  for (const { spec } of open) expect(askedFor).toContain(spec?.request)
  const devices = new Set(
    [...watched.objects.node.keys()].flatMap((name) =>
      watched
        .telling()
        .inventory(name)
        ?.devices.map((each) => each.name),
    ),
  )
  for (const { name, reported, mode } of state.entities.accelerator.values()) {
    const onIt = open.filter((pod) => pod.reported.place?.accelerator === name).map((pod) => pod.name)
    expect([...reported.pods].sort()).toEqual(onIt.sort())
    expect([name, mode === 'offline']).toEqual([name, !devices.has(name)])
  }
  for (const event of watched.told) expect(() => twinEventShape.parse(event)).not.toThrow()
}

const gpus = (count: number) => Array.from({ length: count }, (_, index) => aDevice(`gpu${index}`, { kind: 'gpu', model: 'iris-xe' }))
const NODES = ['edge-1', 'edge-2'] as const
const RUNNING = { phase: 'Running', conditions: [{ type: 'PodScheduled', status: 'True' }] }

type Act = (watched: Watched, uids: { next: () => string }) => void
const nameArb = fc.constantFrom('web-1', 'web-2', 'alone')
const nodeArb = fc.constantFrom(...NODES)
const change = (watched: Watched, name: string, more: PodParts): void => {
  const pod = watched.objects.pod.get(name)
  if (pod === undefined) return
  const { metadata, spec, status } = pod
  const owner = metadata.ownerReferences?.[0]?.name
  watched.pod(name, {
    uid: metadata.uid,
    labels: metadata.labels ?? {},
    limits: spec.containers[0]?.resources?.limits ?? {},
    ...(owner === undefined ? {} : { owner }),
    ...(spec.nodeName === undefined ? {} : { node: spec.nodeName }),
    ...(metadata.deletionTimestamp === undefined ? {} : { deletedAt: metadata.deletionTimestamp }),
    ...(status === undefined ? {} : { status }),
    ...more,
  })
}
const actArb: fc.Arbitrary<Act> = fc.oneof(
  fc
    .record({ name: nameArb, owner: fc.option(fc.constantFrom('web', 'job')), ours: fc.boolean(), gpu: fc.boolean(), gated: fc.boolean() })
    .map(
      ({ name, owner, ours, gpu, gated }): Act =>
        (watched, uids) =>
          watched.pod(name, {
            uid: uids.next(),
            ...(owner === null ? {} : { owner }),
            ...(ours ? {} : { labels: {} }),
            ...(gpu ? { limits: { 'nvidia.com/gpu': '1' } } : {}),
            ...(gated ? { gates: ['edgetwin.dev/placement'] } : {}),
          }),
    ),
  fc.tuple(nameArb, nodeArb).map(
    ([name, node]): Act =>
      (watched) => {
        const pod = watched.objects.pod.get(name)
        if (pod && !isOver(pod) && pod.spec.nodeName === undefined && watched.objects.node.has(node))
          change(watched, name, { node, gates: [] })
      },
  ),
  nameArb.map(
    (name): Act =>
      (watched) => {
        const pod = watched.objects.pod.get(name)
        if (pod?.spec.nodeName !== undefined && !hasEnded(pod)) change(watched, name, { status: RUNNING })
      },
  ),
  fc.tuple(nameArb, fc.constantFrom('Succeeded', 'Failed')).map(
    ([name, phase]): Act =>
      (watched) => {
        if (watched.objects.pod.get(name)?.status?.phase === 'Running') change(watched, name, { status: { ...RUNNING, phase } })
      },
  ),
  nameArb.map(
    (name): Act =>
      (watched) =>
        change(watched, name, { deletedAt: '2026-11-21T12:00:09Z' }),
  ),
  nameArb.map(
    (name): Act =>
      (watched) =>
        watched.pod(name, null),
  ),
  fc.tuple(nodeArb, fc.constantFrom<NodeParts | null>(null, {}, { ready: { status: 'Unknown' } }, { spec: { unschedulable: true } })).map(
    ([name, parts]): Act =>
      (watched) => {
        // Pods of a node that was taken away are taken away too, before long.
        for (const pod of parts === null ? [...watched.objects.pod.values()] : []) {
          if (pod.spec.nodeName === name) watched.pod(pod.metadata.name, null)
        }
        watched.node(name, parts === null ? null : { resources: { 'nvidia.com/gpu': '2' }, ...parts })
      },
  ),
  fc.tuple(nodeArb, fc.integer({ min: 0, max: 2 })).map(
    ([node, count]): Act =>
      (watched) =>
        watched.slice(aSlice(node, gpus(count), { name: node })),
  ),
  fc.constant<Act>((watched) => watched.flush()),
  fc.constant<Act>((watched) => watched.flush()),
  fc.constant<Act>((watched) => watched.restart()),
  fc.constant<Act>((watched) => watched.restart()),
  fc.integer({ min: 10, max: 40_000 }).map(
    (ms): Act =>
      (watched) =>
        watched.pass(ms),
  ),
  fc.constant<Act>((watched) => watched.look()),
  fc.constant<Act>((watched) => watched.tick()),
)

describe('what a cluster tells', () => {
  it('brings the twin to where a fresh list would, whatever was seen at once, missed or told before', () => {
    fc.assert(
      fc.property(fc.array(actArb, { minLength: 1, maxLength: 60, size: 'max' }), (acts) => {
        const watched = aWatchedCluster()
        let uid = 0
        for (const act of acts) act(watched, { next: () => `uid-${++uid}` })
        watched.flush()
        checkAll(watched)
        // Told to the end, there is nothing more to tell, also after a start.
        watched.restart()
        const before = watched.told.length
        watched.flush()
        const again = watched.told.slice(before).filter(({ type }) => !type.endsWith('.observed') && !type.endsWith('conditionsChanged'))
        expect(again).toEqual([])
      }),
      { seed: 20_261, numRuns: 250 },
    )
  })

  it('of a pod made anew while nobody looked: the old one is over, the new one takes over from it', () => {
    const watched = aWatchedCluster()
    watched.node('edge-1', {})
    watched.pod('web-0', { uid: 'a', owner: 'web' })
    watched.flush()
    watched.pod('web-0', { uid: 'b', owner: 'web' })
    watched.restart()
    const before = watched.told.length
    watched.flush()
    const pods = watched.told.slice(before).filter(({ type }) => !/^(node|accelerator|link)/.test(type))
    expect(pods.map(({ type }) => type)).toEqual(['pod.evicted', 'pod.created'])
    expect(watched.state().entities.pod.get('web-0.default')).toMatchObject({ uid: 'b', spec: { request: 'web.default', iteration: 1 } })
  })

  it('of a pod made anew within the second in which the first was made', () => {
    const watched = aWatchedCluster()
    watched.pass(CREATED_MS + 300 - watched.nowMs())
    watched.pod('alone', { uid: 'a' })
    watched.flush()
    watched.pass(5_000)
    watched.pod('alone', { uid: 'b' })
    watched.flush()
    expect(watched.state().entities.pod.get('alone.default')).toMatchObject({ uid: 'b', mode: 'pending' })
  })

  it('is told again every half minute, as long as the node renews its lease: the age of facts is the age of what is known', () => {
    const watched = aWatchedCluster()
    const ageMs = () => watched.nowMs() - (watched.state().entities.node.get('edge-1')?.reported.conditions?.timeMs ?? 0)
    const passSeconds = (count: number, isRenewing: boolean): void => {
      for (let second = 0; second < count; second++) {
        watched.pass(1_000)
        if (isRenewing && second % 10 === 0) watched.renew('edge-1')
        watched.look()
        watched.flush()
      }
    }
    watched.node('edge-1', {})
    watched.renew('edge-1')
    watched.flush()
    passSeconds(200, true)
    expect(ageMs()).toBeLessThanOrEqual(30_000)
    passSeconds(200, false)
    expect(ageMs()).toBeGreaterThan(150_000)
  })
})

describe('cameras of a cluster', () => {
  const cameras = ({ entities }: TwinState) =>
    [...entities.camera.values()]
      .filter(({ mode }) => mode !== 'gone')
      .map(({ name, mode, desired, reported: { identity } }) => [
        name,
        identity?.value.node,
        identity?.value.recordedAt,
        desired.applications.join(),
        mode,
      ])
  const labelled = { 'edgetwin.dev/camera': 'hall', 'edgetwin.dev/recorded-at': 'edge-1', 'edgetwin.dev/applications': 'alexnet, yolov4' }

  it('are told by annotations of nodes and by objects that people write, each once', () => {
    const watched = aWatchedCluster()
    watched.node('edge-1', {})
    watched.node('pi-1', { annotations: labelled })
    watched.camera(aKubeCamera('gate', { node: 'edge-1', applications: ['alexnet'] }, { namespace: 'shop' }))
    watched.camera(aKubeCamera('elsewhere', { site: 'other' }))
    watched.camera(aKubeCamera('lab-hall', {}, { labels: { 'app.kubernetes.io/managed-by': 'edgetwin' } }))
    watched.flush()
    expect(cameras(watched.state())).toEqual([
      ['hall', 'pi-1', 'edge-1', 'alexnet,yolov4', 'online'],
      ['gate', 'edge-1', null, 'alexnet', 'online'],
    ])
    expect(watched.telling().siteFaults()).toEqual([])
  })

  it('by an object are believed before a label of the same name, and go back to it with the object', () => {
    const watched = aWatchedCluster()
    for (const node of ['edge-1', 'edge-2']) watched.node(node, {})
    watched.node('pi-1', { annotations: labelled })
    watched.camera(aKubeCamera('hall', { recordedAt: 'edge-2' }))
    watched.flush()
    expect(cameras(watched.state())).toEqual([['hall', 'pi-1', 'edge-2', 'alexnet,yolov4', 'online']])
    watched.camera('default/hall')
    watched.flush()
    expect(cameras(watched.state())).toEqual([['hall', 'pi-1', 'edge-1', 'alexnet,yolov4', 'online']])
    watched.node('pi-1', null)
    watched.flush()
    expect(cameras(watched.state())).toEqual([])
  })

  it('on a node of the role alone have its name, unless an object says whose it is', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', { labels: { 'edgetwin.dev/role': 'camera' } })
    watched.flush()
    expect(cameras(watched.state()).map(([name]) => name)).toEqual(['pi-1'])
    watched.camera(aKubeCamera('hall', { node: 'pi-1' }))
    watched.flush()
    expect(cameras(watched.state()).map(([name]) => name)).toEqual(['hall'])
  })

  it('are offline with their node, and stay what they were when edgetwin starts anew', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', { annotations: labelled })
    watched.flush()
    watched.restart()
    const before = watched.told.length
    watched.node('pi-1', { annotations: labelled, ready: { status: 'False' } })
    watched.flush()
    expect(watched.told.slice(before).filter(({ type }) => type === 'camera.gone')).toEqual([])
    expect(watched.state().entities.camera.get('hall')).toMatchObject({
      mode: 'offline',
      reported: { conditions: { value: { reason: 'its node pi-1 is not ready' } } },
    })
  })

  it('are told again every half minute while they are vouched for', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', { annotations: labelled })
    for (let second = 0; second < 100; second++) {
      watched.pass(1_000)
      watched.renew('pi-1')
      watched.look()
      watched.flush()
    }
    expect(watched.nowMs() - watched.state().entities.camera.get('hall')!.reported.identity!.timeMs).toBeLessThanOrEqual(31_000)
  })

  it('that are misdescribed are named, with what is wrong', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', { annotations: { ...labelled, 'edgetwin.dev/link-latency-ms': 'soon' } })
    watched.node('pi-2', { annotations: labelled })
    watched.camera(aKubeCamera('gate', { node: 'away' }))
    watched.camera(aKubeCamera('gate', {}, { namespace: 'shop' }))
    watched.flush()
    expect(watched.telling().siteFaults()).toEqual([
      'Camera shop/gate has the name of Camera default/gate, which counts; name it otherwise',
      'node pi-2 says that it is inside of camera hall, as node pi-1 does, which counts',
      'camera hall names node edge-1, which the cluster does not have',
      'camera gate names node away, which the cluster does not have',
      'node pi-1: edgetwin.dev/link-latency-ms "soon" is no number of ms',
    ])
  })

  it('that nobody knows are a fault of the pod that names them, until somebody describes them', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', {})
    watched.pod('web', { annotations: { 'edgetwin.dev/camera': 'hall' } })
    watched.flush()
    const faults = () => [...watched.telling().podFaults().values()].flat()
    expect(faults()).toEqual([expect.stringMatching(/^edgetwin.dev\/camera hall is no camera of the site: .*write a Camera object/)])
    watched.camera(aKubeCamera('hall', { node: 'pi-1' }))
    watched.flush()
    expect(faults()).toEqual([])
  })
})

describe('links of a cluster', () => {
  const link = ({ entities }: TwinState, node: string) => entities.link.get(`${node}-uplink`)
  const annotated = { 'edgetwin.dev/link-mbit-per-second': '20', 'edgetwin.dev/link-latency-ms': '2.5' }
  const hear = (watched: Watched, name: string, interfaceBytesPerSecond: number): void => {
    const common = { site: 'lab', timeMs: watched.nowMs(), source: `exporter:${name}` }
    watched.tell([{ type: 'node.sampled', ...common, name, load: {}, interfaceBytesPerSecond }])
    watched.node(name, { annotations: watched.objects.node.get(name)?.metadata.annotations ?? {} })
    watched.flush()
  }

  it('are what is written on the node, else what its interface is set to, else assumed; the slower of the first two counts', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', { annotations: annotated })
    watched.node('pi-2', {})
    watched.flush()
    const said = (node: string) => link(watched.state(), node)?.desired
    expect(said('pi-1')).toEqual({ node: 'pi-1', nominal: { bytesPerSecond: 2_500_000, latencyMs: 2.5 }, origin: 'annotated' })
    expect(said('pi-2')).toEqual({ node: 'pi-2', nominal: { bytesPerSecond: 12_500_000, latencyMs: 1 }, origin: 'assumed' })
    hear(watched, 'pi-1', 125e6)
    hear(watched, 'pi-2', 125e6)
    expect(said('pi-1')).toMatchObject({ nominal: { bytesPerSecond: 2_500_000 }, origin: 'annotated' })
    expect(said('pi-2')).toMatchObject({ nominal: { bytesPerSecond: 125e6, latencyMs: 1 }, origin: 'measured' })
    hear(watched, 'pi-1', 1_250_000)
    expect(said('pi-1')).toMatchObject({ nominal: { bytesPerSecond: 1_250_000, latencyMs: 2.5 }, origin: 'measured' })
  })

  it('are down with their node and gone with it', () => {
    const watched = aWatchedCluster()
    watched.node('pi-1', {})
    watched.flush()
    expect(link(watched.state(), 'pi-1')?.mode).toBe('up')
    watched.restart()
    watched.node('pi-1', { ready: { status: 'Unknown' } })
    watched.flush()
    expect(link(watched.state(), 'pi-1')).toMatchObject({
      mode: 'down',
      reported: { conditions: { value: { reason: 'node pi-1 is not ready' } } },
    })
    watched.node('pi-1', null)
    watched.flush()
    expect(link(watched.state(), 'pi-1')?.mode).toBe('gone')
  })
})

describe('warnings about pods', () => {
  const warnings = (watched: Watched, pod = 'web') => watched.state().entities.pod.get(`${pod}.default`)?.reported.warnings ?? []
  const at = (second: number) => `2026-11-21T12:00:${String(second).padStart(2, '0')}.000000Z`

  it('stand at the pod: one of each reason, counted, with the newest words', () => {
    const watched = aWatchedCluster()
    watched.pod('web', {})
    watched.flush()
    watched.warn(aWarning('web', 'FailedScheduling', { eventTime: at(1), note: '0/1 nodes are available' }))
    watched.warn(aWarning('web', 'FailedScheduling', { eventTime: at(2), series: { count: 6, lastObservedTime: at(9) }, note: '0/2' }))
    watched.warn(aWarning('web', 'BackOff', { deprecatedCount: 3, deprecatedLastTimestamp: '2026-11-21T12:00:05Z', note: 'back-off' }))
    watched.warn(aWarning('web', 'Ghost', { uid: 'another' }))
    watched.flush()
    expect(warnings(watched)).toEqual([
      { reason: 'BackOff', note: 'back-off', count: 3, timeMs: Date.parse(at(5)) },
      { reason: 'FailedScheduling', note: '0/2', count: 7, timeMs: Date.parse(at(9)) },
    ])
    expect(watched.told.filter(({ type }) => type === 'pod.warned')).toHaveLength(2)
  })

  it('are told once, also when edgetwin starts anew, and when the pod is heard of after them', () => {
    const watched = aWatchedCluster()
    watched.warn(aWarning('web', 'FailedMount', { eventTime: at(1) }))
    watched.flush()
    watched.pod('web', {})
    watched.flush()
    watched.restart()
    watched.pod('web', {})
    watched.flush()
    expect(watched.told.filter(({ type }) => type === 'pod.warned')).toHaveLength(1)
    expect(warnings(watched)).toHaveLength(1)
  })

  it('come from its containers too: what died of memory, and what waits for an image', () => {
    const watched = aWatchedCluster()
    const died = { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-11-21T12:00:03Z' } }
    const waits = { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x:1"' } }
    const statuses = [
      { name: 'main', restartCount: 4, state: {}, lastState: died },
      { name: 'side', state: waits },
      { name: 'new', state: { waiting: { reason: 'ContainerCreating' } } },
    ]
    watched.pod('web', { status: { phase: 'Pending', containerStatuses: statuses } })
    watched.flush()
    watched.pass(60_000)
    watched.pod('web', { status: { phase: 'Pending', containerStatuses: statuses } })
    watched.flush()
    expect(warnings(watched)).toEqual([
      { reason: 'OOMKilled', note: expect.stringContaining('container main'), count: 4, timeMs: Date.parse(at(3)) },
      { reason: 'ImagePullBackOff', note: 'container side: Back-off pulling image "x:1"', count: 1, timeMs: START_MS },
    ])
  })
})
