/**
 * Devices and claims drawn onto a drawn cluster: pools that are stale, incomplete or doubled, devices of several nodes, devices in use or
 * tainted, selectors by class and by wish, all devices at once, alternatives, and claims that are allocated or not made yet.
 */
import type {
  DeviceAttribute,
  DeviceClaim,
  DeviceObjects,
  DeviceRequest,
  DeviceSlice,
  DeviceWish,
  KubeDevice,
  Reach,
} from '../device-objects.ts'
import type { KubeNode, KubePod, Toleration } from '../objects.ts'
import { anyCluster, type Dice, diceOf, type KubeCase } from './any-cluster.ts'

export type DeviceCase = KubeCase & DeviceObjects

const DRIVERS = ['acc.edgetwin.dev', 'gpu.example.com']
const KINDS = ['gpu', 'npu', 'fpga']
const CLASSES = [
  ...KINDS.map((kind) => [
    `${kind}.edgetwin.dev`,
    `device.driver == "acc.edgetwin.dev" && "kind" in device.attributes["acc.edgetwin.dev"] && device.attributes["acc.edgetwin.dev"].kind == "${kind}"`,
  ]),
  ['any.example.com', 'device.driver in ["gpu.example.com", "acc.edgetwin.dev"]'],
  // It faults on a device without the attribute.
  ['careless.example.com', 'device.attributes["acc.edgetwin.dev"].kind == "gpu"'],
] as const

const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'new', uid: 'uid-new', controller: true }

export function anyDevices(seed: number): DeviceCase {
  const { nodes: all, pods, pod, namespaces } = anyCluster(seed)
  const dice = diceOf(seed + 7_919)
  const nodes = all.slice(0, 5)
  const slices = nodes.flatMap((node) => slicesOf(node, dice))
  if (dice.chance(0.4)) slices.push(...sharedSlices(nodes, dice))
  const others = anyOf(slices, dice)
  const own = dice.chance(0.9) ? Array.from({ length: dice.chance(0.25) ? 2 : 1 }, (_, index) => aClaim(`own-${index}`, dice)) : []
  const claims = own.map((claim) => (dice.chance(0.15) ? allocated(claim, slices, dice) : claim))
  return {
    namespaces,
    nodes,
    // Whatever else it asks for would only hide what is looked at here.
    pods: pods.filter(({ spec }) => nodes.some(({ metadata }) => metadata.name === spec.nodeName)).slice(0, 6),
    pod: claiming(pod, own, dice),
    classes: CLASSES.filter(() => !dice.chance(0.03)).map(([name, expression]) => ({
      metadata: { name: name! },
      spec: { selectors: [{ cel: { expression: expression! } }] },
    })),
    slices,
    claims: [...(dice.chance(0.97) ? claims : []), ...others].map((claim, index) => ({
      ...claim,
      metadata: {
        ...claim.metadata,
        name: claim.metadata.name.startsWith('own') ? claim.metadata.name : `other-${index}`,
        namespace: 'default',
        uid: `claim-${index}`,
        resourceVersion: '1',
        ...dice.maybe(claim.metadata.name.startsWith('own') ? 0.97 : 0, () => ({ ownerReferences: [OWNER] })),
      },
    })),
  }
}

function claiming(pod: KubePod, own: readonly DeviceClaim[], { chance }: Dice): KubePod {
  const { affinity: _, topologySpreadConstraints: __, nodeSelector: ___, ...spec } = pod.spec
  const made = own.map(({ metadata }) => ({ name: metadata.name, resourceClaimName: metadata.name }))
  const isNamed = chance(0.5)
  return {
    metadata: { ...pod.metadata, namespace: 'default', uid: 'uid-new' },
    spec: {
      ...(chance(0.5) ? spec : pod.spec),
      ...(own.length === 0
        ? {}
        : {
            resourceClaims: made.map(({ name, resourceClaimName }) =>
              isNamed ? { name, resourceClaimName } : { name, resourceClaimTemplateName: 't' },
            ),
          }),
    },
    ...(isNamed || own.length === 0 ? {} : { status: { resourceClaimStatuses: made } }),
  }
}

