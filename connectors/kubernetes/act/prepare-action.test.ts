/** What an action asks of the server, and when it asks nothing: tables, then the stock scheduler's own verdict on drawn clusters. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { DeviceClaim, DeviceObjects } from '../../../models/scheduling/kubernetes/device-objects.ts'
import { matchesRequiredNodeAffinity } from '../../../models/scheduling/kubernetes/selectors.ts'
import { judge } from '../../../models/scheduling/kubernetes/stock-scheduler.ts'
import { anyCluster } from '../../../models/scheduling/kubernetes/testing/any-cluster.ts'
import { GATE } from '../names.ts'
import { aKubeNode, aKubePod, type PodParts } from '../testing/objects.ts'
import type { WatchedPod } from '../watched.ts'
import type { ActionReads, PlaceAction, Prepared } from './actions.ts'
import { narrowed, widened } from './narrowing.ts'
import { prepareAction, ungateRequest } from './prepare-action.ts'
import { replacementOf, schedulerView } from './scheduler-view.ts'

const aGatedPod = (parts: PodParts = {}, spec: Partial<WatchedPod['spec']> = {}): WatchedPod => {
  const pod = aKubePod('web-1', { gates: [GATE], ...parts })
  return { ...pod, spec: { ...pod.spec, ...spec } }
}
const reads = (pod: WatchedPod | null, over: Partial<ActionReads> = {}): ActionReads => ({
  pod,
  nodes: ['a', 'b', 'c', 'd'].map((name) => aKubeNode(name, { labels: { 'kubernetes.io/hostname': `host-${name}` } })),
  pods: [],
  namespaces: [],
  readAtMs: 500,
  ...over,
})
const ref = { namespace: 'default', name: 'web-1', uid: null }
const gate = (over: object = {}): PlaceAction => ({ kind: 'gate', pod: ref, decision: 'd1', nodes: ['b', 'a', 'c', 'd'], topK: 3, ...over })
const bind = (over: object = {}): PlaceAction => ({ kind: 'bind', pod: ref, decision: 'd1', node: 'b', ...over })
const evict = (over: object = {}): PlaceAction => ({ kind: 'evict', pod: ref, decision: 'd1', nodes: ['b', 'c'], ...over })
const reasonOf = (prepared: Prepared): string => (prepared.ok ? 'ok' : prepared.reason)
const on = (...values: string[]) => ({ key: 'kubernetes.io/hostname', operator: 'In', values })
const zone = { key: 'zone', operator: 'In', values: ['z'] }

/** Fills a node's four CPUs up to what is left. */
const filling = (node: string, cpu: string): WatchedPod =>
  aKubePod(`filling-${node}`, { node, limits: { cpu }, status: { phase: 'Running' } })

