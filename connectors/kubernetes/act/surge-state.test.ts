/** Who may have a pod more, what is asked for it, and when it has done its work. */
import { describe, expect, it } from '@jest/globals'
import type { DeviceClaim, DeviceObjects } from '../../../models/scheduling/kubernetes/device-objects.ts'
import { aKubeNode, aKubePod, type PodParts } from '../testing/objects.ts'
import type { WatchedPod } from '../watched.ts'
import type { ActionReads, PlaceAction } from './actions.ts'
import { budgetFor, EMPTY_LEDGER, type IntentWish, reserve } from './ledger-state.ts'
import { prepareAction } from './prepare-action.ts'
import {
  costlessRequest,
  type Deployment,
  deploymentOf,
  fenceRequest,
  isReplaced,
  lowerRequest,
  newcomerOf,
  raiseRequest,
  whyNoSurge,
} from './surge-state.ts'

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
const aWebPod = (name: string, parts: PodParts = {}): WatchedPod =>
  aKubePod(name, {
    owner: 'web-abc',
    labels: { 'edgetwin.dev/placement': 'twin', 'pod-template-hash': 'abc' },
    node: 'a',
    status: READY,
    ...parts,
  })
interface Parts {
  readonly allows?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly replicas?: number
  readonly status?: Deployment['status']
  readonly deletionTimestamp?: string
}
const aDeployment = ({ allows = 'true', labels = {}, replicas = 2, status, ...metadata }: Parts = {}): Deployment => ({
  metadata: {
    ...{ name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '7', generation: 4, labels, ...metadata },
    annotations: { 'edgetwin.dev/surge': allows },
  },
  spec: { replicas, selector: { matchLabels: { app: 'web' } } },
  status: { observedGeneration: 4, replicas, updatedReplicas: replicas, availableReplicas: replicas, ...status },
})
const OPEN = { 'edgetwin.dev/surge-of': 'uid-old', 'edgetwin.dev/surge-from': '2' }

it.each<[string, WatchedPod, string | null]>([
  ['of a Deployment', aWebPod('web-abc-1'), 'web'],
  ['of a ReplicaSet alone', aWebPod('web-abc-1', { labels: {} }), null],
  ['of a ReplicaSet that somebody named', aWebPod('web-abc-1', { owner: 'mine' }), null],
  ['of nobody', aKubePod('web-abc-1', { labels: { 'pod-template-hash': 'abc' } }), null],
])('the Deployment behind a pod %s', (_, pod, name) => expect(deploymentOf(pod)).toBe(name))

it.each<[string, Parts, PodParts, RegExp | null]>([
  ['a whole one that allows it', {}, {}, null],
  ['one that does not', { allows: 'yes' }, {}, /does not allow a surge/],
  ['one that has one more already', { labels: OPEN }, {}, /has a pod more already/],
  ['one of which not all are available', { status: { availableReplicas: 1 } }, {}, /is not whole: 1 of its 2/],
  ['one that is being rolled out', { status: { updatedReplicas: 1 } }, {}, /is not whole/],
  ['one that still shrinks', { status: { replicas: 3 } }, {}, /is not whole/],
  ['one whose change is not seen yet', { status: { observedGeneration: 3 } }, {}, /is not whole/],
  ['one that is going', { deletionTimestamp: 'now' }, {}, /is being deleted/],
  ['a pod whose owner has set its cost', {}, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '5' } }, /of its owner's/],
  ['a pod that we marked before', {}, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-2147483647' } }, null],
])('a pod more for %s', (_, parts, pod, why) => {
  const fault = whyNoSurge(aWebPod('web-abc-1', pod), aDeployment(parts))
  if (why === null) expect(fault).toBeNull()
  else expect(fault).toMatch(why)
})

