/** The kinds of things a twin holds, as one table: to add a kind, add a row here, a file beside this one and a case in the fold. */
import { type Accelerator, acceleratorShape } from './accelerator.ts'
import { type Camera, cameraShape } from './camera.ts'
import { type DecisionRecord, decisionRecordShape } from './decision-record.ts'
import { type Job, jobShape } from './job.ts'
import { type Link, linkShape } from './link.ts'
import { type Node, nodeShape } from './node.ts'
import { type Pod, podShape } from './pod.ts'
import { type InferenceRequest, requestShape } from './request.ts'

export interface EntityOfKind {
  readonly node: Node
  readonly camera: Camera
  readonly accelerator: Accelerator
  readonly link: Link
  readonly pod: Pod
  readonly request: InferenceRequest
  readonly job: Job
  readonly decision: DecisionRecord
}
export type EntityKind = keyof EntityOfKind
export type Entity = EntityOfKind[EntityKind]

export const ENTITY_KINDS = [
  'node',
  'camera',
  'accelerator',
  'link',
  'pod',
  'request',
  'job',
  'decision',
] as const satisfies readonly EntityKind[]

export const ENTITY_SHAPES = {
  node: nodeShape,
  camera: cameraShape,
  accelerator: acceleratorShape,
  link: linkShape,
  pod: podShape,
  request: requestShape,
  job: jobShape,
  decision: decisionRecordShape,
} as const

export function entityName(entity: Entity): string {
  return 'name' in entity ? entity.name : entity.id
}
