/** A twin of a real cluster of the lab, without journal and log: what is told is folded at once. */
import { defaultRegistry } from '../../models/applications/registry.ts'
import { isEnded } from '../../models/entities/pod.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import type { Logger } from '../../models/ports.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin, type TwinState } from '../../twin/twin-state.ts'
import { type ConnectedCluster, connectCluster } from '../run-cluster.ts'

export interface WatchedLab extends ConnectedCluster {
  readonly state: () => TwinState
  readonly told: readonly TwinEvent[]
}

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** @param from what the twin held when it was stopped. */
export async function watchLab(
  kubeconfig: string,
  { from = emptyTwin, onTold = () => {} }: { from?: TwinState; onTold?: (events: readonly TwinEvent[]) => void } = {},
): Promise<WatchedLab> {
  let state = from
  const told: TwinEvent[] = []
  const connected = await connectCluster({
    settings: { kubeconfig },
    site: 'lab',
    entities: () => state.entities,
    registry: defaultRegistry(),
    sink: () => ({ apply: async ({ pod }) => ({ ok: false, pod, reason: 'only watched' }) }),
    publish: async (events) => {
      const journaled = events.map((event, index) => {
        const sequence = state.sequence + 1 + index
        return { sequence, position: { topic: 'cluster', partition: 0, offset: sequence }, event }
      })
      state = applyEvents(state, journaled)
      told.push(...events)
      onTold(events)
      return []
    },
    clock: Date.now,
    random: Math.random,
    log: quiet,
  })
  return { ...connected, state: () => state, told }
}

/** Nodes and open pods that edgetwin may place, as the twin holds them. */
export function heldBy({ entities }: TwinState): readonly string[] {
  const nodes = [...entities.node.values()].filter(({ mode }) => mode !== 'gone')
  const pods = [...entities.pod.values()].filter((pod) => !isEnded(pod))
  return [
    ...nodes.map(({ name, mode, reported }) => `node ${name} ${mode === 'ready'} ${reported.conditions?.value.cordoned}`),
    ...pods.map(({ name, uid, reported, mode }) => `pod ${name} ${uid} ${reported.place?.node ?? '-'} ${mode === 'running'}`),
  ].sort()
}
