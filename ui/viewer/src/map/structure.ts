/** The part of a twin that the map's layout depends on: who exists and who belongs to whom. Load and modes never move anything. */

import type { EntityMaps } from '../../../../models/entities/entity-maps.ts'
import { byName } from '../format.ts'

export type Role = 'camera' | 'server' | 'observer'

export interface SiteStructure {
  /** Camera nodes, servers, observers; each by name. */
  readonly nodes: readonly { readonly name: string; readonly role: Role; readonly accelerators: readonly string[] }[]
  /** In order of their nodes, then by name. */
  readonly cameras: readonly { readonly name: string; readonly node: string | null; readonly applicationCount: number }[]
}

const ROLE_ORDER: Readonly<Record<Role, number>> = { camera: 0, server: 1, observer: 2 }

export function structureOf(entities: Pick<EntityMaps, 'node' | 'camera' | 'accelerator'>): SiteStructure {
  const acceleratorsOf = new Map<string, string[]>()
  for (const name of entities.node.keys()) acceleratorsOf.set(name, [])
  for (const { name, reported } of entities.accelerator.values()) {
    // A device may be heard of before its node; its name says where it is.
    const node = reported.identity?.value.node ?? name.slice(0, Math.max(0, name.indexOf('/')))
    const names = acceleratorsOf.get(node)
    if (names === undefined) acceleratorsOf.set(node, [name])
    else names.push(name)
  }
  const cameraNodes = new Set([...entities.camera.values()].map(({ reported }) => reported.identity?.value.node ?? null))
  const roleOf = (name: string): Role =>
    entities.node.get(name)?.reported.identity?.value.role ?? (cameraNodes.has(name) ? 'camera' : 'server')

  const nodes = [...acceleratorsOf]
    .map(([name, accelerators]) => ({ name, role: roleOf(name), accelerators: accelerators.sort(fastFirst) }))
    .sort((a, b) => ROLE_ORDER[a.role] - ROLE_ORDER[b.role] || byName(a.name, b.name))
  const rank = new Map(nodes.map(({ name }, index) => [name, index]))
  const cameras = [...entities.camera.values()]
    .map(({ name, desired, reported }) => ({
      name,
      node: reported.identity?.value.node ?? null,
      applicationCount: desired.applications.length,
    }))
    .sort((a, b) => (rank.get(a.node ?? '') ?? nodes.length) - (rank.get(b.node ?? '') ?? nodes.length) || byName(a.name, b.name))
  return { nodes, cameras }
}

/** CPUs last: what a node was bought for stands on top. */
function fastFirst(a: string, b: string): number {
  const isCpu = (name: string) => (/\/cpu\d*$/.test(name) ? 1 : 0)
  return isCpu(a) - isCpu(b) || byName(a, b)
}

/** Equal texts lay out equally. */
export const structureKey = (structure: SiteStructure): string => JSON.stringify(structure)
