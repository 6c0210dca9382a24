/**
 * Devices that no single node has: slices for all nodes or for those with a label, such as devices behind a network. Each is one, with the
 * nodes that reach it; nothing is planned on them, since whose link and power they use is not told.
 */
import type { AcceleratorKind } from '../../../models/events/shapes.ts'
import { acceleratorKindShape } from '../../../models/events/shapes.ts'
import type { DeviceSlice } from '../../../models/scheduling/kubernetes/device-objects.ts'
import { poolsFor } from '../../../models/scheduling/kubernetes/device-pools.ts'
import type { KubeNode } from '../../../models/scheduling/kubernetes/objects.ts'
import { someOf } from '../../../models/some-of.ts'
import { kindOfName } from './device-sources.ts'

export interface SharedDevice {
  /** `driver/pool/device` */
  readonly name: string
  readonly acceleratorKind: AcceleratorKind | null
  /** That reach it, by name. */
  readonly nodes: readonly string[]
}

/** By name, once each. */
export function sharedDevicesOf(slices: readonly DeviceSlice[], nodes: readonly KubeNode[]): SharedDevice[] {
  const isShared = ({ spec }: DeviceSlice) => !spec.nodeName && (spec.devices ?? []).some((device) => !device.nodeName)
  const pools = new Set(slices.filter(isShared).map(poolOf))
  if (pools.size === 0) return []
  const near = slices.filter((slice) => pools.has(poolOf(slice)))
  const local = new Set(
    slices
      .filter(({ spec }) => spec.nodeName)
      .flatMap(({ spec }) => (spec.devices ?? []).map(({ name }) => `${spec.driver}/${spec.pool.name}/${name}`)),
  )
  const found = new Map<string, { readonly acceleratorKind: AcceleratorKind | null; readonly nodes: string[] }>()
  for (const node of nodes) {
    for (const { id, driver, device } of poolsFor(node, near).flatMap(({ devices }) => devices)) {
      if (device.nodeName || local.has(id)) continue
      const told = Object.entries(device.attributes ?? {}).find(([key]) => key === 'kind' || key.endsWith('/kind'))?.[1].string
      const acceleratorKind = acceleratorKindShape.safeParse(told?.toUpperCase()).data ?? kindOfName(`${driver}/${device.name}`)
      const known = found.get(id) ?? { acceleratorKind, nodes: [] }
      known.nodes.push(node.metadata.name)
      found.set(id, known)
    }
  }
  return [...found].map(([name, of]) => ({ name, ...of, nodes: of.nodes.sort() })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

const poolOf = ({ spec }: DeviceSlice): string => `${spec.driver}/${spec.pool.name}`

/** 'gpu.example.com/rack/g0 (GPU): n1, n2' */
export function sharedText(devices: readonly SharedDevice[]): string {
  const named = devices.map(({ name, acceleratorKind, nodes }) => `${name} (${acceleratorKind ?? 'of no known kind'}): ${someOf(nodes)}`)
  return someOf(named, { between: '; ' })
}