function slicesOf(node: KubeNode, dice: Dice): DeviceSlice[] {
  const { name } = node.metadata
  return DRIVERS.filter(() => dice.chance(0.6)).flatMap((driver) => {
    const pool = { name, generation: dice.int(1, 2), resourceSliceCount: dice.chance(0.2) ? 2 : 1 }
    const count = dice.chance(0.85) ? pool.resourceSliceCount : 1
    const doubled = dice.chance(0.05)
    const current = Array.from({ length: count }, (_, index) =>
      slice({ driver, pool, nodeName: name }, `${name}-${driver}-${index}`, doubled ? 0 : index * 4, dice),
    )
    const stale = { ...pool, generation: pool.generation - 1, resourceSliceCount: 1 }
    return dice.chance(0.2) ? [...current, slice({ driver, pool: stale, nodeName: name }, `${name}-${driver}-old`, 8, dice)] : current
  })
}

/** Of no one node: of all, of those with a label, or each device of its own. */
function sharedSlices(nodes: readonly KubeNode[], dice: Dice): DeviceSlice[] {
  const pool = { name: 'shared', generation: 1, resourceSliceCount: 1 }
  const reach = dice.pick<Reach | null>([{ allNodes: true }, { nodeSelector: selectorOf(dice) }, null])
  if (reach !== null) return [slice({ driver: DRIVERS[1]!, pool, ...reach }, 'shared', 20, dice)]
  const each = slice({ driver: DRIVERS[1]!, pool, perDeviceNodeSelection: true }, 'shared', 20, dice)
  const devices = (each.spec.devices ?? []).map((device) => ({
    ...device,
    ...dice.pick<Reach>([{ allNodes: true }, { nodeSelector: selectorOf(dice) }, { nodeName: dice.pick(nodes).metadata.name }]),
  }))
  return [{ ...each, spec: { ...each.spec, devices } }]
}

const selectorOf = ({ pick, int }: Dice) => ({
  nodeSelectorTerms: [
    pick([
      { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [`z${int(0, 2)}`] }] },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: [`n${int(0, 4)}`] }] },
    ]),
  ],
})

function slice(spec: Omit<DeviceSlice['spec'], 'devices'>, name: string, first: number, dice: Dice): DeviceSlice {
  const devices = Array.from({ length: dice.int(1, 3) }, (_, index) => aDevice(`d${first + index}`, dice))
  return { metadata: { name }, spec: { ...spec, devices } }
}

function aDevice(name: string, { int, pick, chance, maybe }: Dice): KubeDevice {
  const attributes: Record<string, DeviceAttribute> = {
    ...maybe(0.93, () => ({ kind: { string: pick(KINDS) } })),
    ...maybe(0.5, () => ({ 'example.com/fast': { bool: chance(0.5) } })),
    ...maybe(0.7, () => ({ index: { int: int(0, 3) } })),
    ...maybe(0.4, () => ({ numa: { string: pick(['a', 'b']) } })),
  }
  return {
    name,
    attributes,
    ...maybe(0.7, () => ({ capacity: { memory: { value: pick(['4Gi', '8Gi', '16384Mi', '500M']) } } })),
    ...maybe(0.12, () => ({ taints: [{ key: 'hot', value: pick(['yes', 'no']), effect: pick(['NoSchedule', 'NoExecute', 'None']) }] })),
  }
}

/** Claims of others, which have some of the devices. */
function anyOf(slices: readonly DeviceSlice[], dice: Dice): DeviceClaim[] {
  return slices.flatMap(({ spec }) =>
    (spec.devices ?? []).flatMap((device) =>
      dice.chance(0.3)
        ? [
            {
              metadata: { name: 'other' },
              status: {
                allocation: {
                  devices: {
                    results: [
                      {
                        request: 'r',
                        driver: spec.driver,
                        pool: spec.pool.name,
                        device: device.name,
                        ...(dice.chance(0.1) ? { adminAccess: true } : {}),
                      },
                    ],
                  },
                },
                reservedFor: [{ resource: 'pods', name: 'other', uid: 'other' }],
              },
            },
          ]
        : [],
    ),
  )
}