describe('the requests', () => {
  const path = '/apis/apps/v1/namespaces/shop/deployments/web'
  const common = { method: 'PATCH', path, query: { fieldManager: 'edgetwin' }, contentType: 'application/merge-patch+json' }
  const as = { uid: 'uid-web', resourceVersion: '7' }
  it('raise it and say for whom and from what, as it was read', () => {
    const body = { metadata: { ...as, labels: OPEN }, spec: { replicas: 3 } }
    expect(raiseRequest(aWebPod('old'), aDeployment())).toEqual({ ...common, body })
  })
  it('put it back with all marks', () => {
    const labels = { 'edgetwin.dev/surge-of': null, 'edgetwin.dev/surge-from': null, 'edgetwin.dev/fence': null }
    const body = { metadata: { ...as, labels }, spec: { replicas: 2 } }
    expect(lowerRequest(aDeployment({ replicas: 3, labels: OPEN }))).toEqual({ isTheirs: false, request: { ...common, body } })
  })
  it.each([2, 4])('leave the size that somebody else has set (%i), and take the marks away', (replicas) => {
    const { request, isTheirs } = lowerRequest(aDeployment({ replicas, labels: OPEN }))
    expect([isTheirs, Object(request.body).spec]).toEqual([true, undefined])
    expect(request.body).toMatchObject({ metadata: { ...as, labels: { 'edgetwin.dev/surge-of': null } } })
  })
  it('leave the size that somebody else has written of', () => {
    expect(lowerRequest(aDeployment({ replicas: 3, labels: { 'edgetwin.dev/surge-of': 'uid-old' } })).isTheirs).toBe(true)
  })
  it('change what is to be void, whatever it has become', () => {
    expect(fenceRequest({ namespace: 'shop', deployment: 'web', uid: 'x' }, '3.9')).toEqual({
      ...common,
      body: { metadata: { labels: { 'edgetwin.dev/fence': '3.9' } } },
    })
    const annotations = { 'controller.kubernetes.io/pod-deletion-cost': null, 'edgetwin.dev/fence': '3.9' }
    expect(costlessRequest(aWebPod('old'), '3.9').body).toEqual({ metadata: { uid: 'uid-old', annotations } })
  })
})

describe('the new pod', () => {
  const replaces = { annotations: { 'edgetwin.dev/replaces': 'uid-old' } }
  const old = aWebPod('old')
  const next = aWebPod('next', { node: 'b', ...replaces })
  const made = (pod: WatchedPod, creationTimestamp: string) => ({ ...pod, metadata: { ...pod.metadata, creationTimestamp } })
  it('is the one that was made for it, else one on no node, else the youngest other', () => {
    const ref = { uid: 'uid-old' }
    const young = made(aWebPod('young'), '2026-11-21T13:00:00Z')
    expect(newcomerOf([old, young, next], ref)).toBe(next)
    expect(newcomerOf([made(old, '2026-11-21T14:00:00Z'), aWebPod('other'), young], ref)).toBe(young)
    expect(newcomerOf([old], ref)).toBeNull()
    expect(newcomerOf([old, aWebPod('one'), aWebPod('two')], ref)).toBeNull()
    const { nodeName: _, ...unbound } = aWebPod('waiting').spec
    const waiting = { ...aWebPod('waiting'), spec: unbound }
    expect(newcomerOf([old, young, waiting], ref)).toBe(waiting)
  })
  const intent = { uid: 'uid-old', target: 'b,c' }
  const whole = aDeployment({ replicas: 3, labels: OPEN })
  it.each<[string, Deployment, WatchedPod, boolean]>([
    ['serves where it was wanted', whole, next, true],
    ['is on the second choice', whole, aWebPod('next', { node: 'c', ...replaces }), true],
    ['is elsewhere', whole, aWebPod('next', { node: 'd', ...replaces }), false],
    ['is not ready', whole, aWebPod('next', { node: 'b', status: { phase: 'Running' }, ...replaces }), false],
    ['was not made for it', whole, aWebPod('next', { node: 'b' }), false],
    ['is ready for too short', aDeployment({ replicas: 3, status: { availableReplicas: 2 } }), next, false],
    ['is counted in a size that is no more', aDeployment({ replicas: 3, status: { observedGeneration: 3 } }), next, false],
  ])('that %s', (_, deployment, pod, done) => expect(isReplaced(deployment, [old, pod], intent)).toBe(done))
})

