/** Everything a drawing of the map needs, put together once per change of the twin; the draw functions read it and nothing else. */

import type { Accelerator } from '../../../../models/entities/accelerator.ts'
import type { Camera } from '../../../../models/entities/camera.ts'
import type { EntityMaps } from '../../../../models/entities/entity-maps.ts'
import type { Freshness } from '../../../../models/entities/fact.ts'
import type { Node } from '../../../../models/entities/node.ts'
import type { History } from '../live/history.ts'
import type { Selection } from '../live/page-hash.ts'
import type { TwinView } from '../live/view.ts'
import { type Work, workOf } from '../live/work.ts'
import { cameraIndexes, type Palette } from '../palette.ts'
import type { SiteLayout } from './placed.ts'

export interface Scene {
  readonly layout: SiteLayout
  readonly entities: EntityMaps
  readonly work: Work
  readonly history: History
  readonly palette: Palette
  readonly cameraIndex: ReadonlyMap<string, number>
  /** Surprises among the newest hundred, by `kind:name`. */
  readonly divergenceCounts: ReadonlyMap<string, number>
  readonly linkOfNode: ReadonlyMap<string, string>
  readonly selection: Selection | null
  /** The twin's time, ms: what ages are counted to. */
  readonly nowMs: number
}

export type Ageing = { readonly freshness: Freshness; readonly timeMs: number }

export function sceneOf(view: TwinView, rest: Pick<Scene, 'layout' | 'history' | 'palette' | 'selection' | 'nowMs'>): Scene {
  const { entities } = view
  const linkOfNode = new Map<string, string>()
  for (const { name, desired } of entities.link.values()) {
    if (desired.node !== null && !linkOfNode.has(desired.node)) linkOfNode.set(desired.node, name)
  }
  return {
    ...rest,
    entities,
    work: workOf(entities.pod),
    cameraIndex: cameraIndexes(entities.camera.keys()),
    divergenceCounts: divergenceCountsOf(view),
    linkOfNode,
  }
}

export function divergenceCountsOf({ status }: TwinView): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind, name } of status?.divergences ?? []) counts.set(`${kind}:${name}`, (counts.get(`${kind}:${name}`) ?? 0) + 1)
  return counts
}

/** The fact whose age says how much to believe of an entity: the sampled one, else what was listed. */
export function ageingOf(entity: Node | Accelerator | Camera): Ageing | null {
  const sampled = entity.kind === 'camera' ? entity.reported.stream : entity.reported.load
  return sampled ?? entity.reported.identity
}

export const isOld = (ageing: Ageing | null): ageing is Ageing =>
  ageing !== null && (ageing.freshness === 'stale' || ageing.freshness === 'lost')
