import { expect, it } from '@jest/globals'
import { aKubeNode, aKubePod } from '../connectors/kubernetes/testing/objects.ts'
import type { WatchedNode, WatchedPod } from '../connectors/kubernetes/watched.ts'
import { defaultRegistry } from '../models/applications/registry.ts'
import { whatIfQueryShape } from '../models/contracts/what-if.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { applyEvents } from '../twin/fold.ts'
import { placementFault } from '../twin/placing.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { askWhatIf } from '../twin/what-if.ts'
import { schedulerRejections } from './scheduler-rejections.ts'
import { whyGated } from './why-gated.ts'

const POD = 'r-1-infer'
const twin = applyEvents(emptyTwin, journaled([...dhsEvents(), ...podEvents('r-1', { camera: 'cam-1' })]))
const NODES = [...twin.entities.node.keys()]
const { uid } = twin.entities.pod.get(POD)!
// The twin of a real cluster names a pod with its namespace.
const named: TwinState = {
  ...twin,
  entities: { ...twin.entities, pod: new Map([[`${POD}.default`, { ...twin.entities.pod.get(POD)!, name: `${POD}.default` }]]) },
}

function judged(pod: WatchedPod, node: (name: string) => WatchedNode, clock = () => 0) {
  const pods = new Map([[`default/${POD}`, pod]])
  return schedulerRejections({ pods: () => pods, nodes: () => new Map(NODES.map((name) => [name, node(name)])), clock })(named)
}
const aPod = (spec: Partial<WatchedPod['spec']> = {}): WatchedPod => {
  const pod = aKubePod(POD)
  return { ...pod, metadata: { ...pod.metadata, uid: uid! }, spec: { ...pod.spec, ...spec } }
}
const tainted = (name: string): WatchedNode => {
  const node = aKubeNode(name)
  const isTainted = name === 'edge-1'
  return { ...node, spec: { ...node.spec, ...(isTainted ? { taints: [{ key: 'busy', effect: 'NoSchedule' as const }] } : {}) } }
}
const rejectedBy = (state: TwinState) => state.entities.pod.get(`${POD}.default`)?.spec?.rejectedBy
const placesOf = (state: TwinState) => {
  const query = whatIfQueryShape.parse({ workload: 'waiting' })
  const { outcomes } = askWhatIf(state, query, { id: 'q', stateHash: '', registry: defaultRegistry() })
  return new Set(outcomes.flatMap(({ placements }) => placements.map(({ to }) => to.split('/')[0])))
}

it('plans only where the scheduler would put the pod', () => {
  const state = judged(aPod(), tainted)
  expect(rejectedBy(state)).toEqual(['edge-1'])
  expect(placesOf(named)).toContain('edge-1')
  expect(placesOf(state)).not.toContain('edge-1')
  expect(placesOf(state).size).toBeGreaterThan(0)
  const placement = {
    ...{ pod: `${POD}.default`, request: 'r-1', camera: 'cam-1', application: 'alexnet', stage: 'infer', from: null, image: 'i' },
    ...{ predictedStartMs: 0, predictedFinishMs: 1 },
  }
  expect(placementFault(state, { ...placement, to: 'edge-1/cpu0' })).toMatch(
    /cannot go to edge-1\/cpu0: the cluster's scheduler keeps it off/,
  )
  expect(placementFault(state, { ...placement, to: 'tx2-1/gpu0' })).toBeNull()
})

it('leaves the twin as it is where nothing stands against a pod, and for another pod of that name', () => {
  expect(judged(aPod({ tolerations: [{ key: 'busy', operator: 'Exists' }] }), tainted)).toBe(named)
  const other = aPod()
  expect(judged({ ...other, metadata: { ...other.metadata, uid: 'another' } }, tainted)).toBe(named)
})

it('leaves a pod where it is, and out of account what other pods run', () => {
  expect(rejectedBy(judged(aPod({ nodeName: 'edge-1' }), tainted))).toBeUndefined()
  const podAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } },
    ],
  }
  expect(judged(aPod({ affinity: { podAffinity } }), aKubeNode)).toBe(named)
})

it('says of a pod that the scheduler takes nowhere what keeps it', () => {
  const state = judged(aPod({ nodeSelector: { shelf: 'top' } }), aKubeNode)
  expect(whyGated(state, state.entities.pod.get(`${POD}.default`), defaultRegistry())).toMatch(
    /no accelerator takes it: .*scheduler keeps it off node/,
  )
})

it('looks at the nodes again after a while', () => {
  let nowMs = 0
  let node = tainted
  const pods = new Map([[`default/${POD}`, aPod()]])
  const over = schedulerRejections({ pods: () => pods, nodes: () => new Map(NODES.map((name) => [name, node(name)])), clock: () => nowMs })
  expect(rejectedBy(over(named))).toEqual(['edge-1'])
  node = aKubeNode
  expect(rejectedBy(over(named))).toEqual(['edge-1'])
  nowMs = 2_000
  expect(over(named)).toBe(named)
})