describe('a gated pod', () => {
  it('is narrowed, given an order and released by one patch that holds for the pod as it was read', () => {
    const pod = aGatedPod()
    expect(prepareAction(gate(), reads(pod))).toEqual({
      ok: true,
      nodes: ['b', 'a', 'c'],
      request: {
        method: 'PATCH',
        path: '/api/v1/namespaces/default/pods/web-1',
        query: { fieldManager: 'edgetwin' },
        contentType: 'application/strategic-merge-patch+json',
        body: {
          metadata: {
            uid: pod.metadata.uid,
            resourceVersion: pod.metadata.resourceVersion,
            annotations: { 'edgetwin.dev/decision': 'd1' },
          },
          spec: {
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [{ matchExpressions: [on('host-b', 'host-a', 'host-c')] }],
                },
                preferredDuringSchedulingIgnoredDuringExecution: [
                  { weight: 100, preference: { matchExpressions: [on('host-b')] } },
                  { weight: 50, preference: { matchExpressions: [on('host-a')] } },
                  { weight: 25, preference: { matchExpressions: [on('host-c')] } },
                ],
              },
            },
            schedulingGates: [{ $patch: 'delete', name: GATE }],
          },
        },
      },
    })
  })

  it.each<[string, ActionReads, object, RegExp]>([
    ['is not there', reads(null), {}, /there is no pod web-1 in default/],
    ['was made anew', reads(aGatedPod({ uid: 'new' })), { pod: { ...ref, uid: 'old' } }, /another one than the decision speaks of/],
    ['is being deleted', reads(aGatedPod({ deletedAt: '2026-11-21T12:00:00Z' })), {}, /is being deleted/],
    ['has ended', reads(aGatedPod({ status: { phase: 'Failed' } })), {}, /has ended: Failed/],
    ['is not ours to place', reads(aGatedPod({ labels: {} })), {}, /lacks the label edgetwin.dev\/placement: twin/],
    ['is bound', reads(aGatedPod({ node: 'a' })), {}, /is on node a already/],
    ['has no gate', reads(aGatedPod({ gates: [] })), {}, /is not held by the gate/],
    ['has another gate too', reads(aGatedPod({ gates: [GATE, 'x.dev/quota'] })), {}, /is held by x.dev\/quota too/],
    [
      'fits nowhere',
      reads(aGatedPod({ limits: { cpu: '5' } })),
      { nodes: ['a', 'nowhere'] },
      /a: Insufficient cpu; nowhere: there is no such node/,
    ],
    ['is wanted nowhere', reads(aGatedPod()), { nodes: [] }, /can take it: none is/],
    [
      'would go to a silent or a cordoned node',
      reads(aGatedPod(), {
        nodes: [
          aKubeNode('a', { ready: { status: 'Unknown' } }),
          aKubeNode('b', { spec: { unschedulable: true } }),
          aKubeNode('c', { ready: null }),
        ],
      }),
      {},
      /b: the node is cordoned; a: it is not ready; c: it is not ready/,
    ],
  ])('is left alone when it %s', (_, read, action, reason) => expect(reasonOf(prepareAction(gate(action), read))).toMatch(reason))

  it('goes to the next nodes when the first has no room, counting what was promised and not what has ended', () => {
    const promised = { ...aGatedPod({ gates: [], limits: { cpu: '3' }, annotations: { 'edgetwin.dev/decision': 'd0' }, uid: 'promised' }) }
    const affinity = {
      nodeAffinity: narrowed(undefined, [
        { host: 'host-b', weight: 100 },
        { host: 'host-c', weight: 50 },
      ]),
    }
    const pods = [
      { ...promised, spec: { ...promised.spec, affinity } },
      filling('a', '4'),
      { ...filling('c', '4'), status: { phase: 'Succeeded' } },
    ]
    expect(prepareAction(gate(), reads(aGatedPod({ limits: { cpu: '2' } }), { pods }))).toMatchObject({ ok: true, nodes: ['c', 'd'] })
  })

  it.each<[string, string, Partial<ActionReads>, readonly (readonly [string, number])[]]>([
    [
      '88 % full: 50 still loses to 100',
      '3500m',
      {},
      [
        ['host-b', 100],
        ['host-a', 50],
      ],
    ],
    [
      'disliked by a soft taint, which outweighs any preference',
      '0',
      {
        nodes: [
          aKubeNode('b', { labels: { 'kubernetes.io/hostname': 'host-b' }, spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } }),
          aKubeNode('a', { labels: { 'kubernetes.io/hostname': 'host-a' } }),
        ],
      },
      [['host-b', 100]],
    ],
  ])('keeps its first choice when that is %s', (_, cpu, over, expected) => {
    const prepared = prepareAction(gate({ topK: 2 }), reads(aGatedPod({ limits: { cpu: '100m' } }), { pods: [filling('b', cpu)], ...over }))
    const body = prepared.ok ? prepared.request.body : {}
    const preferred = expected.map(([host, weight]) => ({ weight, preference: { matchExpressions: [on(host)] } }))
    expect(body).toHaveProperty('spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution', preferred)
  })

  it('keeps its first choice against the spread that the scheduler wants for pods of one owner', () => {
    const labels = { 'edgetwin.dev/placement': 'twin', app: 'web' }
    const pods = Array.from({ length: 8 }, (_, index) =>
      aKubePod(`web-b${index}`, { owner: 'web', labels, node: 'b', status: { phase: 'Running' } }),
    )
    const owned = prepareAction(gate(), reads(aGatedPod({ labels, owner: 'web' }), { pods }))
    const free = prepareAction(gate(), reads(aGatedPod({ labels }), { pods }))
    const secondWeight = (prepared: Prepared) =>
      Object(prepared).request.body.spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].weight
    expect([secondWeight(owned), secondWeight(free)]).toEqual([1, 50])
  })

  it('is not thought to be spread over zones where a node has none', () => {
    const nodes = [aKubeNode('b'), aKubeNode('a', { labels: { 'topology.kubernetes.io/zone': 'z' } })]
    expect(prepareAction(gate(), reads(aGatedPod({ owner: 'web' }), { nodes }))).toMatchObject({ ok: true, nodes: ['b', 'a'] })
  })

  it('is released as it is when it is let go', () => {
    const { metadata } = aGatedPod()
    expect(ungateRequest({ ...aGatedPod(), metadata }, 'why').body).toEqual({
      metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, annotations: { 'edgetwin.dev/ungated': 'why' } },
      spec: { schedulingGates: [{ $patch: 'delete', name: GATE }] },
    })
  })
})

