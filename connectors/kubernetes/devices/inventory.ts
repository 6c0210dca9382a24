/**
 * The accelerators of one node, from all that tell of them: ResourceSlices, then extended resources, then labels, then its exporter.
 *
 * A better source names a device and the lesser ones confirm it, so no device is counted twice; where they disagree on how many there
 * are, that is told and the better one is believed.
 */
import { deviceModels } from '../../../models/applications/device-models.ts'
import { nearestNames } from '../../../models/errors.ts'
import { type AcceleratorKind, acceleratorKindShape, acceleratorNameShape } from '../../../models/events/shapes.ts'
import { amountsOf } from '../../../models/scheduling/kubernetes/resources.ts'
import { DRA_DRIVER, NODE_KEYS } from '../names.ts'
import { noteOf, type ResourceSlice, type SliceDevice, type WatchedNode } from '../watched.ts'
import { extendedResources, kindOfName, labelledKinds, vendorOfDomain } from './device-sources.ts'
import { deviceIds, type NamedDevice, namesInCluster } from './exporter-names.ts'

export type Provenance = 'slice' | 'extended-resource' | 'label' | 'exporter' | 'node'

export interface Device {
  /** `node/device`, as the twin knows it. */
  readonly name: string
  readonly acceleratorKind: AcceleratorKind
  readonly deviceModel: string | null
  readonly model: string | null
  readonly vendor: string | null
  /** Who tells of it, the best first. */
  readonly from: readonly Provenance[]
  /** `driver/pool/device`, by which claims name it. */
  readonly claimKey: string | null
  readonly driver: string | null
  /** The extended resource that it is one of. */
  readonly resource: string | null
  /** Why it takes no work; null: it does. */
  readonly fault: string | null
  /** By which others know it: UUIDs and bus addresses. */
  readonly ids: readonly string[]
}

/** What the node's exporter reports. */
export type SeenDevice = NamedDevice

export interface Inventory {
  /** By name. */
  readonly devices: readonly Device[]
  /** In words. */
  readonly conflicts: readonly string[]
}

export interface InventoryInput {
  readonly node: WatchedNode
  /** All that name the node. */
  readonly slices: readonly ResourceSlice[]
  readonly seen: readonly SeenDevice[]
}

type Draft = { -readonly [K in keyof Device]: Device[K] } & { from: Provenance[] }

interface Merge {
  readonly node: WatchedNode
  readonly devices: Draft[]
  readonly conflicts: string[]
}

export function inventoryOf({ node, slices, seen }: InventoryInput): Inventory {
  const merge: Merge = { node, devices: [], conflicts: [] }
  addSlices(merge, slices)
  addExtendedResources(merge)
  addLabelled(merge)
  addSeen(merge, seen)
  // Where nothing else is said of it, a machine has a CPU.
  if (!merge.devices.some(({ acceleratorKind }) => acceleratorKind === 'CPU')) add(merge, { kind: 'CPU', from: 'node' })
  const fault = labelFault(node)
  if (fault !== null) merge.conflicts.push(fault)
  const devices = merge.devices.map((device) => ({ ...device, deviceModel: modelOf(node, device) }))
  return { devices: devices.sort((a, b) => (a.name < b.name ? -1 : 1)), conflicts: merge.conflicts }
}