function allocated(claim: DeviceClaim, slices: readonly DeviceSlice[], dice: Dice): DeviceClaim {
  const { spec } = dice.pick(
    slices.length > 0 ? slices : [slice({ driver: 'x', pool: { name: 'x', generation: 1, resourceSliceCount: 1 } }, 'x', 0, dice)],
  )
  const results = [{ request: 'r0', driver: spec.driver, pool: spec.pool.name, device: spec.devices![0]!.name }]
  const isOn =
    spec.nodeName === undefined
      ? {}
      : { nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [spec.nodeName] }] }] } }
  return { ...claim, status: { allocation: { devices: { results }, ...isOn }, reservedFor: [] } }
}

function aClaim(name: string, dice: Dice): DeviceClaim {
  const requests = Array.from({ length: dice.chance(0.3) ? 2 : 1 }, (_, index) => aRequest(`r${index}`, dice))
  const constraint = () =>
    dice.chance(0.7)
      ? { matchAttribute: dice.pick(['acc.edgetwin.dev/numa', 'example.com/fast']) }
      : { distinctAttribute: 'acc.edgetwin.dev/index' }
  const only = dice.maybe(0.3, () => ({ requests: ['r0'] }))
  return {
    metadata: { name },
    spec: { devices: { requests, ...dice.maybe(0.15, () => ({ constraints: [{ ...only, ...constraint() }] })) } },
  }
}

function aRequest(name: string, dice: Dice): DeviceRequest {
  if (dice.chance(0.7)) return { name, exactly: aWish(dice) }
  return { name, firstAvailable: Array.from({ length: dice.int(1, 3) }, (_, index) => ({ name: `a${index}`, ...aWish(dice) })) }
}

function aWish(dice: Dice): DeviceWish {
  const { pick, chance, int, maybe } = dice
  const isAll = chance(0.12)
  const tolerations = (): { tolerations: Toleration[] } => ({
    tolerations: [
      pick<Toleration>([
        { key: 'hot', operator: 'Exists' },
        { operator: 'Exists' },
        { key: 'hot', operator: 'Equal', value: 'yes', effect: 'NoSchedule' },
      ]),
    ],
  })
  return {
    deviceClassName: chance(0.03)
      ? 'careless.example.com'
      : pick(['gpu.edgetwin.dev', 'npu.edgetwin.dev', 'fpga.edgetwin.dev', 'any.example.com', 'any.example.com']),
    allocationMode: isAll ? 'All' : 'ExactCount',
    ...(isAll ? {} : { count: chance(0.75) ? 1 : int(2, 3) }),
    ...maybe(0.45, () => ({ selectors: [{ cel: { expression: pick(EXPRESSIONS) } }] })),
    ...maybe(0.2, tolerations),
  }
}

const EDGETWIN = 'device.attributes["acc.edgetwin.dev"]'
const EXPRESSIONS = [
  `"index" in ${EDGETWIN} && ${EDGETWIN}.index > 0`,
  `!("index" in ${EDGETWIN}) || ${EDGETWIN}["index"] in [0, 2, 3]`,
  `"memory" in device.capacity["acc.edgetwin.dev"] && device.capacity["acc.edgetwin.dev"].memory.compareTo(quantity("8Gi")) >= 0`,
  `("memory" in device.capacity["acc.edgetwin.dev"] && device.capacity['acc.edgetwin.dev'].memory.isGreaterThan(quantity("4Gi"))) || device.driver != "acc.edgetwin.dev"`,
  'device.attributes["example.com"].fast || true',
  '"fast" in device.attributes["example.com"] && device.attributes["example.com"].fast',
  '"fast" in device.attributes["example.com"] && !device.attributes["example.com"].fast',
  `"numa" in ${EDGETWIN} && (${EDGETWIN}.numa == "a" || ${EDGETWIN}.numa == 'c')`,
  `device.driver == "gpu.example.com" || ${EDGETWIN}.kind != "npu"`,
  'true',
]
