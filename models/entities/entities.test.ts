/** What each event does to its entity: the mode it leads to, whether that was expected, and what is kept of it. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { JOB_STATUSES } from '../events/work-events.ts'
import { aCamera, aDecisionRecord, aJob, aLink, aNode, anAccelerator, aPod, aRequest } from '../testing/entities.ts'
import * as told from '../testing/events.ts'
import { AT_MS } from '../testing/events.ts'
import { ageAccelerator, applyAcceleratorEvent, claimAccelerator, releaseAccelerator } from './accelerator.ts'
import type { Applied } from './applied.ts'
import { applyCameraEvent } from './camera.ts'
import { applyDecisionEvent } from './decision-record.ts'
import { applyJobEvent } from './job.ts'
import { applyLinkEvent } from './link.ts'
import { ageNode, applyNodeEvent, canTakeWork, type Node } from './node.ts'
import { applyPodEvent, isEnded, type PodEvent } from './pod.ts'
import { applyRequestEvent } from './request.ts'

const outcome = ({ entity, superseded, expected }: Applied<{ readonly mode: string }>) =>
  `${superseded ? 'superseded' : expected ? 'expected' : 'divergent'} ${entity.mode}`
const earlier = { timeMs: AT_MS - 1 }
const later = { timeMs: AT_MS + 1 }

describe('node', () => {
  const ready = applyNodeEvent(applyNodeEvent(aNode(), told.aNodeObserved()).entity, told.aNodeConditionsChanged()).entity
  const gone = applyNodeEvent(ready, told.aNodeGone(later)).entity

  it.each([
    ['is announced', aNode(), told.aNodeObserved(), 'expected expected'],
    ['becomes ready', aNode(), told.aNodeConditionsChanged(), 'expected ready'],
    ['is lost', ready, told.aNodeConditionsChanged({ ready: false }), 'expected notReady'],
    ['goes', ready, told.aNodeGone(), 'expected gone'],
    ['goes twice', gone, told.aNodeGone(later), 'divergent gone'],
    ['is ready though gone', gone, told.aNodeConditionsChanged(later), 'divergent gone'],
    ['comes back', gone, told.aNodeObserved(later), 'expected expected'],
    ['is announced by old news though gone', gone, told.aNodeObserved(), 'superseded gone'],
    ['was lost before what we know', ready, told.aNodeConditionsChanged({ ready: false, ...earlier }), 'superseded ready'],
    ['went before what we know', ready, told.aNodeGone(earlier), 'superseded ready'],
    ['has a silent exporter', ready, told.anExporterLost(), 'expected ready'],
  ] as const)('%s', (_, node, event, result) => {
    expect(outcome(applyNodeEvent(node, event))).toBe(result)
  })

  it('keeps desired and reported apart, each fact with its time and source', () => {
    const { desired, reported } = applyNodeEvent(ready, told.aNodeSampled({ source: 'exporter:tx2-1', ...later })).entity
    expect(desired).toEqual({ schedulable: true })
    expect(reported.load).toEqual({ value: { utilizationRatio: 0.5 }, timeMs: AT_MS + 1, source: 'exporter:tx2-1', freshness: 'fresh' })
    expect(reported.conditions).toMatchObject({ source: 'test', timeMs: AT_MS })
    expect(reported.exporter).toBeNull()
  })

  it('keeps what its network interface is set to while its exporter leaves it out', () => {
    const heard = applyNodeEvent(ready, told.aNodeSampled({ interfaceBytesPerSecond: 125e6 })).entity
    const silent = applyNodeEvent(heard, told.aNodeSampled(later)).entity
    expect(silent.reported.network).toMatchObject({ value: { interfaceBytesPerSecond: 125e6 }, timeMs: AT_MS })
    expect(ageNode(silent, AT_MS + 20_000).reported.network?.freshness).toBe('stale')
  })

  it('that comes back starts with unknown conditions', () => {
    expect(applyNodeEvent(gone, told.aNodeObserved(later)).entity.reported.conditions).toBeNull()
  })

  it('what an exporter leaves out stays unknown and is not zero', () => {
    const { load } = applyNodeEvent(ready, told.aNodeSampled({ load: { memoryUsedBytes: 0 } })).entity.reported
    expect(load?.value).toEqual({ memoryUsedBytes: 0 })
  })

  const unschedulable: Node = { ...ready, desired: { schedulable: false } }
  const cordoned = applyNodeEvent(ready, told.aNodeConditionsChanged({ cordoned: true })).entity
  it.each([
    ['ready', ready, true],
    ['not heard of', aNode(), false],
    ['of unknown conditions', aNode({ mode: 'ready' }), false],
    ['unschedulable', unschedulable, false],
    ['cordoned', cordoned, false],
    ['gone', gone, false],
  ])('one that is %s may take work: %s', (_, node, can) => expect(canTakeWork(node)).toBe(can))
})

describe('camera', () => {
  const online = applyCameraEvent(aCamera(), told.aCameraConditionsChanged()).entity
  const gone = applyCameraEvent(online, told.aCameraGone(later)).entity
  it.each([
    ['is announced', aCamera(), told.aCameraObserved(), 'expected expected'],
    ['comes online', aCamera(), told.aCameraConditionsChanged(), 'expected online'],
    ['degrades', online, told.aCameraConditionsChanged({ degraded: true }), 'expected degraded'],
    ['goes offline', online, told.aCameraConditionsChanged({ online: false, degraded: true }), 'expected offline'],
    ['is online though gone', gone, told.aCameraConditionsChanged(later), 'divergent gone'],
    ['comes back', gone, told.aCameraObserved(later), 'expected expected'],
    ['is announced by old news though gone', gone, told.aCameraObserved(), 'superseded gone'],
    ['sent a sample before', applyCameraEvent(online, told.aCameraSampled()).entity, told.aCameraSampled(earlier), 'superseded online'],
  ] as const)('%s', (_, camera, event, result) => {
    expect(outcome(applyCameraEvent(camera, event))).toBe(result)
  })
})

describe('link', () => {
  const up = applyLinkEvent(aLink(), told.aLinkConditionsChanged()).entity
  const gone = applyLinkEvent(up, told.aLinkGone(later)).entity
  it.each([
    ['comes up', aLink(), told.aLinkConditionsChanged(), 'expected up'],
    ['goes down', up, told.aLinkConditionsChanged({ up: false }), 'expected down'],
    ['is listed again', up, told.aLinkObserved(), 'expected up'],
    ['is up though gone', gone, told.aLinkConditionsChanged(later), 'divergent gone'],
    ['comes back', gone, told.aLinkObserved(later), 'expected expected'],
    ['is announced by old news though gone', gone, told.aLinkObserved(), 'superseded gone'],
    ['was sampled before', applyLinkEvent(up, told.aLinkSampled()).entity, told.aLinkSampled(earlier), 'superseded up'],
  ] as const)('%s', (_, link, event, result) => {
    expect(outcome(applyLinkEvent(link, event))).toBe(result)
  })
})

describe('accelerator', () => {
  const free = applyAcceleratorEvent(anAccelerator(), told.anAcceleratorObserved()).entity
  const held = claimAccelerator(free, 'p-1').entity
  const failed = applyAcceleratorEvent(held, told.anAcceleratorConditionsChanged({ healthy: false })).entity
  const gone = applyAcceleratorEvent(held, told.anAcceleratorGone(later)).entity
  it.each([
    ['comes up', anAccelerator(), told.anAcceleratorObserved(), 'expected unallocated'],
    ['is listed again while held', held, told.anAcceleratorObserved(), 'expected allocated'],
    ['fails', held, told.anAcceleratorConditionsChanged({ healthy: false }), 'expected failed'],
    ['recovers, still held', failed, told.anAcceleratorConditionsChanged(), 'expected allocated'],
    ['recovers, free', releaseAccelerator(failed, 'p-1').entity, told.anAcceleratorConditionsChanged(), 'expected unallocated'],
    ['goes', held, told.anAcceleratorGone(), 'expected offline'],
    ['comes back, still held', gone, told.anAcceleratorObserved(later), 'expected allocated'],
    ['is announced by old news though gone', gone, told.anAcceleratorObserved(), 'superseded offline'],
    ['went before what we know', failed, told.anAcceleratorGone(earlier), 'superseded failed'],
    ['recovers though never seen', anAccelerator(), told.anAcceleratorConditionsChanged(), 'divergent offline'],
  ] as const)('%s', (_, accelerator, event, result) => {
    expect(outcome(applyAcceleratorEvent(accelerator, event))).toBe(result)
  })

  it.each([
    ['claimed', claimAccelerator(free, 'p-1'), 'expected allocated', ['p-1']],
    ['claimed by the same pod twice', claimAccelerator(held, 'p-1'), 'expected allocated', ['p-1']],
    ['claimed by a second pod', claimAccelerator(held, 'p-0'), 'expected allocated', ['p-1', 'p-0']],
    ['claimed though failed', claimAccelerator(failed, 'p-2'), 'divergent failed', ['p-1', 'p-2']],
    ['claimed before it is seen', claimAccelerator(anAccelerator(), 'p-1'), 'expected offline', ['p-1']],
    ['released', releaseAccelerator(held, 'p-1'), 'expected unallocated', []],
    ['released by a pod that was not there', releaseAccelerator(held, 'p-2'), 'expected allocated', ['p-1']],
    ['released while another waits', releaseAccelerator(claimAccelerator(held, 'p-2').entity, 'p-1'), 'expected allocated', ['p-2']],
  ])('%s', (_, result, expected, pods) => {
    expect(outcome(result)).toBe(expected)
    expect(result.entity.reported.pods).toEqual(pods)
  })

  it('what its exporter says of allocation stands beside what the pods say', () => {
    const { mode, reported } = applyAcceleratorEvent(held, told.anAcceleratorSampled({ allocated: false })).entity
    expect(mode).toBe('allocated')
    expect(reported.load?.value).toEqual({ utilizationRatio: 0.5, allocated: false })
  })

  it('somebody whom the twin does not know as a pod holds it as a pod would', () => {
    const change = (heldBy: string) => told.anAcceleratorConditionsChanged({ heldBy })
    const theirs = applyAcceleratorEvent(free, change('pod other.default')).entity
    expect(theirs.mode).toBe('allocated')
    // Neither a pod that leaves nor its exporter, which does not say who has it, makes it free.
    expect(releaseAccelerator(claimAccelerator(theirs, 'p-1').entity, 'p-1').entity.mode).toBe('allocated')
    expect(applyAcceleratorEvent(theirs, told.anAcceleratorConditionsChanged()).entity.reported.health?.value.heldBy).toBe(
      'pod other.default',
    )
    expect(outcome(applyAcceleratorEvent(theirs, change('')))).toBe('expected unallocated')
    expect(outcome(applyAcceleratorEvent(claimAccelerator(theirs, 'p-1').entity, change('')))).toBe('expected allocated')
  })

  it('is what the cluster says, whatever its exporter says, as long as the cluster keeps saying it', () => {
    const byCluster = applyAcceleratorEvent(anAccelerator(), told.anAcceleratorObserved({ source: 'kubernetes' })).entity
    const observed = told.anAcceleratorObserved({ source: 'exporter:tx2-1', ...later })
    const unlisted = told.anAcceleratorGone({ source: 'exporter:tx2-1', ...later })
    for (const event of [observed, unlisted]) expect(outcome(applyAcceleratorEvent(byCluster, event))).toBe('superseded unallocated')
    const old = ageAccelerator(byCluster, AT_MS + 400_000)
    expect(outcome(applyAcceleratorEvent(old, unlisted))).toBe('expected offline')
  })

  it('the health of one that comes back is unknown', () => {
    expect(gone.reported.health?.value).toEqual({ healthy: false, reason: 'unplugged' })
    expect(applyAcceleratorEvent(gone, told.anAcceleratorObserved(later)).entity.reported.health).toBeNull()
  })
})

describe('pod', () => {
  const podAfter = (...events: readonly PodEvent[]) => events.reduce((pod, event) => applyPodEvent(pod, event).entity, aPod())
  const [created, gated, bound, started] = [told.aPodCreated(), told.aPodGated(), told.aPodBound(), told.aPodStarted()]
  const [finished, failed, evicted] = [told.aPodFinished(), told.aPodFailed(), told.aPodEvicted()]
  const running = podAfter(created, bound, started)

  it.each([
    ['created', aPod(), created, 'expected pending'],
    ['gated', podAfter(created), gated, 'expected gated'],
    ['bound', podAfter(created, gated), bound, 'expected bound'],
    ['started', podAfter(created, bound), started, 'expected running'],
    ['finished', running, finished, 'expected succeeded'],
    ['failed while it waited', podAfter(created), failed, 'expected failed'],
    ['evicted', running, evicted, 'expected evicted'],
    ['bound without being announced', aPod(), bound, 'divergent bound'],
    ['finished without being started', podAfter(created, bound), finished, 'divergent succeeded'],
    ['gated late', running, gated, 'superseded running'],
    ['evicted after it finished', podAfter(created, bound, started, finished), evicted, 'superseded succeeded'],
    ['made anew while it ran', running, told.aPodCreated({ uid: 'uid-2', ...later }), 'divergent pending'],
    ['made anew after its end', podAfter(created, failed), told.aPodCreated({ uid: 'uid-2', ...later }), 'expected pending'],
    ['an older one of its name', running, told.aPodCreated({ uid: 'uid-0', ...earlier }), 'superseded running'],
  ] as const)('%s', (_, pod, event, result) => {
    expect(outcome(applyPodEvent(pod, event))).toBe(result)
  })

  it('whatever order its life is told in, it ends with the same facts', () => {
    const life = [created, gated, bound, started, finished].map((event, index) => ({ ...event, timeMs: AT_MS + index }))
    fc.assert(
      fc.property(fc.shuffledSubarray(life, { minLength: 5 }), (order) => expect(podAfter(...order)).toEqual(podAfter(...life))),
      { seed: 20_263, numRuns: 120 },
    )
  })

  it('an echo changes nothing', () => {
    const life = [created, gated, bound, started]
    const state = podAfter(...life)
    for (const event of [created, told.aPodBound({ accelerator: 'pi-1/cpu0' }), told.aPodStarted(later), gated]) {
      expect(applyPodEvent(state, event).entity).toBe(state)
    }
    expect(isEnded(state)).toBe(false)
  })

  it('says why it waits until it is bound, and why it ended', () => {
    expect(podAfter(created, gated).reported.reason).toBe('edgetwin.dev/placement')
    expect(podAfter(created, gated, bound).reported.reason).toBe('')
    expect(podAfter(created, bound, gated).reported.reason).toBe('')
    expect(podAfter(created, failed, bound).reported.reason).toBe('node lost')
  })

  it('keeps one warning for each reason, the newest word of it, and of many reasons the newest', () => {
    const warned = told.aPodWarned
    const twice = podAfter(created, warned({ count: 1 }), warned({ count: 7, note: 'still none', ...later }), warned({ count: 2 }))
    expect(twice.mode).toBe('pending')
    expect(twice.reported.warnings).toEqual([{ reason: 'FailedScheduling', note: 'still none', count: 7, timeMs: later.timeMs }])
    const many = Array.from({ length: 12 }, (_, index) => warned({ reason: `R${index}`, timeMs: AT_MS + index }))
    expect(podAfter(created, ...many).reported.warnings?.map(({ reason }) => reason)).toEqual(
      [4, 5, 6, 7, 8, 9, 10, 11].map((index) => `R${index}`),
    )
    expect(podAfter(created, warned({ uid: 'uid-0' })).reported.warnings).toBeUndefined()
  })
})

describe('request', () => {
  const waiting = applyRequestEvent(aRequest(), told.anInferenceRequested()).entity
  const assigned = applyRequestEvent(waiting, told.anInferenceAssigned()).entity
  const completed = applyRequestEvent(assigned, told.anInferenceCompleted()).entity
  it.each([
    ['asked', aRequest(), told.anInferenceRequested(), 'expected waiting'],
    ['assigned', waiting, told.anInferenceAssigned(), 'expected assigned'],
    ['assigned again', assigned, told.anInferenceAssigned({ pod: 'r-1-infer-r1' }), 'expected assigned'],
    ['completed', assigned, told.anInferenceCompleted(), 'expected completed'],
    ['given up while it waits', waiting, told.anInferenceCompleted({ succeeded: false }), 'expected failed'],
    ['given up', assigned, told.anInferenceCompleted({ succeeded: false }), 'expected failed'],
    ['completed without being assigned', waiting, told.anInferenceCompleted(), 'divergent completed'],
    ['asked late', assigned, told.anInferenceRequested(), 'superseded assigned'],
    ['assigned after its end', completed, told.anInferenceAssigned(later), 'superseded completed'],
    ['completed twice', completed, told.anInferenceCompleted(), 'superseded completed'],
    ['assigned by old news', assigned, told.anInferenceAssigned(earlier), 'superseded assigned'],
  ] as const)('%s', (_, request, event, result) => {
    expect(outcome(applyRequestEvent(request, event))).toBe(result)
  })

  it('keeps what was asked and how long it took', () => {
    expect(completed).toMatchObject({
      desired: { camera: 'camera-1', application: 'alexnet', frames: 8 },
      reported: { requestedMs: AT_MS, completedMs: AT_MS, latencyMs: 1_200, pod: 'r-1-infer', accelerator: 'tx2-1/gpu0' },
    })
  })
})

describe('job', () => {
  it('that goes well takes the eight states in order', () => {
    const modes: string[] = []
    JOB_STATUSES.reduce((job, status) => {
      const applied = applyJobEvent(job, told.aJobStatusChanged({ status }))
      expect(applied.expected).toBe(true)
      modes.push(applied.entity.mode)
      return applied.entity
    }, aJob())
    expect(modes).toEqual([...JOB_STATUSES])
  })

  const inferencing = aJob({ mode: 'Inferencing', reported: { iteration: 1, timeMs: AT_MS } })
  it.each([
    ['retries its stage', told.aJobStatusChanged({ status: 'Preprocessing_complete', iteration: 2 }), 'expected Preprocessing_complete'],
    ['jumps ahead, which is adopted', told.aJobStatusChanged({ status: 'Postprocessing', iteration: 1 }), 'divergent Postprocessing'],
    ['forgets an iteration', told.aJobStatusChanged({ status: 'Inferencing_complete', iteration: 0 }), 'divergent Inferencing_complete'],
    ['was earlier somewhere else', told.aJobStatusChanged({ status: 'Exit', ...earlier }), 'superseded Inferencing'],
  ] as const)('%s', (_, event, result) => {
    expect(outcome(applyJobEvent(inferencing, event))).toBe(result)
  })
})

describe('decision', () => {
  const made = applyDecisionEvent(aDecisionRecord(), told.aDecisionMade()).entity
  const approved = applyDecisionEvent(made, told.aDecisionApproved()).entity
  const applied = applyDecisionEvent(approved, told.aPlacementApplied({ replacement: 'r-1-infer-r1' })).entity
  it.each([
    ['made', aDecisionRecord(), told.aDecisionMade(), 'expected proposed'],
    ['made twice', approved, told.aDecisionMade(), 'superseded approved'],
    ['approved', made, told.aDecisionApproved(), 'expected approved'],
    ['rejected', made, told.aDecisionRejected(), 'expected rejected'],
    ['expired', made, told.aDecisionExpired(), 'expected expired'],
    ['refused by the cluster', approved, told.aPlacementRefused(), 'expected refused'],
    ['refused in part', applied, told.aPlacementRefused(), 'expected applied'],
    ['verified', applied, told.aPlacementVerified(), 'expected verified'],
    ['applied without approval', made, told.aPlacementApplied(), 'divergent proposed'],
    ['approved after its rejection', aDecisionRecord({ mode: 'rejected' }), told.aDecisionApproved(), 'divergent rejected'],
  ] as const)('%s', (_, record, event, result) => {
    expect(outcome(applyDecisionEvent(record, event))).toBe(result)
  })

  it('keeps who did what, and which pod runs the stage now', () => {
    const { desired, predicted, reported } = applyDecisionEvent(applied, told.aPlacementVerified()).entity
    expect(reported.steps.map(({ what, by }) => `${what} ${by}`)).toEqual([
      'made test',
      'approved operator',
      'applied test',
      'verified test',
    ])
    expect(reported.applied).toEqual([{ pod: 'r-1-infer', runsAs: 'r-1-infer-r1', timeMs: AT_MS }])
    expect(reported).toMatchObject({ observedMakespanMs: 5_500, errorRatio: 0.1 })
    expect([desired?.id, predicted.makespanMs]).toEqual(['d-1', 5_000])
  })
})
