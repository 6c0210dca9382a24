import { describe, expect, it } from '@jest/globals'
import type { InformerStatus } from '../informer.ts'
import { KubeFailure } from '../kube-failure.ts'
import { KINDS, type Kind, PATHS } from './cluster.ts'
import { clusterChecks } from './cluster-checks.ts'

const NOW_MS = 1_000_000
const well = (kind: Kind): InformerStatus => ({
  path: PATHS[kind],
  synced: true,
  objectCount: 3,
  outSinceMs: null,
  failure: null,
  listCount: 1,
  restartCount: 0,
  driftCount: 0,
  malformedCount: 0,
})

function checksOf(ill: Partial<Record<Kind, Partial<InformerStatus>>>, driftCount = 0, identityFailure: KubeFailure | null = null) {
  const informers = Object.fromEntries(KINDS.map((kind) => [kind, { ...well(kind), ...ill[kind] }])) as Record<Kind, InformerStatus>
  return clusterChecks('https://a:1', { uid: 'u-1', identityFailure, informers, driftCount }, NOW_MS)
}
const failing = (kind: KubeFailure['kind'], forMs = 1_000) => ({ failure: new KubeFailure(kind, 'why'), outSinceMs: NOW_MS - forMs })

describe('the checks of a cluster', () => {
  it('name what is watched when all is well', () => {
    const checks = checksOf({})
    expect(checks.every(({ ok }) => ok)).toBe(true)
    expect(checks[0]?.detail).toBe(
      'https://a:1, cluster u-1: nodes, pods, events, poddisruptionbudgets, leases, resourceslices, resourceclaims, namespaces, cameras',
    )
  })

  it('say nothing of cameras where nobody defined them: annotations do without', () => {
    const checks = checksOf({ camera: failing('not-found') })
    expect(checks.every(({ ok }) => ok)).toBe(true)
    expect(checks[0]?.detail).not.toContain('cameras')
    expect(checksOf({ camera: failing('forbidden') })).toContainEqual(
      expect.objectContaining({ name: 'cluster-cameras', ok: false, advisory: true, remedy: expect.stringContaining('[cameras]') }),
    )
  })

  it.each<[string, Partial<Record<Kind, Partial<InformerStatus>>>, string, string, string]>([
    [
      'is forbidden',
      { claim: failing('forbidden') },
      'cluster-resourceclaims',
      'does not show us resourceclaims; which device a claim has is guessed',
      '- {apiGroups: ["resource.k8s.io"], resources: [resourceclaims], verbs: [get, list, watch]}',
    ],
    [
      'is not served',
      { slice: failing('not-found') },
      'cluster-resourceslices',
      'does not serve resourceslices.resource.k8s.io/v1',
      'Update',
    ],
    ['is not for the unknown', { node: failing('unauthorized') }, 'cluster-nodes', 'does not know us', 'Renew the certificate or token'],
    [
      'comes from somebody else',
      { node: failing('untrusted') },
      'cluster-nodes',
      'whoever answers at https://a:1 does not prove to be it: why',
      'certificate-authority',
    ],
    ['is out of touch for long', { pod: failing('unreachable', 30_000) }, 'cluster-pods', 'pods are as of 30 s ago: why', 'can be reached'],
    ['was never listed', { pod: { ...failing('unreachable'), synced: false } }, 'cluster-pods', 'pods are not listed yet: why', 'Wait'],
    [
      'was never listed for long',
      { pod: { ...failing('unreachable', 30_000), synced: false } },
      'cluster-pods',
      'pods are not listed yet: why',
      'can be reached',
    ],
  ])('name a kind that %s', (_, ill, name, detail, remedy) => {
    const check = checksOf(ill).find((each) => each.name === name)
    expect(check?.ok).toBe(false)
    expect(check?.detail).toContain(detail)
    expect(check?.remedy).toContain(remedy)
  })

  it('say when the cluster may not be asked who it is', () => {
    expect(checksOf({}, 0, new KubeFailure('forbidden', 'no')).find(({ ok }) => !ok)).toMatchObject({
      name: 'cluster-identity',
      remedy: expect.stringContaining('resources: [namespaces], verbs: [get]'),
    })
    expect(checksOf({}, 0, new KubeFailure('timeout', 'late')).every(({ ok }) => ok)).toBe(true)
  })

  it('bear with a server that restarts, and never with a watch that missed something', () => {
    expect(checksOf({ pod: failing('unreachable') }).every(({ ok }) => ok)).toBe(true)
    expect(checksOf({}, 2).find(({ name }) => name === 'cluster-drift')).toMatchObject({ ok: false })
  })
})
