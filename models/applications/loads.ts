/** The two loads of the DHS experiment: how many of each network the cameras ask for together. */
import { TwinError } from '../errors.ts'
import type { InferenceRequest } from './task-graph.ts'

export type LoadName = 'heavy' | 'light'

const NETWORKS = ['alexnet', 'googlenet', 'resnet50'] as const
const REQUESTS_PER_NETWORK: Readonly<Record<LoadName, number>> = { heavy: 2, light: 1 }

/**
 * Heavy: two requests for each network; light: one. Which camera asks for what was not published: network by network,
 * each next request goes to the next camera, round and round.
 *
 * @throws TwinError QUERY_INVALID without cameras.
 */
export function requestsOfLoad(load: LoadName, cameras: readonly string[]): InferenceRequest[] {
  if (cameras.length === 0) {
    throw new TwinError('QUERY_INVALID', `The ${load} load needs a camera to ask for it, and there is none; name at least one.`)
  }
  return NETWORKS.flatMap((application) =>
    Array.from({ length: REQUESTS_PER_NETWORK[load] }, (_, index) => ({ application, id: `${application}-${index + 1}` })),
  ).map((request, index) => ({ ...request, camera: cameras[index % cameras.length]!, frames: 1 }))
}
