import { expect, it } from '@jest/globals'
import type { WatchedPolicy } from './placement-policy.ts'
import { policyStatuses, type StatusOptions } from './policy-status.ts'

const HOME = 'edgetwin-system'
function aPolicy(name: string, spec: object = {}, { namespace = 'shop', day = 1 } = {}): WatchedPolicy {
  const creationTimestamp = `2026-01-0${day}T00:00:00Z`
  return {
    metadata: { name, namespace, uid: name, resourceVersion: '1', generation: 3, creationTimestamp },
    spec: { mode: 'auto', paused: false, algorithm: 'portfolio', strategy: 'gate', ...spec },
  }
}
const options: StatusOptions = { home: HOME, loopMode: 'auto', mayBind: false, timeMs: 0, lastPlan: () => null }
const pods = ['web', 'web', 'db'].map((app) => ({ namespace: 'shop', labels: { app } }))
const statusOf = (policies: readonly WatchedPolicy[], key: string, over: Partial<StatusOptions> = {}) =>
  policyStatuses(policies, pods, { ...options, ...over }).get(key)!
const conditionOf = (policy: WatchedPolicy, over: Partial<StatusOptions> = {}) =>
  statusOf([policy], `${policy.metadata.namespace}/${policy.metadata.name}`, over).conditions?.[0]

it('counts what each speaks of, and says who speaks first', () => {
  const policies = [
    aPolicy('young', {}, { day: 3 }),
    aPolicy('old', { selector: { matchLabels: { app: 'web' } } }, { day: 2 }),
    aPolicy('rest', {}, { namespace: HOME }),
  ]
  expect(statusOf(policies, 'shop/old')).toMatchObject({ observedGeneration: 3, matchedPods: 2, governedPods: 2 })
  expect(statusOf(policies, 'shop/young')).toMatchObject({ matchedPods: 3, governedPods: 1 })
  expect(statusOf(policies, 'shop/young').conditions?.[1]).toMatchObject({
    type: 'Conflict',
    status: 'True',
    reason: 'Overruled',
    message: expect.stringMatching(/spoken for 2 by old: the oldest policy decides/),
  })
  // That nearer ones go before it is what it is there for.
  const rest = statusOf(policies, `${HOME}/rest`, { lastPlan: (policy) => `plan of ${policy}` })
  expect(rest).toMatchObject({ matchedPods: 3, governedPods: 0, lastPlan: `plan of ${HOME}/rest` })
  expect(rest.conditions?.[1]).toMatchObject({ status: 'False' })
})

it.each<[string, object, Partial<StatusOptions>, string, string, RegExp]>([
  ['in force', {}, {}, 'True', 'InForce', /it holds for pods of shop/],
  ['paused', { paused: true }, {}, 'True', 'Paused', /until spec.paused is false/],
  ['held back', {}, { loopMode: 'approve' }, 'True', 'HeldBack', /edgetwin itself is in mode approve, which goes before mode auto/],
  ['binding not granted', { strategy: 'binding' }, {}, 'False', 'BindingNotGranted', /install it with placement: binding/],
  ['binding granted', { strategy: 'binding' }, { mayBind: true }, 'True', 'InForce', /holds/],
  [
    'a selector that an older definition let through',
    { selector: { matchExpressions: [{ key: 'app', operator: 'Like', values: ['a'] }] } },
    {},
    'False',
    'SelectorInvalid',
    /operator Like of the selector is not known; write In/,
  ],
])('says that it is %s', (_, spec, over, status, reason, message) => {
  expect(conditionOf(aPolicy('p', spec), over)).toMatchObject({
    status,
    reason,
    message: expect.stringMatching(message),
    observedGeneration: 3,
  })
})

it('keeps the time at which a condition turned', () => {
  const before = aPolicy('p')
  const status = statusOf([before], 'shop/p', { timeMs: 5_000 })
  expect(conditionOf({ ...before, status }, { timeMs: 60_000 })?.lastTransitionTime).toBe('1970-01-01T00:00:05Z')
  const paused = { ...aPolicy('p', { strategy: 'binding' }), status }
  expect(conditionOf(paused, { timeMs: 60_000 })?.lastTransitionTime).toBe('1970-01-01T00:01:00Z')
})
