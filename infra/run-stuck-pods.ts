/**
 * Tells people at the pod itself, so that `kubectl describe pod` shows it, that nothing of the site can run what waits behind our gate.
 *
 * Said once for each reason and pod, and only by the one edgetwin that acts.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Pod } from '../models/entities/pod.ts'
import type { Stop } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { nowhereOf } from './why-gated.ts'

export interface StuckPodsOptions {
  readonly state: () => TwinState
  readonly registry: ImageRegistry
  readonly mayWrite: () => boolean
  readonly onStuck: (pod: Pod, reason: string) => void
}

const LOOK_MS = 5_000
/** Until then it may be that a node or an image is just about to come. */
const PATIENCE_MS = 5_000
const PODS_MAX = 200

export function runStuckPods({ state, registry, mayWrite, onStuck }: StuckPodsOptions): Stop {
  /** By uid, what was said last. */
  let said = new Map<string, string>()
  const look = (): void => {
    if (!mayWrite()) return
    const { entities, clockMs } = state()
    const waiting = [...entities.pod.values()].filter(
      ({ mode, reported }) => mode === 'gated' && clockMs - (reported.createdMs ?? clockMs) >= PATIENCE_MS,
    )
    const stuck = nowhereOf(state(), waiting.slice(0, PODS_MAX), registry)
    const now = new Map<string, string>()
    for (const pod of waiting) {
      const reason = stuck.get(pod.name)
      if (reason === undefined || pod.uid === null) continue
      now.set(pod.uid, reason)
      if (said.get(pod.uid) !== reason) onStuck(pod, reason)
    }
    said = now
  }
  const timer = setInterval(look, LOOK_MS)
  return async () => clearInterval(timer)
}