describe('a required affinity', () => {
  it.each([
    ['none', [], [{ matchExpressions: [on('h')] }]],
    [
      'each term at its end',
      [{ matchExpressions: [zone] }, { matchExpressions: [zone, zone] }],
      [{ matchExpressions: [zone, on('h')] }, { matchExpressions: [zone, zone, on('h')] }],
    ],
    ['fields alone', [{ matchFields: [zone], matchExpressions: [] }], [{ matchFields: [zone], matchExpressions: [on('h')] }]],
    ['nothing, which matches no node', [{}, { matchExpressions: [zone] }], [{}, { matchExpressions: [zone, on('h')] }]],
  ])('of %s grows', (_, before, after) => {
    const required = before.length === 0 ? {} : { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: before } }
    const grown = narrowed({ nodeAffinity: required }, [{ host: 'h', weight: 100 }])
    expect(grown.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms).toEqual(after)
    expect(widened({ nodeAffinity: grown })).toEqual(before.length === 0 ? undefined : required)
  })

  it('of the owner is left as it is though it ends with host names', () => {
    const own = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [on('h')] }] } }
    expect(widened({ nodeAffinity: own })).toEqual(own)
  })
})

describe('a binding', () => {
  const own = { schedulerName: 'edgetwin', schedulingGates: [] }

  it('holds for the pod as it was read, for a second', () => {
    const pod = aGatedPod({}, own)
    expect(prepareAction(bind(), reads(pod))).toEqual({
      ok: true,
      nodes: ['b'],
      request: {
        method: 'POST',
        path: '/api/v1/namespaces/default/pods/web-1/binding',
        notAfterMs: 1_500,
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: {
            name: 'web-1',
            uid: pod.metadata.uid,
            resourceVersion: pod.metadata.resourceVersion,
            annotations: { 'edgetwin.dev/decision': 'd1' },
          },
          target: { apiVersion: 'v1', kind: 'Node', name: 'b' },
        },
      },
    })
  })

  it.each<[string, ActionReads, RegExp]>([
    ['claims devices', reads(aGatedPod({ claims: ['gpu'] }, { ...own })), /claims devices, which only the scheduler can allocate/],
    ['is another scheduler’s', reads(aGatedPod({}, { ...own, schedulerName: 'default-scheduler' })), /left to scheduler default-scheduler/],
    ['is gated', reads(aGatedPod({}, { schedulerName: 'edgetwin' })), /still held by edgetwin.dev\/placement/],
    [
      'does not fit',
      reads(aGatedPod({ limits: { cpu: '2' } }, own), { pods: [filling('b', '3')] }),
      /node b cannot take pod web-1: b: Insufficient cpu/,
    ],
    ['has no node', reads(aGatedPod({}, own), { nodes: [] }), /there is no such node/],
    ['is bound', reads(aGatedPod({ node: 'c' }, own)), /is on node c already/],
  ])('is refused when the pod %s', (_, read, reason) => expect(reasonOf(prepareAction(bind(), read))).toMatch(reason))
})

