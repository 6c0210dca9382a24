/** The devices that can be had on a node: of each pool the slices of its newest generation that reach the node, in the scheduler's order. */
import { type DeviceSlice, deviceId, type KubeDevice, type Reach } from './device-objects.ts'
import type { KubeNode } from './objects.ts'
import { matchesTerm } from './selectors.ts'

export interface PooledDevice {
  /** `driver/pool/device` */
  readonly id: string
  readonly driver: string
  readonly device: KubeDevice
}
export interface DevicePool {
  /** `driver/pool` */
  readonly name: string
  /** Why nothing of it can be had; null: it can. */
  readonly fault: 'incomplete' | 'invalid' | null
  readonly devices: readonly PooledDevice[]
}

export function reaches({ nodeName, allNodes, nodeSelector }: Reach, node: KubeNode): boolean {
  if (nodeName) return nodeName === node.metadata.name
  return allNodes === true || (nodeSelector?.nodeSelectorTerms ?? []).some((term) => matchesTerm(term, node))
}

export function poolsFor(node: KubeNode, slices: readonly DeviceSlice[]): DevicePool[] {
  const pools = Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`)
  return [...pools].sort(byDriverThenPool).flatMap(([name, all]): DevicePool[] => {
    const near = all.filter(({ spec }) => sliceReaches(spec, node))
    if (near.length === 0) return []
    const generation = Math.max(...near.map(({ spec }) => spec.pool.generation))
    const ofIt = (some: readonly DeviceSlice[]) => some.filter(({ spec }) => spec.pool.generation === generation)
    const current = ofIt(near).sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    const wanted = current[0]!.spec.pool.resourceSliceCount
    if (current.length !== wanted) {
      // It is being replaced, and by nothing that this node can reach.
      if (all.some(({ spec }) => spec.pool.generation > generation)) return []
      if (ofIt(all).length !== wanted) return [{ name, fault: 'incomplete', devices: [] }]
    }
    const names = current.flatMap(({ spec }) => (spec.devices ?? []).map((device) => device.name))
    if (new Set(names).size < names.length) return [{ name, fault: 'invalid', devices: [] }]
    return [{ name, fault: null, devices: current.flatMap((slice) => devicesOf(slice, node)) }]
  })
}

function sliceReaches(spec: DeviceSlice['spec'], node: KubeNode): boolean {
  return spec.perDeviceNodeSelection ? (spec.devices ?? []).some((device) => reaches(device, node)) : reaches(spec, node)
}

function devicesOf({ spec }: DeviceSlice, node: KubeNode): PooledDevice[] {
  return (spec.devices ?? []).flatMap((device) =>
    spec.perDeviceNodeSelection && !reaches(device, node)
      ? []
      : [{ id: deviceId(spec.driver, spec.pool.name, device.name), driver: spec.driver, device }],
  )
}

function byDriverThenPool([, [a]]: readonly [string, DeviceSlice[]], [, [b]]: readonly [string, DeviceSlice[]]): number {
  const [x, y] = [a!.spec, b!.spec]
  return x.driver < y.driver ? -1 : x.driver > y.driver ? 1 : x.pool.name < y.pool.name ? -1 : 1
}