function addSlices(merge: Merge, slices: readonly ResourceSlice[]): void {
  const pools = Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`)
  for (const [pool, all] of [...pools].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { current, fault } = newestOf(all)
    if (fault !== null) merge.conflicts.push(`pool ${pool} of ${merge.node.metadata.name}: ${fault}`)
    for (const { spec } of current) {
      for (const device of spec.devices ?? []) {
        if ((spec.nodeName ?? device.nodeName) === merge.node.metadata.name) addSliceDevice(merge, { spec, device, fault })
      }
    }
  }
}

/** Those of the highest generation that is complete; with none, of the highest, and nothing of it may be used yet. */
function newestOf(slices: readonly ResourceSlice[]): { current: readonly ResourceSlice[]; fault: string | null } {
  const generations = [...Map.groupBy(slices, ({ spec }) => spec.pool.generation)].sort(([a], [b]) => b - a)
  const complete = generations.find(([, all]) => all.length >= all[0]!.spec.pool.resourceSliceCount)
  if (complete !== undefined) return { current: complete[1], fault: null }
  const [generation, highest] = generations[0]!
  const fault = `${highest.length} of ${highest[0]!.spec.pool.resourceSliceCount} slices of generation ${generation} are there`
  return { current: highest, fault }
}

function addSliceDevice(
  merge: Merge,
  { spec, device, fault }: { readonly spec: ResourceSlice['spec']; readonly device: SliceDevice; readonly fault: string | null },
): void {
  const kind =
    acceleratorKindShape.safeParse(textOf(device, 'kind', 'type')?.toUpperCase()).data ?? kindOfName(`${spec.driver}/${device.name}`)
  if (kind === null) {
    merge.conflicts.push(
      `device ${device.name} of ${spec.driver} on ${merge.node.metadata.name} is of no known kind; give it the attribute kind`,
    )
    return
  }
  const id = textOf(device, 'id')
  const claimKey = `${spec.driver}/${spec.pool.name}/${device.name}`
  const known = merge.devices.find((each) => each.name === id || each.claimKey === claimKey)
  const taint = device.taints?.find(({ effect }) => effect !== 'None')
  const taintFault = taint === undefined ? null : `taint ${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`
  if (known !== undefined) {
    merge.conflicts.push(`${known.name} is told of twice, by ${known.claimKey} and ${claimKey}; the first is believed`)
    return
  }
  const draft = add(merge, { kind, from: 'slice', name: id ?? device.name })
  draft.claimKey = claimKey
  draft.driver = spec.driver
  draft.model = textOf(device, 'model', 'productName') ?? null
  draft.vendor = textOf(device, 'vendor') ?? (spec.driver === DRA_DRIVER ? null : vendorOfDomain(spec.driver))
  draft.ids = deviceIds(...ID_ATTRIBUTES.map((name) => textOf(device, name)))
  draft.fault = fault === null ? taintFault : `its pool is incomplete: ${fault}`
}

const ID_ATTRIBUTES = ['uuid', 'pciBusID', 'pciAddress', 'pcieAddress', 'serial']

/** The first of the attributes that is a text; names may be qualified by the driver. */
function textOf({ attributes = {} }: SliceDevice, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const key = Object.keys(attributes).find((each) => each === name || each.endsWith(`/${name}`))
    const value = key === undefined ? undefined : attributes[key]?.string
    if (value !== undefined) return value
  }
  return undefined
}

function addExtendedResources(merge: Merge): void {
  const { capacity, allocatable } = merge.node.status ?? {}
  const usable = amountsOf(allocatable)
  for (const { resource, kind, count } of extendedResources(amountsOf(capacity ?? allocatable))) {
    const vendor = vendorOfDomain(resource)
    const same = merge.devices.filter(
      (device) =>
        device.acceleratorKind === kind && device.resource === null && (device.vendor === null || isVendor(device.vendor, vendor)),
    )
    if (same.length > 0 && same.length !== count) {
      merge.conflicts.push(`slices of ${merge.node.metadata.name} tell of ${same.length} ${kind}, ${resource} of ${count}`)
    }
    const confirmed = same.slice(0, count)
    for (const device of confirmed) device.from.push('extended-resource')
    // Slices name the devices, so what they do not name is not there.
    const added = same.length > 0 ? [] : Array.from({ length: count }, () => add(merge, { kind, from: 'extended-resource' }))
    const all = [...confirmed, ...added]
    for (const device of all) {
      device.resource = resource
      device.vendor ??= vendor
    }
    // The device plugin tells how many are well, not which.
    const ill = Math.max(0, count - (usable.get(resource) ?? 0))
    for (const device of all.slice(all.length - Math.min(ill, all.length)))
      device.fault ??= `${ill} of ${count} ${resource} cannot be allocated`
  }
}

const isVendor = (a: string, b: string): boolean => a.toLowerCase().includes(b.toLowerCase())

function addLabelled(merge: Merge): void {
  for (const { kind, vendor } of labelledKinds(merge.node.metadata.labels ?? {})) {
    const same = merge.devices.filter(({ acceleratorKind }) => acceleratorKind === kind)
    for (const device of same) {
      if (!device.from.includes('label')) device.from.push('label')
      device.vendor ??= vendor
    }
    if (same.length > 0) continue
    const device = add(merge, { kind, from: 'label' })
    device.vendor = vendor
    device.fault = 'only a label tells of it: no driver offers it'
  }
}

function addSeen(merge: Merge, seen: readonly SeenDevice[]): void {
  const known = [...merge.devices]
  const names = namesInCluster(known, seen)
  for (const device of known) if ([...names.values()].includes(device.name)) device.from.push('exporter')
  for (const kind of [...new Set(seen.flatMap(({ acceleratorKind }) => acceleratorKind ?? []))].sort()) {
    const ofKind = seen.filter(({ acceleratorKind }) => acceleratorKind === kind)
    const known = merge.devices.filter(({ acceleratorKind }) => acceleratorKind === kind)
    if (known.length === 0) {
      // A CPU is in every machine that the cluster lists: the exporter only says what it is called.
      for (const { name } of ofKind.filter((each) => names.get(each.name) === null)) {
        const device = add(merge, { kind, from: kind === 'CPU' ? 'node' : 'exporter', name })
        if (kind === 'CPU') device.from.push('exporter')
      }
      continue
    }
    if (ofKind.length === known.length) continue
    const sources = [...new Set(known.map(({ from }) => WORDS[from[0]!]))].join(' and ')
    merge.conflicts.push(`${merge.node.metadata.name}: ${sources} says ${known.length} ${kind}, exporter sees ${ofKind.length}`)
  }
}

const WORDS: Readonly<Record<Provenance, string>> = {
  slice: 'slice',
  'extended-resource': 'extended resource',
  label: 'label',
  exporter: 'exporter',
  node: 'node',
}

function add(merge: Merge, wanted: { readonly kind: AcceleratorKind; readonly from: Provenance; readonly name?: string }): Draft {
  const draft: Draft = {
    name: freeName(merge, wanted),
    acceleratorKind: wanted.kind,
    deviceModel: null,
    model: null,
    vendor: null,
    from: [wanted.from],
    claimKey: null,
    driver: null,
    resource: null,
    fault: null,
    ids: [],
  }
  merge.devices.push(draft)
  return draft
}

/** `gpu-0` is `gpu0`, as exporters write it; a name that is taken or cannot be used gives way to the first free number of its kind. */
function freeName({ node, devices }: Merge, { kind, name = '' }: { readonly kind: AcceleratorKind; readonly name?: string }): string {
  const own = `${node.metadata.name}/`
  const isFree = (full: string) => acceleratorNameShape.safeParse(full).success && !devices.some((device) => device.name === full)
  const given = name.startsWith(own) ? name : own + name.toLowerCase().replace(/^([a-z]+)-(\d+)$/, '$1$2')
  if (isFree(given)) return given
  for (let number = 0; ; number++) if (isFree(`${own}${kind.toLowerCase()}${number}`)) return `${own}${kind.toLowerCase()}${number}`
}

/** By which its costs are known: its own model, what a label says of its kind, or that of the whole machine when it has such a processor. */
function modelOf({ metadata }: WatchedNode, { acceleratorKind, model }: Draft): string | null {
  const machine = noteOf(metadata, NODE_KEYS.deviceModel)
  const candidates = [model, noteOf(metadata, `edgetwin.dev/${acceleratorKind.toLowerCase()}`), machine]
  const has = (name: string | null | undefined) =>
    deviceModels().some((known) => known.name === name && known.processors.some(({ kind }) => kind === acceleratorKind))
  return candidates.find(has) ?? null
}

function labelFault({ metadata }: WatchedNode): string | null {
  const given = noteOf(metadata, NODE_KEYS.deviceModel)
  const known = deviceModels().map(({ name }) => name)
  if (given === undefined || known.includes(given)) return null
  const near = nearestNames(given, known)
  const remedy = near.length === 0 ? `it knows ${known.join(', ')}` : `did you mean ${near.join(' or ')}?`
  return `${NODE_KEYS.deviceModel} ${given} of ${metadata.name} is no device model that edgetwin knows; ${remedy}`
}
