/**
 * Which device of the cluster each device of an exporter is, so that one device is one in the twin whatever its exporter calls it.
 *
 * By name, else by what identifies it everywhere (a UUID, an address on the bus), else in order among those of one kind. What is left
 * over is one more than the better source knows: it is told as a conflict, and not as a device.
 */
import type { EntityMaps } from '../../../models/entities/entity-maps.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import type { AcceleratorKind } from '../../../models/events/shapes.ts'

export interface NamedDevice {
  /** `node/device` */
  readonly name: string
  readonly acceleratorKind: AcceleratorKind | null
  /** UUIDs and bus addresses, in lower case. */
  readonly ids?: readonly string[]
}

/** Name at the exporter → name in the cluster; null: none of these. Two never get one name. */
export function namesInCluster(devices: readonly NamedDevice[], seen: readonly NamedDevice[]): Map<string, string | null> {
  const names = new Map<string, string | null>()
  const open = new Set(devices)
  const give = (from: NamedDevice, to: NamedDevice | undefined): void => {
    if (to === undefined || names.has(from.name)) return
    names.set(from.name, to.name)
    open.delete(to)
  }
  const left = () => seen.filter(({ name }) => !names.has(name)).sort(byNumber)
  const first = (fits: (device: NamedDevice) => boolean) => [...open].sort(byNumber).find(fits)
  // What identifies a device counts for more than what two happen to call it.
  for (const each of left())
    give(
      each,
      first(({ ids = [] }) => ids.some((id) => each.ids?.includes(id))),
    )
  for (const each of left())
    give(
      each,
      first((device) => device.name === each.name && !isAnother(device, each)),
    )
  for (const each of left())
    give(
      each,
      first((device) => device.acceleratorKind === each.acceleratorKind && !isAnother(device, each)),
    )
  for (const each of left()) names.set(each.name, null)
  return names
}

/** Both are known by a number of the same make, and not the same. */
function isAnother(a: NamedDevice, b: NamedDevice): boolean {
  return MAKES.some((make) => {
    const [of, other] = [a.ids ?? [], b.ids ?? []].map((ids) => ids.filter((id) => make.test(id)))
    return of!.length > 0 && other!.length > 0 && !of!.some((id) => other!.includes(id))
  })
}
const BUS_ADDRESS = /^([0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/
const MAKES = [BUS_ADDRESS, /^(gpu|mig)-[0-9a-f-]{8,}$|^[0-9a-f]{8}-[0-9a-f-]{27}$/]

/** As it is compared: a bus address without its domain is of domain 0. */
export function deviceIds(...texts: readonly (string | undefined)[]): string[] {
  const ids = texts.flatMap((text) => (text === undefined || text === '' ? [] : [text.toLowerCase()]))
  return [...new Set(ids.map((id) => (BUS_ADDRESS.test(id) ? id.split(':').slice(-2).join(':').padStart(7, '0') : id)))]
}

/** card2 before card10. */
function byNumber(a: NamedDevice, b: NamedDevice): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true })
}

export interface ExporterNames {
  /** What exporters tell of accelerators, under the names of the cluster. */
  translate(events: readonly TwinEvent[]): TwinEvent[]
  /** As the exporter of the node names them; undefined: it has not been heard. */
  seen(node: string): readonly NamedDevice[] | undefined
}

export interface ExporterNamesOptions {
  /** As its better sources know them; undefined: not known yet. */
  readonly devices: (node: string) => readonly NamedDevice[] | undefined
  readonly entities: () => EntityMaps
}

export function createExporterNames({ devices, entities }: ExporterNamesOptions): ExporterNames {
  const heard = new Map<string, Map<string, NamedDevice>>()

  const note = (event: TwinEvent): void => {
    if (event.type === 'accelerator.observed') {
      const { node, acceleratorKind, uuid } = event.identity
      const on = heard.get(node) ?? new Map<string, NamedDevice>()
      heard.set(node, on.set(event.name, { name: event.name, acceleratorKind, ids: deviceIds(uuid) }))
    }
  }
  const forget = ({ name }: { readonly name: string }): void => void heard.get(nodeOf(name))?.delete(name)
  return {
    translate(events) {
      for (const event of events) note(event)
      const names = new Map<string, Map<string, string | null>>()
      const nameOf = (name: string): string | null => {
        const node = nodeOf(name)
        const known = devices(node)
        if (known === undefined || !heard.get(node)?.has(name)) return name
        const all = names.get(node) ?? namesInCluster(known, [...heard.get(node)!.values()])
        names.set(node, all)
        const found = all.get(name)
        // Nobody else knows of one of its kind: then it is the exporter's to tell.
        const kind = heard.get(node)?.get(name)?.acceleratorKind
        return found === null && !known.some(({ acceleratorKind }) => acceleratorKind === kind) ? name : (found ?? null)
      }
      return events.flatMap((event): TwinEvent[] => {
        if (!ofExporter(event)) return [event]
        const name = nameOf(event.name)
        if (event.type === 'accelerator.gone') forget(event)
        if (name === event.name) return [event]
        // It was told by its own name before it was known which it is.
        const wasTold = entities().accelerator.get(event.name)?.reported.identity?.source.startsWith('exporter:') === true
        const { site, timeMs, source } = event
        const mended: TwinEvent[] =
          wasTold && event.type === 'accelerator.observed'
            ? [{ type: 'accelerator.gone', site, timeMs, source, name: event.name, reason: `it is ${name ?? 'no device of the cluster'}` }]
            : []
        return name === null ? mended : [...mended, { ...event, name }]
      })
    },
    seen: (node) => (heard.has(node) ? [...heard.get(node)!.values()] : undefined),
  }
}

type ExporterEvent = Extract<TwinEvent, { readonly type: `accelerator.${string}` }>
function ofExporter(event: TwinEvent): event is ExporterEvent {
  return event.type.startsWith('accelerator.') && event.source.startsWith('exporter:')
}

const nodeOf = (name: string): string => name.split('/', 1)[0] ?? ''
