/**
 * One builder per event: `aPodBound({ accelerator: 'pi-1/cpu0' })` says only what a test is about.
 * The table is complete by its type, so a new event cannot be forgotten here.
 */
import type { Decision, Placement } from '../contracts/decision.ts'
import type { EventOf, TwinEventType } from '../events/events.ts'

/** Times of builders lie around this one. */
export const AT_MS = 1_795_000_000_000

const common = { site: 'dhs', timeMs: AT_MS, source: 'test' } as const
const spec = { request: 'r-1', camera: 'camera-1', application: 'alexnet', stage: 'infer', frames: 8, iteration: 0 }
const quality = { bytesPerSecond: 12_500_000, latencyMs: 2 }

export function aPlacement(over: Partial<Placement> = {}): Placement {
  const what = { pod: 'r-1-infer', request: 'r-1', camera: 'camera-1', application: 'alexnet', stage: 'infer' }
  const where = { from: null, to: 'tx2-1/gpu0', image: 'alexnet:gpu' }
  return { ...what, ...where, predictedStartMs: AT_MS, predictedFinishMs: AT_MS + 5_000, ...over }
}

export function aDecision(over: Partial<Decision> = {}): Decision {
  return {
    id: 'd-1',
    madeAtMs: AT_MS,
    expiresAtMs: AT_MS + 30_000,
    sequence: 1,
    trigger: { kind: 'arrival', subject: 'r-1-infer', detail: '' },
    algorithm: 'heft',
    className: null,
    placements: [aPlacement()],
    requests: ['r-1'],
    predicted: { makespanMs: 5_000, unchangedMakespanMs: null, gainRatio: 1 },
    alternatives: [],
    assumes: [],
    summary: 'one pod',
    ...over,
  }
}

const EXAMPLES: { readonly [T in TwinEventType]: EventOf<T> } = {
  'node.observed': {
    type: 'node.observed',
    ...common,
    name: 'tx2-1',
    identity: { role: 'camera', emulated: true, deviceModel: 'jetson-tx2', memoryBytes: 8e9 },
    schedulable: true,
  },
  'node.sampled': { type: 'node.sampled', ...common, name: 'tx2-1', load: { utilizationRatio: 0.5 } },
  'node.conditionsChanged': { type: 'node.conditionsChanged', ...common, name: 'tx2-1', ready: true, cordoned: false, reason: '' },
  'node.gone': { type: 'node.gone', ...common, name: 'tx2-1', reason: 'deleted' },
  'exporter.reached': { type: 'exporter.reached', ...common, name: 'tx2-1', durationMs: 12, rejectedCount: 0 },
  'exporter.lost': { type: 'exporter.lost', ...common, name: 'tx2-1', reason: 'timeout' },
  'camera.observed': {
    type: 'camera.observed',
    ...common,
    name: 'camera-1',
    node: 'tx2-1',
    recordedAt: 'edge-1',
    applications: ['alexnet'],
    emulated: true,
  },
  'camera.sampled': { type: 'camera.sampled', ...common, name: 'camera-1', framesPerSecond: 25 },
  'camera.conditionsChanged': { type: 'camera.conditionsChanged', ...common, name: 'camera-1', online: true, degraded: false, reason: '' },
  'camera.gone': { type: 'camera.gone', ...common, name: 'camera-1', reason: 'removed' },
  'accelerator.observed': {
    type: 'accelerator.observed',
    ...common,
    name: 'tx2-1/gpu0',
    identity: { node: 'tx2-1', acceleratorKind: 'GPU', emulated: true, deviceModel: 'jetson-tx2' },
  },
  'accelerator.sampled': { type: 'accelerator.sampled', ...common, name: 'tx2-1/gpu0', load: { utilizationRatio: 0.5 } },
  'accelerator.conditionsChanged': { type: 'accelerator.conditionsChanged', ...common, name: 'tx2-1/gpu0', healthy: true, reason: '' },
  'accelerator.gone': { type: 'accelerator.gone', ...common, name: 'tx2-1/gpu0', reason: 'unplugged' },
  'link.observed': { type: 'link.observed', ...common, name: 'tx2-1-uplink', node: 'tx2-1', nominal: quality },
  'link.sampled': { type: 'link.sampled', ...common, name: 'tx2-1-uplink', quality },
  'link.conditionsChanged': { type: 'link.conditionsChanged', ...common, name: 'tx2-1-uplink', up: true, reason: '' },
  'link.gone': { type: 'link.gone', ...common, name: 'tx2-1-uplink', reason: 'removed' },
  'pod.created': { type: 'pod.created', ...common, name: 'r-1-infer', uid: 'uid-1', spec },
  'pod.gated': { type: 'pod.gated', ...common, name: 'r-1-infer', gate: 'edgetwin.dev/placement' },
  'pod.bound': {
    type: 'pod.bound',
    ...common,
    name: 'r-1-infer',
    node: 'tx2-1',
    accelerator: 'tx2-1/gpu0',
    image: 'alexnet:gpu',
    by: 'edgetwin',
  },
  'pod.started': { type: 'pod.started', ...common, name: 'r-1-infer' },
  'pod.finished': { type: 'pod.finished', ...common, name: 'r-1-infer', durationMs: 900 },
  'pod.failed': { type: 'pod.failed', ...common, name: 'r-1-infer', reason: 'node lost' },
  'pod.evicted': { type: 'pod.evicted', ...common, name: 'r-1-infer', reason: 'moved', by: 'edgetwin' },
  'pod.warned': {
    type: 'pod.warned',
    ...common,
    name: 'r-1-infer',
    uid: 'uid-1',
    reason: 'FailedScheduling',
    note: '0/5 nodes are available',
    count: 3,
  },
  'inference.requested': { type: 'inference.requested', ...common, id: 'r-1', camera: 'camera-1', application: 'alexnet', frames: 8 },
  'inference.assigned': { type: 'inference.assigned', ...common, id: 'r-1', pod: 'r-1-infer', accelerator: 'tx2-1/gpu0' },
  'inference.completed': { type: 'inference.completed', ...common, id: 'r-1', succeeded: true, latencyMs: 1_200 },
  'job.statusChanged': {
    type: 'job.statusChanged',
    ...common,
    id: 'job-1',
    status: 'Enqueue',
    iteration: 0,
    user: 'ann',
    path: '/clips/1.mp4',
    jobType: 'yolov4',
    startTimeMs: AT_MS,
    endTimeMs: null,
  },
  'clock.ticked': { type: 'clock.ticked', ...common },
  'whatif.asked': { type: 'whatif.asked', ...common, id: 'q-1', by: 'operator', summary: 'lose tx2-1' },
  'loop.modeChanged': { type: 'loop.modeChanged', ...common, mode: 'advise', by: 'operator' },
  'decision.made': { type: 'decision.made', ...common, decision: aDecision() },
  'decision.approved': { type: 'decision.approved', ...common, id: 'd-1', by: 'operator', reason: 'fine' },
  'decision.rejected': { type: 'decision.rejected', ...common, id: 'd-1', by: 'operator', reason: 'no' },
  'decision.expired': { type: 'decision.expired', ...common, id: 'd-1', reason: 'too old' },
  'placement.applied': {
    type: 'placement.applied',
    ...common,
    id: 'd-1',
    pod: 'r-1-infer',
    replacement: null,
    accelerator: 'tx2-1/gpu0',
  },
  'placement.refused': { type: 'placement.refused', ...common, id: 'd-1', pod: 'r-1-infer', reason: 'node cordoned' },
  'placement.verified': {
    type: 'placement.verified',
    ...common,
    id: 'd-1',
    predictedMakespanMs: 5_000,
    observedMakespanMs: 5_500,
    errorRatio: 0.1,
  },
  'regret.scored': {
    type: 'regret.scored',
    ...common,
    id: 'regret-r-1',
    arrivedMs: AT_MS - 6_000,
    predictedMakespanMs: { heft: 4_000, cpop: 4_200, peft: 4_000, dhs: 4_000, local: 9_000, edge: null, spread: 6_000 },
    applied: 'site-scheduler',
    appliedPredictedMs: 5_000,
    realisedMakespanMs: 5_500,
    requests: ['r-1'],
  },
  'regret.dropped': {
    type: 'regret.dropped',
    ...common,
    id: 'regret-r-1',
    arrivedMs: AT_MS - 6_000,
    requests: ['r-1'],
    reason: 'failed',
  },
}

