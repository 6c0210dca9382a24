/**
 * What a placeable pod does, by its labels and annotations. What is missing has a default; what is wrong has it too, and is told.
 *
 * A request is what the pods of one owner do one after the other: its first pod has iteration 0, and the one that takes over from a
 * pod that is gone has one more. Pods of one owner that live side by side are requests of their own.
 */
import type { z } from 'zod'
import { applicationNamed } from '../../../models/applications/applications.ts'
import type { ImageRegistry } from '../../../models/applications/registry.ts'
import { nameShape } from '../../../models/events/shapes.ts'
import { podSpecShape } from '../../../models/events/work-events.ts'
import { POD_KEYS, twinPodName } from '../names.ts'
import { noteOf, ownerOf, type WatchedPod } from '../watched.ts'

export type PodSpec = z.infer<typeof podSpecShape>

/** The camera of a pod that names none. */
export const NO_CAMERA = 'none'
const NO_APPLICATION = 'unknown'
const FROM_OUTSIDE = 'its clips are taken to come from outside the cluster'

/** Of one that names a camera of which nobody told. */
export const unknownCamera = (name: string): string =>
  `${POD_KEYS.camera} ${name} is no camera of the site: ${FROM_OUTSIDE}; write a Camera object of that name, or annotate its node`

export interface SpecRead {
  /** Without the number that tells requests of one owner apart. */
  readonly spec: Omit<PodSpec, 'iteration'>
  /** In words, for who wrote the pod. */
  readonly faults: readonly string[]
}

export function readPodSpec(pod: WatchedPod, registry: ImageRegistry): SpecRead {
  const faults: string[] = []
  const named = (key: keyof typeof POD_KEYS, otherwise: string): string => {
    const text = noteOf(pod.metadata, POD_KEYS[key])
    if (text === undefined) return otherwise
    const read = nameShape.safeParse(text)
    if (read.success) return read.data
    faults.push(
      `${POD_KEYS[key]} ${JSON.stringify(text.slice(0, 80))} ${read.error.issues[0]?.message ?? 'is no name'}; ${otherwise} is assumed`,
    )
    return otherwise
  }
  const serving = registry.find(({ image }) => pod.spec.containers.some((container) => container.image === image))
  const application = named('application', serving?.application ?? NO_APPLICATION)
  const stages = applicationNamed(application)?.stages.map(({ name }) => name) ?? []
  const stage = named('stage', serving?.application === application ? (serving.stage ?? stages[0] ?? 'infer') : (stages[0] ?? 'infer'))
  if (application === NO_APPLICATION)
    faults.push(`${POD_KEYS.application} is missing and no known image tells it: nobody knows what the pod costs`)
  else if (stages.length === 0) faults.push(`${POD_KEYS.application} ${application} is no application that edgetwin knows`)
  else if (!stages.includes(stage)) faults.push(`${POD_KEYS.stage} ${stage} is no stage of ${application}; it has ${stages.join(', ')}`)
  const camera = named('camera', NO_CAMERA)
  if (camera === NO_CAMERA) faults.push(`${POD_KEYS.camera} is missing: ${FROM_OUTSIDE}`)
  const request = named('request', defaultRequest(pod))
  return { spec: { request, camera, application, stage, frames: framesOf(pod, faults) }, faults }
}

function framesOf({ metadata }: WatchedPod, faults: string[]): number {
  const text = noteOf(metadata, POD_KEYS.frames)
  if (text === undefined) return 1
  const frames = podSpecShape.shape.frames.safeParse(/^\d+$/.test(text) ? Number(text) : Number.NaN)
  if (frames.success) return frames.data
  faults.push(`${POD_KEYS.frames} ${JSON.stringify(text.slice(0, 80))} is no whole number from 1 to 1000000; 1 is assumed`)
  return 1
}

/** That of its owner: a pod's own name dies with it. */
function defaultRequest(pod: WatchedPod): string {
  const { metadata } = pod
  const name = twinPodName({ name: ownerOf(pod)?.name ?? metadata.name, namespace: metadata.namespace })
  return nameShape.safeParse(name).success ? name : metadata.uid
}
