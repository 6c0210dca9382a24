/** What belongs to an entity: the way from a host to its devices, from a device to its queue, from a camera to its work. */
import type { Entity, EntityKind } from '../../../../models/entities/entities.ts'
import type { EntityMaps } from '../../../../models/entities/entity-maps.ts'
import type { Node } from '../../../../models/entities/node.ts'
import type { Pod } from '../../../../models/entities/pod.ts'
import type { LinkOrigin } from '../../../../models/events/device-events.ts'
import { bitRate, byName, duration, percent } from '../format.ts'
import type { TwinView } from '../live/view.ts'
import { workOf } from '../live/work.ts'
import { ageingOf, isOld } from '../map/scene.ts'

export interface RelatedList {
  readonly title: string
  readonly items: readonly { readonly kind: EntityKind; readonly name: string; readonly note: string }[]
}

export function relatedOf(entity: Entity, { entities }: TwinView): readonly RelatedList[] {
  const work = workOf(entities.pod)
  switch (entity.kind) {
    case 'node':
      return nodeLists(entity, entities)
    case 'accelerator':
      return [{ title: 'Queue, in order', items: (work.queueOf.get(entity.name) ?? []).map(podItem) }]
    case 'camera': {
      const pods = [...entities.pod.values()].filter(({ spec, mode }) => spec?.camera === entity.name && OPEN.includes(mode))
      const requests = [...entities.request.values()]
        .filter(({ desired, mode }) => desired?.camera === entity.name && mode === 'completed')
        .sort((a, b) => (b.reported.completedMs ?? 0) - (a.reported.completedMs ?? 0))
      return [
        { title: 'Work under way', items: pods.sort((a, b) => byName(a.name, b.name)).map(podItem) },
        {
          title: 'Completed lately',
          items: requests.slice(0, 12).map(({ id, desired, reported }) => ({
            kind: 'request',
            name: id,
            note: `${desired?.application}, ${duration(reported.latencyMs)}`,
          })),
        },
      ]
    }
    case 'pod': {
      const { desired, spec, reported } = entity
      return [
        {
          title: 'Belongs to',
          items: [
            ...(spec === null ? [] : [{ kind: 'request' as const, name: spec.request, note: 'request' }]),
            ...(spec === null ? [] : [{ kind: 'camera' as const, name: spec.camera, note: 'camera' }]),
            ...(reported.place === null ? [] : [{ kind: 'accelerator' as const, name: reported.place.accelerator, note: 'accelerator' }]),
            ...(desired.decision === null ? [] : [{ kind: 'decision' as const, name: desired.decision, note: 'plan' }]),
          ],
        },
      ]
    }
    default:
      return []
  }
}

function nodeLists(node: Node, entities: EntityMaps): readonly RelatedList[] {
  const accelerators = [...entities.accelerator.values()].filter(({ name }) => name.startsWith(`${node.name}/`))
  const links = [...entities.link.values()].filter(({ desired }) => desired.node === node.name)
  return [
    {
      title: 'Accelerators',
      items: accelerators
        .sort((a, b) => byName(a.name, b.name))
        .map((accelerator) => {
          const ageing = ageingOf(accelerator)
          const load = isOld(ageing) ? ageing.freshness : percent(accelerator.reported.load?.value.utilizationRatio)
          return { kind: 'accelerator', name: accelerator.name, note: `${accelerator.mode}, ${load}` }
        }),
    },
    {
      title: 'Links',
      items: links.map(({ name, mode, reported, desired }) => ({
        kind: 'link',
        name,
        note: `${mode}, ${bitRate(reported.quality?.value.bytesPerSecond ?? desired.nominal?.bytesPerSecond)}${originNote(desired.origin)}`,
      })),
    },
  ]
}

const originNote = (origin: LinkOrigin | undefined) => (origin === undefined ? '' : `, ${origin}`)

const OPEN: readonly Pod['mode'][] = ['pending', 'gated', 'bound', 'running']

function podItem({ name, mode, spec, reported }: Pod) {
  // What it was warned of before it got going is settled.
  const sinceMs = reported.startedMs ?? reported.boundMs ?? 0
  const warned = reported.warnings?.findLast(({ timeMs }) => timeMs > sinceMs)?.reason
  const where = reported.place === null ? reported.reason || 'no place yet' : reported.place.accelerator
  return {
    kind: 'pod' as const,
    name,
    note: `${mode}, ${spec?.application ?? '?'} · ${where}${warned === undefined ? '' : ` · ${warned}`}`,
  }
}
