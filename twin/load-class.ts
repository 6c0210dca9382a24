/** The load class of the DHS paper for the work of a what-if: how long each camera would need alone, and how much is asked for. */
import type { LoadClass, WhatIfQuery } from '../models/contracts/what-if.ts'
import { classifyLoad } from '../models/scheduling/dhs.ts'
import { homeNodeOf, type Survey } from './problem.ts'
import type { TwinState } from './twin-state.ts'

export interface ClassifiedLoad {
  readonly loadClass: LoadClass
  readonly warnings: readonly string[]
}

/**
 * t_i is the sum over the camera's requests of the cost on its own fastest accelerator. A camera without one that can
 * take the request counts with the fastest where its clips are recorded, else with the fastest anywhere; a warning says so.
 */
export function loadClassOf(
  state: TwinState,
  { work, processors }: Pick<Survey, 'work' | 'processors'>,
  { delta1Seconds, delta2 }: Pick<WhatIfQuery, 'delta1Seconds' | 'delta2'>,
): ClassifiedLoad {
  const seconds = new Map<string, number>()
  const foreign = new Set<string>()
  for (const { name, mode } of [...state.entities.camera.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (mode !== 'gone') seconds.set(name, 0)
  }
  for (const { camera, source, wholeMs } of work) {
    const home = homeNodeOf(state, camera)
    const leastOn = (node: string | null) =>
      Math.min(...processors.flatMap(({ accelerator, ...at }) => (at.node === node ? (wholeMs.get(accelerator) ?? []) : [])))
    const ownMs = leastOn(home)
    if (!Number.isFinite(ownMs)) foreign.add(camera)
    const ms = [ownMs, leastOn(source), Math.min(...wholeMs.values())].find(Number.isFinite) ?? 0
    seconds.set(camera, (seconds.get(camera) ?? 0) + ms / 1_000)
  }
  const requestCount = work.length
  const cameraCount = seconds.size
  // A site without cameras is as balanced and light as can be.
  const { algorithm, className, tMinSeconds, tMaxSeconds, tMeanSeconds, requestsPerCamera } = classifyLoad({
    cameraLoadsSeconds: cameraCount === 0 ? [0] : [...seconds.values()],
    requestCount,
    cameraCount: Math.max(1, cameraCount),
    delta1Seconds,
    delta2,
  })
  return {
    loadClass: {
      className,
      algorithm,
      cameras: [...seconds].map(([camera, each]) => ({ camera, seconds: each })),
      tMinSeconds,
      tMaxSeconds,
      tMeanSeconds,
      requestCount,
      cameraCount,
      requestsPerCamera,
      delta1Seconds,
      delta2,
    },
    warnings: [...foreign].map(
      (camera) => `camera ${camera} has no accelerator of its own for its requests; its load is reckoned on another's`,
    ),
  }
}