describe('is judged with the old one there', () => {
  const action = (over: object = {}): PlaceAction => ({
    ...{ kind: 'surge', pod: { namespace: 'default', name: 'web-1', uid: null }, decision: 'd', nodes: ['b'], topK: 1, deployment: 'web' },
    ...over,
  })
  const nodes = ['a', 'b'].map((name) => aKubeNode(name, { labels: { 'kubernetes.io/hostname': name, zone: 'z' } }))
  const reads = (pod: WatchedPod, over: Partial<ActionReads> = {}): ActionReads => ({
    pod,
    nodes,
    pods: [pod],
    namespaces: [],
    readAtMs: 0,
    ...over,
  })
  const apart = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'zone', labelSelector: { matchLabels: { 'pod-template-hash': 'abc' } } },
      ],
    },
  }
  it('which must let another be beside it', () => {
    const plain = aWebPod('web-1')
    const alone = { ...plain, spec: { ...plain.spec, affinity: apart } }
    expect(prepareAction(action(), reads(plain))).toMatchObject({
      ok: true,
      nodes: ['b'],
      request: { body: { metadata: { uid: 'uid-web-1', annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-2147483647' } } } },
    })
    expect(prepareAction(action(), reads(alone))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('could not take what replaces'),
    })
    expect(prepareAction({ ...action(), kind: 'evict' } as PlaceAction, reads(alone))).toMatchObject({ ok: true })
  })
  it('and keeps its devices: another claim is made of the same template', () => {
    const pod = aWebPod('web-1')
    const claiming: WatchedPod = {
      ...pod,
      spec: { ...pod.spec, resourceClaims: [{ name: 'gpu' }] },
      status: { ...READY, resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'made' }] },
    }
    const claim: DeviceClaim = {
      metadata: { name: 'made', namespace: 'default', ownerReferences: [{ uid: 'uid-web-1', controller: true }] },
      spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } },
      status: {
        allocation: { devices: { results: [{ driver: 'acc', pool: 'a', device: 'gpu0' }] } },
        reservedFor: [{ resource: 'pods', name: 'web-1', uid: 'uid-web-1' }],
      },
    }
    const on = (...names: string[]): DeviceObjects => ({
      classes: [{ metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: 'device.driver == "acc"' } }] } }],
      slices: names.map((node) => ({
        metadata: { name: node },
        spec: { driver: 'acc', nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'gpu0' }] },
      })),
      claims: [claim],
    })
    expect(prepareAction(action(), reads(claiming, { devices: on('a', 'b') }))).toMatchObject({ ok: true })
    expect(prepareAction(action(), reads(claiming, { devices: on('a') }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('claims'),
    })
  })
})

it('is counted as a move, and waits for the same cool-down', () => {
  const wish = (attempt: number): IntentWish => ({
    ...{
      id: 'x',
      attempt,
      kind: 'surge' as const,
      namespace: 'shop',
      pod: 'old',
      uid: `uid-${attempt}`,
      workload: 'w',
      from: 'a',
      target: 'b',
    },
    ...{ decision: 'd', isRescue: false, deployment: 'web' },
  })
  const term = { holder: 'me', epoch: 1 }
  const about = { term, budget: budgetFor(100), nowMs: 1_000 }
  const first = reserve({ ...EMPTY_LEDGER, ...term }, { ...about, wish: wish(1) })
  if (!first.ok) throw new Error(first.reason)
  expect(first.ledger).toMatchObject({ intents: [{ kind: 'surge', deployment: 'web' }], moves: [{ workload: 'w', from: 'a' }] })
  expect(reserve(first.ledger, { ...about, wish: wish(2) })).toMatchObject({ ok: false, kind: 'cooling' })
})