describe('an eviction', () => {
  const running = (parts: PodParts = {}) => aGatedPod({ gates: [], owner: 'web', node: 'a', status: { phase: 'Running' }, ...parts })

  it('is rehearsed, and holds for the pod as it was read', () => {
    const pod = running()
    const preconditions = { uid: pod.metadata.uid, resourceVersion: pod.metadata.resourceVersion }
    expect(prepareAction(evict(), reads(pod))).toEqual({
      ok: true,
      nodes: ['b', 'c'],
      request: {
        method: 'POST',
        path: '/api/v1/namespaces/default/pods/web-1/eviction',
        rehearse: true,
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web-1' }, deleteOptions: { preconditions } },
      },
    })
  })

  const { owner: _, ...ownerless } = { owner: 'web', gates: [], node: 'a' }
  it.each<[string, ActionReads, object, RegExp]>([
    ['nobody would make another', reads(aGatedPod(ownerless)), {}, /has no owner that would make another/],
    [
      'its owner says so',
      reads(running({ annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' } })),
      {},
      /so it is not moved/,
    ],
    ['it is there already', reads(running({ node: 'b' })), {}, /is on node b already/],
    [
      'there is no room',
      reads(running({ limits: { cpu: '2' } }), { pods: [filling('b', '3')] }),
      {},
      /node b could not take what replaces pod web-1: b: Insufficient cpu/,
    ],
    ['it is wanted nowhere', reads(running()), { nodes: [] }, /no node is wanted/],
    [
      'it may leave no gap',
      reads(running(), { pods: [running()] }),
      { mayLeaveGap: false },
      /no other of ReplicaSet web is ready on node b/,
    ],
  ])('is refused when %s', (_, read, action, reason) => expect(reasonOf(prepareAction(evict(action), read))).toMatch(reason))

  it.each(['DaemonSet', 'Node'])('is refused when the pod is one of a %s', (kind) => {
    const pod = running()
    const owner = { kind, name: 'each', uid: 'u', controller: true }
    expect(reasonOf(prepareAction(evict(), reads({ ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } })))).toMatch(
      /belongs to its node/,
    )
  })

  it('may leave no gap and leaves none when another stands ready where it would go', () => {
    const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    const pods = [running(), running({ uid: 'spare', node: 'b', status: ready })]
    expect(prepareAction(evict({ mayLeaveGap: false }), reads(running(), { pods }))).toMatchObject({ ok: true })
  })

  it('reckons with what the owner asked for, not with where we had narrowed it to', () => {
    const placed = running({ annotations: { 'edgetwin.dev/decision': 'd0' } })
    const nodeAffinity = narrowed(undefined, [{ host: 'host-a', weight: 100 }])
    const pod = { ...placed, spec: { ...placed.spec, affinity: { nodeAffinity } } }
    expect(prepareAction(evict(), reads(pod))).toMatchObject({ ok: true })
    const owners = { ...pod, metadata: { ...pod.metadata, annotations: {} } }
    expect(reasonOf(prepareAction(evict(), reads(owners)))).toMatch(/does not match the pod's node selector/)
  })
})

it('on any cluster: the stock scheduler picks the first node of those that can take the pod, and could pick no other than those named', () => {
  let released = 0
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), fc.infiniteStream(fc.nat()), (seed, draws) => {
      const drawn = anyCluster(seed)
      const ready = { conditions: [{ type: 'Ready', status: 'True' }] }
      const metadata = (name: string) => ({ name, uid: name, resourceVersion: '1' })
      const nodes = drawn.nodes.map((node) => ({
        ...node,
        metadata: { ...node.metadata, ...metadata(node.metadata.name) },
        status: { ...node.status, ...ready },
      }))
      const pods = drawn.pods.map((pod): WatchedPod => ({ ...pod, metadata: { ...Object(pod.metadata), ...metadata(pod.metadata.name) } }))
      const labels = { ...drawn.pod.metadata.labels, 'edgetwin.dev/placement': 'twin' }
      const pod: WatchedPod = {
        metadata: { ...metadata('new'), namespace: drawn.pod.metadata.namespace ?? 'default', labels },
        spec: { ...drawn.pod.spec, schedulingGates: [{ name: GATE }] },
      }
      const namespaces = drawn.namespaces.map(({ metadata: own }) => ({ metadata: { ...own, ...metadata(own.name) } }))
      const read: ActionReads = { pod, nodes, pods, namespaces, readAtMs: 0 }
      const wanted = nodes.map(({ metadata: { name } }) => ({ name, rank: draws.next().value })).sort((a, b) => a.rank - b.rank)
      const prepared = prepareAction(gate({ nodes: wanted.map(({ name }) => name), pod: { ...ref, name: 'new' } }), read)
      const snapshot = schedulerView(read, 'new')
      const before = judge(pod, snapshot)
      const hosts = new Set(nodes.filter((node) => node.metadata.labels?.['kubernetes.io/hostname']).map(({ metadata: { name } }) => name))
      const possible = wanted.map(({ name }) => name).filter((name) => before.feasible.includes(name) && hosts.has(name))
      if (!prepared.ok) return expect(possible).toEqual([])
      released++
      const { nodeAffinity } = Object(prepared.request.body).spec.affinity
      const narrow = { ...pod, spec: { ...pod.spec, affinity: { ...pod.spec.affinity, nodeAffinity } } }
      const after = judge(narrow, snapshot)
      expect(after.best).toEqual([possible[0]])
      expect([...after.feasible].sort()).toEqual([...prepared.nodes].sort())
      expect(prepared.nodes).toEqual(possible.slice(0, prepared.nodes.length))
      // What its owner would make anew may go wherever this one could.
      const annotated = { ...narrow, metadata: { ...narrow.metadata, annotations: { 'edgetwin.dev/decision': 'd1' } } }
      for (const node of nodes)
        expect(matchesRequiredNodeAffinity(replacementOf(annotated), node)).toBe(matchesRequiredNodeAffinity(pod, node))
    }),
    { numRuns: 1_000, seed: 7 },
  )
  expect(released).toBeGreaterThan(500)
})

