/**
 * Where a camera's clips lie: in the camera, or where it is recorded when the camera's node is lost or there is none.
 *
 * Of a camera that nobody described, or whose place nobody named, they come from outside: over the link of whoever works on them.
 */
import { isAlive } from './processors.ts'
import type { TwinState } from './twin-state.ts'

export interface ClipSource {
  readonly node: string
  /** Clips come from here at the earliest since then: the camera's own node was last said to be away. */
  readonly sinceMs: number
}

/** Stands for a node; no node has a name with blanks in it. */
export const OUTSIDE = 'outside the cluster'

/** Null when nobody alive has them. */
export function clipSource(state: TwinState, camera: string): ClipSource | null {
  const identity = state.entities.camera.get(camera)?.reported.identity?.value
  if (identity === undefined || (identity.node === null && identity.recordedAt === null)) return { node: OUTSIDE, sinceMs: 0 }
  const home = identity?.node == null ? undefined : state.entities.node.get(identity.node)
  if (home !== undefined && isAlive(home)) return { node: home.name, sinceMs: 0 }
  const recordedAt = identity?.recordedAt == null ? undefined : state.entities.node.get(identity.recordedAt)
  if (recordedAt === undefined || !isAlive(recordedAt)) return null
  return { node: recordedAt.name, sinceMs: home?.reported.conditions?.timeMs ?? 0 }
}
