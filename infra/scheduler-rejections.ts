/**
 * The twin with what the cluster's own scheduler holds against its waiting pods whatever else runs: taints, selectors and sizes, as our
 * model of it judges them on empty nodes. Where a pod is already it may stay.
 */
import { replacementOf } from '../connectors/kubernetes/act/scheduler-view.ts'
import { podKey } from '../connectors/kubernetes/names.ts'
import type { WatchedNode, WatchedPod } from '../connectors/kubernetes/watched.ts'
import type { Pod } from '../models/entities/pod.ts'
import type { Clock } from '../models/ports.ts'
import { type KubeSnapshot, snapshotOf } from '../models/scheduling/kubernetes/snapshot.ts'
import { judge, PLUGINS } from '../models/scheduling/kubernetes/stock-scheduler.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { waitingPods } from '../twin/waiting-work.ts'

export interface SchedulerRejectionsOptions {
  /** By namespace/name. */
  readonly pods: () => ReadonlyMap<string, WatchedPod>
  readonly nodes: () => ReadonlyMap<string, WatchedNode>
  readonly clock: Clock
}

/** What other pods run does not matter to these. */
const LASTING = new Set(['NodeName', 'TaintToleration', 'NodeAffinity', 'NodeResourcesFit', 'VolumeZone'])
const LASTING_PLUGINS = PLUGINS.filter(({ name }) => LASTING.has(name))

/** Taints and labels of nodes change seldom; who acts judges anew in any case. */
const KEPT_MS = 2_000

export function schedulerRejections({ pods, nodes, clock }: SchedulerRejectionsOptions): (state: TwinState) => TwinState {
  let emptied: KubeSnapshot = snapshotOf({ nodes: [], pods: [] })
  let madeMs = Number.NEGATIVE_INFINITY
  let rejections = new Map<WatchedPod, readonly string[]>()

  const rejectedBy = (pod: WatchedPod): readonly string[] => {
    const known = rejections.get(pod)
    if (known !== undefined) return known
    const { nodeName } = pod.spec
    const { rejected } = judge(nodeName === undefined ? pod : replacementOf(pod), emptied, LASTING_PLUGINS)
    const names = [...rejected.keys()].filter((name) => name !== nodeName).sort()
    rejections.set(pod, names)
    return names
  }
  return (state) => {
    const nowMs = clock()
    if (nowMs - madeMs >= KEPT_MS || nowMs < madeMs) {
      emptied = snapshotOf({ nodes: [...nodes().values()], pods: [] })
      rejections = new Map()
      madeMs = nowMs
    }
    const judged = waitingPods(state).flatMap((pod): [string, Pod][] => {
      const watched = pods().get(podKey(pod.name))
      const names = watched === undefined || watched.metadata.uid !== pod.uid ? [] : rejectedBy(watched)
      return names.length === 0 || pod.spec === null ? [] : [[pod.name, { ...pod, spec: { ...pod.spec, rejectedBy: [...names] } }]]
    })
    if (judged.length === 0) return state
    return { ...state, entities: { ...state.entities, pod: new Map([...state.entities.pod, ...judged]) } }
  }
}
