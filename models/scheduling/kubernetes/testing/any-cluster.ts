/**
 * Clusters and pods drawn from a seed, made so that every rule of the scheduler comes into play: labels that some nodes lack, taints of all
 * effects, nearly full nodes, host ports, images, sidecars, spread and affinity over three topologies and three namespaces.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Container, KubeNode, KubePod, LabelSelector, PodAffinity, PodAffinityTerm, SpreadConstraint, Toleration } from '../objects.ts'

export interface KubeCase {
  readonly nodes: readonly KubeNode[]
  readonly pods: readonly KubePod[]
  readonly namespaces: readonly { readonly metadata: { readonly name: string; readonly labels: Record<string, string> } }[]
  readonly pod: KubePod
}

export interface Dice {
  readonly int: (min: number, max: number) => number
  readonly pick: <T>(choices: readonly T[]) => T
  readonly chance: (probability: number) => boolean
  /** The value now and then, else nothing. */
  readonly maybe: <T extends object>(probability: number, make: () => T) => T | Record<never, never>
}

const KEYS = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone', 'rack']
const NAMESPACES = ['default', 'cameras', 'batch']
const IMAGES = ['example.com/alexnet:1', 'example.com/resnet', 'example.com/large:2']

export function anyCluster(seed: number): KubeCase {
  const dice = diceOf(seed)
  const nodes = Array.from({ length: dice.int(2, 9) }, (_, index) => aNode(`n${index}`, dice))
  const pods = Array.from({ length: dice.int(0, 24) }, (_, index) => {
    const placed = aPod(`p${index}`, dice)
    return { ...placed, spec: { ...placed.spec, nodeName: dice.pick(nodes).metadata.name } }
  })
  const namespaces = NAMESPACES.map((name) => ({ metadata: { name, labels: { team: name === 'batch' ? 'night' : 'day' } } }))
  return { nodes, pods, namespaces, pod: aPod('new', dice) }
}

export function diceOf(seed: number): Dice {
  const generator = xoroshiro128plus(seed)
  const draw = (): number => uniformFloat64(generator)
  const int = (min: number, max: number): number => min + Math.floor(draw() * (max - min + 1))
  const chance = (probability: number): boolean => draw() < probability
  return {
    int,
    chance,
    pick: (choices) => choices[int(0, choices.length - 1)]!,
    maybe: (probability, make) => (chance(probability) ? make() : {}),
  }
}

function aNode(name: string, { int, pick, chance, maybe }: Dice): KubeNode {
  const taint = () => ({
    key: 'edge',
    value: pick(['a', 'b', '']),
    effect: pick(['NoSchedule', 'PreferNoSchedule', 'NoExecute', 'PreferNoSchedule']),
  })
  return {
    metadata: {
      name,
      labels: {
        ...maybe(0.95, () => ({ 'kubernetes.io/hostname': name })),
        ...maybe(0.85, () => ({ 'topology.kubernetes.io/zone': `z${int(0, 2)}` })),
        ...maybe(0.6, () => ({ rack: pick(['r0', 'r1', '']) })),
        ...maybe(0.9, () => ({ accelerator: pick(['npu', 'gpu', 'none']), generation: pick([`${int(1, 9)}`, '010', 'new']) })),
      },
    },
    spec: {
      ...maybe(0.3, () => ({ taints: [taint(), ...(chance(0.3) ? [taint()] : [])] })),
      ...maybe(0.07, () => ({ unschedulable: true })),
    },
    status: {
      allocatable: {
        cpu: pick(['2', '4000m', '7.5', '0.9']),
        memory: pick(['4Gi', '8000000Ki', '16G', '2500Mi']),
        pods: pick(['3', '8', '20']),
        'ephemeral-storage': pick(['50Gi', '1Gi']),
        ...maybe(0.4, () => ({ 'example.com/npu': `${int(0, 3)}` })),
      },
      ...maybe(0.5, () => ({ images: [{ names: [pick(IMAGES), 'example.com/resnet:latest'], sizeBytes: int(1, 1_500) * 1_000_000 }] })),
    },
  }
}

function aPod(name: string, dice: Dice): KubePod {
  const { int, pick, chance, maybe } = dice
  const tolerations = (): Toleration[] => [
    pick<Toleration>([
      { operator: 'Exists' },
      { key: 'edge', operator: 'Exists', effect: pick(['NoSchedule', 'PreferNoSchedule']) },
      equal(),
    ]),
  ]
  const equal = (): Toleration => ({ key: 'edge', ...maybe(0.5, () => ({ operator: 'Equal' })), value: pick(['a', 'b']) })
  return {
    metadata: { name, namespace: pick(NAMESPACES), labels: { app: `a${int(0, 3)}`, ...maybe(0.5, () => ({ tier: pick(['x', 'y']) })) } },
    spec: {
      containers: Array.from({ length: chance(0.2) ? 2 : 1 }, (_, index) => aContainer(`c${index}`, dice)),
      ...maybe(0.2, () => ({
        initContainers: [aContainer('i0', dice), { ...aContainer('i1', dice), ...maybe(0.6, () => ({ restartPolicy: 'Always' })) }],
      })),
      ...maybe(0.1, () => ({ overhead: { cpu: '50m', memory: '30Mi' } })),
      ...maybe(0.2, () => ({ nodeSelector: { accelerator: pick(['npu', 'gpu']) } })),
      ...maybe(0.4, () => ({ tolerations: tolerations() })),
      ...maybe(0.6, () => ({ affinity: anAffinity(dice) })),
      ...maybe(0.35, () => ({ topologySpreadConstraints: chance(0.7) ? [aSpread(dice)] : twoSpreads(dice) })),
    },
  }
}