type Fields<T extends TwinEventType> = Partial<Omit<EventOf<T>, 'type'>>

export function anEvent<T extends TwinEventType>(type: T, over: Fields<T> = {}): EventOf<T> {
  return { ...EXAMPLES[type], ...over }
}

const builder =
  <T extends TwinEventType>(type: T) =>
  (over: Fields<T> = {}): EventOf<T> =>
    anEvent(type, over)

export const aNodeObserved = builder('node.observed')
export const aNodeSampled = builder('node.sampled')
export const aNodeConditionsChanged = builder('node.conditionsChanged')
export const aNodeGone = builder('node.gone')
export const anExporterReached = builder('exporter.reached')
export const anExporterLost = builder('exporter.lost')
export const aCameraObserved = builder('camera.observed')
export const aCameraSampled = builder('camera.sampled')
export const aCameraConditionsChanged = builder('camera.conditionsChanged')
export const aCameraGone = builder('camera.gone')
export const anAcceleratorObserved = builder('accelerator.observed')
export const anAcceleratorSampled = builder('accelerator.sampled')
export const anAcceleratorConditionsChanged = builder('accelerator.conditionsChanged')
export const anAcceleratorGone = builder('accelerator.gone')
export const aLinkObserved = builder('link.observed')
export const aLinkSampled = builder('link.sampled')
export const aLinkConditionsChanged = builder('link.conditionsChanged')
export const aLinkGone = builder('link.gone')
export const aPodCreated = builder('pod.created')
export const aPodGated = builder('pod.gated')
export const aPodBound = builder('pod.bound')
export const aPodStarted = builder('pod.started')
export const aPodFinished = builder('pod.finished')
export const aPodFailed = builder('pod.failed')
export const aPodEvicted = builder('pod.evicted')
export const aPodWarned = builder('pod.warned')
export const anInferenceRequested = builder('inference.requested')
export const anInferenceAssigned = builder('inference.assigned')
export const anInferenceCompleted = builder('inference.completed')
export const aJobStatusChanged = builder('job.statusChanged')
export const aTick = builder('clock.ticked')
export const aWhatIfAsked = builder('whatif.asked')
export const aLoopModeChanged = builder('loop.modeChanged')
export const aDecisionMade = builder('decision.made')
export const aDecisionApproved = builder('decision.approved')
export const aDecisionRejected = builder('decision.rejected')
export const aDecisionExpired = builder('decision.expired')
export const aPlacementApplied = builder('placement.applied')
export const aPlacementRefused = builder('placement.refused')
export const aPlacementVerified = builder('placement.verified')
export const aRegretScored = builder('regret.scored')
export const aRegretDropped = builder('regret.dropped')
