import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { aNewCamera, applyCameraEvent } from '../../../models/entities/camera.ts'
import { aNewDecisionRecord, applyDecisionEvent, type DecisionEvent } from '../../../models/entities/decision-record.ts'
import { AT_MS, aDecision, aPlacement } from '../../../models/testing/events.ts'
import { objectName, toCamera, toPlan } from './custom-objects.ts'

const place = { site: 'dhs', namespace: 'edgetwin-system' }
const common = { site: 'dhs', timeMs: AT_MS + 1_500, source: 'test', id: 'd-1' }
const made: DecisionEvent = { type: 'decision.made', site: 'dhs', timeMs: AT_MS, source: 'test', decision: aDecision() }
const recordAfter = (...events: readonly DecisionEvent[]) =>
  [made, ...events].reduce((record, event) => applyDecisionEvent(record, event).entity, aNewDecisionRecord('d-1'))
const planAfter = (...events: readonly DecisionEvent[]) => toPlan(recordAfter(...events), place, null)
const approvedBy = (by: string): DecisionEvent => ({ type: 'decision.approved', ...common, by, reason: 'fits' })

describe('a plan', () => {
  it('says what is to be done, why, and until when', () => {
    expect(planAfter()).toMatchObject({
      plural: 'placementplans',
      name: 'dhs-d-1',
      body: {
        apiVersion: 'edgetwin.dev/v1alpha1',
        kind: 'PlacementPlan',
        metadata: { name: 'dhs-d-1', namespace: 'edgetwin-system' },
        spec: {
          decision: 'd-1',
          site: 'dhs',
          madeAt: new Date(AT_MS).toISOString().replace('.000', ''),
          trigger: 'arrival: r-1-infer',
          podCount: 1,
          predicted: { makespanMs: 5_000, gainPercent: 100 },
          placements: [{ pod: 'r-1-infer', to: 'tx2-1/gpu0', image: 'alexnet:gpu' }],
        },
      },
      status: {
        status: { state: 'proposed', results: [], conditions: [{ type: 'Approved', status: 'Unknown', reason: 'Waiting' }, {}, {}] },
      },
    })
  })
  it('never says itself whether it is approved', () => {
    expect(JSON.stringify(planAfter(approvedBy('alice'))?.body)).not.toContain('approve"')
  })
  it('has a condition for each thing that became of it, as of when it did', () => {
    const time = new Date(AT_MS + 1_500).toISOString().replace('.500', '')
    const applied = { type: 'placement.applied' as const, ...common, pod: 'r-1-infer', replacement: 'r-1-b', accelerator: 'tx2-1/gpu0' }
    expect(planAfter(approvedBy('alice'), applied)?.status).toMatchObject({
      status: {
        state: 'applied',
        results: [{ pod: 'r-1-infer', applied: true, runsAs: 'r-1-b' }],
        conditions: [
          { type: 'Approved', status: 'True', reason: 'Approved', message: 'by alice: fits', lastTransitionTime: time },
          { type: 'Applied', status: 'True', reason: 'Applied', lastTransitionTime: time },
          { type: 'Verified', status: 'Unknown' },
        ],
      },
    })
    const refused = planAfter(approvedBy('loop'), { type: 'placement.refused', ...common, pod: null, reason: 'no room' })
    expect(refused?.status).toMatchObject({
      status: {
        results: [{ pod: 'r-1-infer', applied: false, reason: 'no room' }],
        conditions: [{ status: 'True' }, { type: 'Applied', status: 'False', reason: 'Refused', message: 'no room' }, {}],
      },
    })
    const rejected = planAfter({ type: 'decision.rejected', ...common, by: 'bob', reason: '' })
    expect(rejected?.status).toMatchObject({ status: { conditions: [{ status: 'False', reason: 'Rejected', message: 'by bob' }, {}, {}] } })
  })
  it('tells why what was said to it was not taken', () => {
    expect(toPlan(recordAfter(), place, 'mode advise touches nothing')?.status).toMatchObject({
      status: { conditions: [{ type: 'Approved', status: 'Unknown', reason: 'NotTaken', message: 'mode advise touches nothing' }, {}, {}] },
    })
  })
  it('lists at most 100 pods and counts all', () => {
    const placements = Array.from({ length: 250 }, (_, index) => aPlacement({ pod: `p-${index}` }))
    const plan = toPlan({ ...recordAfter(), desired: aDecision({ placements }) }, place, null)
    expect(plan?.body).toMatchObject({ spec: { podCount: 250, placements: { length: 100 } } })
  })
  it('is none while only its answer is known', () => expect(toPlan(aNewDecisionRecord('d-1'), place, null)).toBeNull())
})

it('shows a camera as it was told', () => {
  const at = { site: 'dhs', timeMs: AT_MS, source: 'test', name: 'cam-1' }
  const observed = applyCameraEvent(aNewCamera('cam-1'), {
    type: 'camera.observed',
    ...at,
    node: 'pi-1',
    recordedAt: null,
    applications: ['alexnet', 'alexnet'],
    emulated: false,
  }).entity
  expect(toCamera(observed, place).status).toMatchObject({ status: { conditions: [{ type: 'Online', status: 'Unknown' }, {}] } })
  const offline = applyCameraEvent(observed, {
    type: 'camera.conditionsChanged',
    ...at,
    online: false,
    degraded: false,
    reason: 'no power',
  })
  expect(toCamera(offline.entity, place)).toMatchObject({
    name: 'dhs-cam-1',
    body: { spec: { site: 'dhs', node: 'pi-1', applications: ['alexnet'], emulated: false } },
    status: { status: { conditions: [{ type: 'Online', status: 'False', reason: 'Offline', message: 'no power' }, { status: 'False' }] } },
  })
})

it('makes any text a name that the API server takes, the same for the same and no other', () => {
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 253, unit: 'binary' }), fc.string({ minLength: 1, maxLength: 253 }), (a, b) => {
      for (const part of objectName(a).split('.')) expect(part).toMatch(label)
      expect(objectName(a).length).toBeLessThanOrEqual(253)
      expect(objectName(a) === objectName(b)).toBe(a === b)
    }),
    {
      seed: 20_261,
      numRuns: 1_000,
      examples: [
        ['A.b', 'a.b'],
        ['a..b', 'a--b'],
        ['a.-b', 'a'],
        ['x'.repeat(253), 'x'.repeat(252)],
      ],
    },
  )
  expect(objectName('dhs-d.1')).toBe('dhs-d.1')
})
