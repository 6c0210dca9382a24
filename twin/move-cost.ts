/**
 * What it costs to move a pod, in seconds, beside the data that travels again: the image is pulled unless the node had
 * it, the model is loaded, and what was computed is computed again. What nobody measured stands in one table.
 */
import { applicationNamed } from '../models/applications/applications.ts'
import type { Placement } from '../models/contracts/decision.ts'
import type { Move } from '../models/contracts/objective.ts'
import type { Pod } from '../models/entities/pod.ts'
import type { AcceleratorKind } from '../models/events/shapes.ts'
import type { NodeLink } from './network.ts'
import type { TwinState } from './twin-state.ts'

/** Assumed, all of it: images by what their runtimes weigh compressed, storage as of an SD card, a registry on a 100 Mbit/s line. */
export const MOVE_ASSUMPTIONS: {
  readonly imageBytes: Readonly<Record<AcceleratorKind, number>>
  readonly registryBytesPerSecond: number
  readonly modelReadBytesPerSecond: number
  readonly containerStartSeconds: number
} = {
  imageBytes: { CPU: 80e6, GPU: 600e6, FPGA: 500e6, NPU: 250e6, DLA: 600e6, TPU: 150e6 },
  registryBytesPerSecond: 12.5e6,
  modelReadBytesPerSecond: 40e6,
  containerStartSeconds: 0.5,
}

export interface MoveContext {
  /** Of the fork. */
  readonly clockMs: number
  /** `node image` of every image that was on a node before. */
  readonly pulled: ReadonlySet<string>
}

export interface MovedPod {
  readonly placement: Placement & { readonly from: string }
  readonly pod: Pod
  readonly acceleratorKind: AcceleratorKind
  readonly node: string
  /** Of the node it goes to. */
  readonly link: Pick<NodeLink, 'bytesPerMs'>
  /** Of its application. */
  readonly blocks: readonly number[]
}

/** A pod that started on a node had its image there; the kubelet keeps it. */
export function pulledImages(state: TwinState): ReadonlySet<string> {
  const pulled = new Set<string>()
  for (const { reported } of state.entities.pod.values()) {
    if (reported.place !== null && reported.startedMs !== null) pulled.add(`${reported.place.node} ${reported.place.image}`)
  }
  return pulled
}

export function moveCost({ placement, pod, acceleratorKind, node, link, blocks }: MovedPod, { clockMs, pulled }: MoveContext): Move {
  const { imageBytes, registryBytesPerSecond, modelReadBytesPerSecond, containerStartSeconds } = MOVE_ASSUMPTIONS
  const { application, image, from, to } = placement
  const parameterBytes = blocks.reduce((sum, block) => sum + (applicationNamed(application)?.blocks[block]?.parameterBytes ?? 0), 0)
  const pullBytesPerSecond = Math.max(1, Math.min(registryBytesPerSecond, link.bytesPerMs * 1_000))
  const { startedMs } = pod.reported
  return {
    pod: pod.name,
    from,
    to,
    imagePullSeconds: pulled.has(`${node} ${image}`) ? 0 : imageBytes[acceleratorKind] / pullBytesPerSecond,
    modelLoadSeconds: containerStartSeconds + parameterBytes / modelReadBytesPerSecond,
    lostProgressSeconds: pod.mode === 'running' && startedMs !== null ? Math.max(0, clockMs - startedMs) / 1_000 : 0,
  }
}

export function moveSeconds({ imagePullSeconds, modelLoadSeconds, lostProgressSeconds }: Move): number {
  return imagePullSeconds + modelLoadSeconds + lostProgressSeconds
}