function aContainer(name: string, { int, pick, maybe }: Dice): Container {
  const requests = {
    ...maybe(0.8, () => ({ cpu: pick([`${int(0, 15) * 100}m`, '0.25', '1e-1']) })),
    ...maybe(0.8, () => ({ memory: pick([`${int(1, 30) * 64}Mi`, '0.5Gi', '100M']) })),
    ...maybe(0.1, () => ({ 'ephemeral-storage': '600Mi' })),
    ...maybe(0.15, () => ({ 'example.com/npu': '1' })),
  }
  const port = () => ({
    hostPort: int(8_000, 8_002),
    containerPort: 80,
    ...maybe(0.4, () => ({ hostIP: pick(['127.0.0.1', '10.0.0.1']) })),
    protocol: pick(['TCP', 'UDP']),
  })
  return { name, image: pick(IMAGES), resources: { requests }, ...maybe(0.2, () => ({ ports: [port()] })) }
}

function aSelector({ int, pick, chance }: Dice): LabelSelector {
  if (chance(0.7)) return { matchLabels: { app: `a${int(0, 3)}` } }
  const key = pick(['app', 'tier'])
  const values = key === 'app' ? ['a0', 'a1'] : ['x']
  return {
    matchExpressions: [
      pick([
        { key, operator: pick(['In', 'NotIn']), values },
        { key: 'tier', operator: pick(['Exists', 'DoesNotExist']) },
      ]),
    ],
  }
}

function aTerm(dice: Dice): PodAffinityTerm {
  const { pick, maybe } = dice
  return {
    labelSelector: aSelector(dice),
    topologyKey: pick(KEYS),
    ...maybe(0.2, () => ({ namespaces: [pick(NAMESPACES)] })),
    ...maybe(0.2, () => ({ namespaceSelector: pick<LabelSelector>([{}, { matchLabels: { team: 'day' } }]) })),
  }
}

function podAffinity(dice: Dice, requiredChance: number): PodAffinity {
  return dice.chance(requiredChance)
    ? { requiredDuringSchedulingIgnoredDuringExecution: [aTerm(dice), ...(dice.chance(0.2) ? [aTerm(dice)] : [])] }
    : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: dice.int(1, 100), podAffinityTerm: aTerm(dice) }] }
}

function anAffinity(dice: Dice): NonNullable<KubePod['spec']['affinity']> {
  const { int, pick, maybe } = dice
  const expression = () =>
    pick([
      { key: 'generation', operator: pick(['Gt', 'Lt']), values: [`${int(1, 9)}`] },
      { key: 'accelerator', operator: pick(['In', 'NotIn']), values: ['npu', 'none'] },
      { key: 'rack', operator: pick(['Exists', 'DoesNotExist']) },
    ])
  const field = () => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [`n${int(0, 8)}`] }] })
  const required = () => ({
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [expression()] }, pick([field(), { matchExpressions: [expression(), expression()] }])],
    },
  })
  const preferred = () => ({
    preferredDuringSchedulingIgnoredDuringExecution: [1, 2].map(() => ({
      weight: int(1, 100),
      preference: { matchExpressions: [expression()] },
    })),
  })
  return {
    ...maybe(0.5, () => ({ nodeAffinity: { ...maybe(0.5, required), ...maybe(0.8, preferred) } })),
    ...maybe(0.35, () => ({ podAntiAffinity: podAffinity(dice, 0.5) })),
    ...maybe(0.3, () => ({ podAffinity: podAffinity(dice, 0.25) })),
  }
}

function aSpread(dice: Dice): SpreadConstraint {
  const { int, pick, maybe } = dice
  const whenUnsatisfiable = pick(['DoNotSchedule', 'ScheduleAnyway'])
  return {
    maxSkew: int(1, 3),
    topologyKey: pick(KEYS),
    whenUnsatisfiable,
    labelSelector: pick([aSelector(dice), aSelector(dice), aSelector(dice), {}]),
    ...maybe(whenUnsatisfiable === 'DoNotSchedule' ? 0.2 : 0, () => ({ minDomains: int(1, 4) })),
    ...maybe(0.3, () => ({ nodeAffinityPolicy: pick(['Honor', 'Ignore']), nodeTaintsPolicy: pick(['Honor', 'Ignore']) })),
    ...maybe(0.15, () => ({ matchLabelKeys: ['tier'] })),
  }
}

/** The API refuses two constraints of one topology key and one effect. */
function twoSpreads(dice: Dice): SpreadConstraint[] {
  const [first, second] = [aSpread(dice), aSpread(dice)]
  return first.topologyKey === second.topologyKey && first.whenUnsatisfiable === second.whenUnsatisfiable ? [first] : [first, second]
}
