/** One builder per kind of entity, as new as the twin makes them: `anAccelerator({ mode: 'allocated' })`. */
import { type Accelerator, aNewAccelerator } from '../entities/accelerator.ts'
import { aNewCamera, type Camera } from '../entities/camera.ts'
import { aNewDecisionRecord, type DecisionRecord } from '../entities/decision-record.ts'
import { aNewJob, type Job } from '../entities/job.ts'
import { aNewLink, type Link } from '../entities/link.ts'
import { aNewNode, type Node } from '../entities/node.ts'
import { aNewPod, type Pod } from '../entities/pod.ts'
import { aNewRequest, type InferenceRequest } from '../entities/request.ts'

/** Within `reported`, what is not given stays as it is in a new entity. */
type Over<T extends { reported: object }> = Partial<Omit<T, 'reported'>> & { readonly reported?: Partial<T['reported']> }

function like<T extends { reported: object }>(entity: T, { reported, ...over }: Over<T>): T {
  return { ...entity, ...over, reported: { ...entity.reported, ...reported } }
}

export const aNode = (over: Over<Node> = {}): Node => like(aNewNode('tx2-1'), over)
export const aCamera = (over: Over<Camera> = {}): Camera => like(aNewCamera('camera-1'), over)
export const anAccelerator = (over: Over<Accelerator> = {}): Accelerator => like(aNewAccelerator('tx2-1/gpu0'), over)
export const aLink = (over: Over<Link> = {}): Link => like(aNewLink('tx2-1-uplink'), over)
export const aPod = (over: Over<Pod> = {}): Pod => like(aNewPod('r-1-infer'), over)
export const aRequest = (over: Over<InferenceRequest> = {}): InferenceRequest => like(aNewRequest('r-1'), over)
export const aJob = (over: Over<Job> = {}): Job => like(aNewJob('job-1'), over)
export const aDecisionRecord = (over: Over<DecisionRecord> = {}): DecisionRecord => like(aNewDecisionRecord('d-1'), over)