describe('a pod that claims a device', () => {
  const claim = (name: string, pod: WatchedPod, device?: string): DeviceClaim => ({
    metadata: { name, namespace: 'default', ownerReferences: [{ uid: pod.metadata.uid, controller: true }] },
    spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
    ...(device === undefined
      ? {}
      : {
          status: {
            allocation: { devices: { results: [{ driver: 'acc', pool: device, device: 'gpu0' }] } },
            reservedFor: [{ resource: 'pods', name: pod.metadata.name, uid: pod.metadata.uid }],
          },
        }),
  })
  /** One GPU on each of b and c. */
  const devices = (...claims: DeviceClaim[]): DeviceObjects => ({
    classes: [{ metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: 'device.driver == "acc"' } }] } }],
    slices: ['b', 'c'].map((node) => ({
      metadata: { name: node },
      spec: { driver: 'acc', nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'gpu0' }] },
    })),
    claims,
  })
  const pod = aGatedPod({}, { resourceClaims: [{ name: 'gpu', resourceClaimName: 'own' }] })
  const nodesFor = (over: Partial<ActionReads>, action = gate(), of = pod): readonly string[] | string => {
    const prepared = prepareAction(action, reads(of, over))
    return prepared.ok ? prepared.nodes : prepared.reason
  }
  const other = aKubePod('other', { node: 'b', status: { phase: 'Running' } })

  it('is narrowed to the nodes that have one free', () => {
    expect(nodesFor({ devices: devices(claim('own', pod)) })).toEqual(['b', 'c'])
    expect(nodesFor({ devices: devices(claim('own', pod), claim('others', other, 'b')), pods: [other] })).toEqual(['c'])
    expect(nodesFor({ devices: devices() })).toMatch(/b: its claims are not made yet/)
  })

  it('is left to the scheduler where devices are not shown to us', () => {
    expect(nodesFor({ devices: null })).toEqual(['b', 'a', 'c'])
  })

  it('may have what a pod that has ended still holds on paper', () => {
    const ended = { ...other, status: { phase: 'Succeeded' } }
    expect(nodesFor({ devices: devices(claim('own', pod), claim('others', ended, 'b')), pods: [ended] })).toEqual(['b', 'c'])
  })

  it('does not get what was promised to another a moment ago', () => {
    const released = aKubePod('first', { annotations: { 'edgetwin.dev/decision': 'd0' } })
    const nodeAffinity = narrowed(undefined, [{ host: 'host-b', weight: 100 }])
    const promised = {
      ...released,
      spec: { ...released.spec, affinity: { nodeAffinity }, resourceClaims: [{ name: 'gpu', resourceClaimName: 'theirs' }] },
    }
    expect(nodesFor({ devices: devices(claim('own', pod), claim('theirs', promised)), pods: [promised] })).toEqual(['c'])
  })

  it('is evicted only towards a node with one free; what it has itself is free by then', () => {
    const running = aKubePod('web-1', { node: 'b', owner: 'web', status: { phase: 'Running' } })
    const claiming = { ...running, spec: { ...running.spec, resourceClaims: [{ name: 'gpu', resourceClaimName: 'own' }] } }
    const there = { pods: [claiming], devices: devices(claim('own', claiming, 'b')) }
    expect(nodesFor(there, evict({ nodes: ['c'] }), claiming)).toEqual(['c'])
    expect(nodesFor(there, evict({ nodes: ['a'] }), claiming)).toMatch(/a: cannot allocate all claims/)
  })
})
