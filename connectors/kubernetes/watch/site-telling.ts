/** Keeps what the twin was told of a cluster's cameras and links, and says what it has yet to be told of them. */
import type { EntityMaps } from '../../../models/entities/entity-maps.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import type { WatchedCamera, WatchedNode } from '../watched.ts'
import { camerasOf } from './camera-facts.ts'
import { type AssumedLink, linkFactsOf, linkFaultsOf } from './link-facts.ts'
import { cameraEvents, linkEvents, type Stamp } from './to-events.ts'
import { camerasToldBy, linksToldBy } from './told.ts'

export interface SiteView {
  readonly nodes: () => ReadonlyMap<string, WatchedNode>
  /** Camera objects, edgetwin's own too. */
  readonly cameras: () => Iterable<WatchedCamera>
}

export interface SiteTelling {
  /** @param node undefined: it is gone. @param at `again` tells it though nothing changed. */
  link(
    name: string,
    node: WatchedNode | undefined,
    at: { readonly timeMs: number; readonly again: boolean; readonly ready: boolean },
  ): TwinEvent[]
  /** All of them, looked at together: objects and labels of any node may speak of one. @param again of one whose stream that node has. */
  cameras(at: { readonly timeMs: number; readonly again: (node: string | null) => boolean }): TwinEvent[]
  knows(camera: string): boolean
  /** What is wrong with Camera objects, and with what nodes say of cameras and links. */
  faults(): readonly string[]
}

export interface SiteTellingOptions {
  readonly site: string
  readonly view: SiteView
  readonly assumed: AssumedLink
  readonly entities: () => EntityMaps
}

export function createSiteTelling({ site, view, assumed, entities }: SiteTellingOptions): SiteTelling {
  const links = linksToldBy(entities())
  const cameras = camerasToldBy(entities())
  let cameraFaults: readonly string[] = []
  const stamp = (timeMs: number): Stamp => ({ site, timeMs })
  return {
    link(name, node, { timeMs, again, ready }) {
      const interfaceBytesPerSecond = entities().node.get(name)?.reported.network?.value.interfaceBytesPerSecond
      const now = node === undefined ? null : linkFactsOf(node, { interfaceBytesPerSecond, assumed, ready })
      const events = linkEvents(stamp(timeMs), { name, told: links.get(name) ?? null, now, again })
      keep(links, name, now)
      return events
    },
    cameras({ timeMs, again }) {
      const seen = camerasOf(site, view.nodes(), view.cameras())
      cameraFaults = seen.faults
      const events: TwinEvent[] = []
      for (const name of new Set([...cameras.keys(), ...seen.cameras.keys()])) {
        const now = seen.cameras.get(name) ?? null
        const told = cameras.get(name) ?? null
        events.push(...cameraEvents(stamp(timeMs), { name, told, now, again: again(now?.node ?? now?.recordedAt ?? null) }))
        keep(cameras, name, now)
      }
      return events
    },
    knows: (camera) => cameras.has(camera),
    faults: () => [...cameraFaults, ...[...view.nodes().values()].flatMap(linkFaultsOf)],
  }
}

export function keep<T>(map: Map<string, T>, name: string, value: T | null): void {
  if (value === null) map.delete(name)
  else map.set(name, value)
}
