/** What names and labels in use out there say about accelerators: resources of device plugins, labels of node-feature-discovery. */
import type { AcceleratorKind } from '../../../models/events/shapes.ts'
import type { Amounts } from '../../../models/scheduling/kubernetes/resources.ts'

/** The first that matches counts: an `npu` in the name says more than the vendor's `accel`. */
const KINDS_BY_NAME: readonly (readonly [RegExp, AcceleratorKind])[] = [
  [/npu|ascend|hailo|vpu|myriad|neuron|gaudi|rebellions|atom/i, 'NPU'],
  [/tpu/i, 'TPU'],
  [/dla/i, 'DLA'],
  [/fpga|arria|alveo/i, 'FPGA'],
  [/gpu|i915|\bxe\b|mig-/i, 'GPU'],
  [/cpu/i, 'CPU'],
]

/** What the name of a driver, device or resource says of its kind; null: nothing. */
export function kindOfName(name: string): AcceleratorKind | null {
  return KINDS_BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? null
}

/** `gpu.intel.com/i915` → `intel` */
export function vendorOfDomain(name: string): string {
  return name.split('/')[0]!.split('.').at(-2) ?? name
}

export interface ExtendedResource {
  readonly resource: string
  readonly kind: AcceleratorKind
  readonly count: number
}

/** Resources of device plugins that are accelerators, by name. Shares of one, such as MIG slices or `….shared`, count as devices. */
export function extendedResources(capacity: Amounts): ExtendedResource[] {
  return [...capacity]
    .flatMap(([resource, amount]) => {
      const isPlugged = resource.includes('/') && !resource.split('/')[0]!.endsWith('kubernetes.io') && !resource.startsWith('hugepages-')
      const kind = isPlugged ? kindOfName(resource) : null
      return kind === null || kind === 'CPU' || amount <= 0 ? [] : [{ resource, kind, count: Math.min(amount, DEVICES_MAX) }]
    })
    .sort((a, b) => (a.resource < b.resource ? -1 : 1))
}

/** More of one resource on one node is memory or time, counted in units, and no number of devices. */
const DEVICES_MAX = 64

const FEATURE = /^feature\.node\.kubernetes\.io\/(pci|usb)-([0-9a-f]+)_([0-9a-f]{4})(?:_[0-9a-f_]+)?\.present$/
const PCI_VENDORS: Readonly<Record<string, string>> = {
  '10de': 'nvidia',
  '1002': 'amd',
  '8086': 'intel',
  '10ee': 'xilinx',
  '1da3': 'habana',
  '1e60': 'hailo',
  '03e7': 'intel',
}
/** Display controllers of others only draw a console. */
const GPU_VENDORS = new Set(['10de', '1002', '8086'])
const FPGA_VENDORS = new Set(['10ee', '8086'])

/** Kinds of accelerators that node-feature-discovery has seen on the bus. */
export function labelledKinds(
  labels: Readonly<Record<string, string>>,
): { readonly kind: AcceleratorKind; readonly vendor: string | null }[] {
  const found = Object.entries(labels).flatMap(([label, value]) => {
    const [, bus, deviceClass = '', vendorId = ''] = FEATURE.exec(label) ?? []
    const kind = bus === undefined || value !== 'true' ? null : kindOnBus(bus, deviceClass, vendorId)
    return kind === null ? [] : [{ kind, vendor: PCI_VENDORS[vendorId] ?? null }]
  })
  return found.filter(({ kind }, index) => found.findIndex((each) => each.kind === kind) === index)
}

function kindOnBus(bus: string, deviceClass: string, vendorId: string): AcceleratorKind | null {
  if (bus === 'usb') return vendorId === '03e7' ? 'NPU' : null
  if (deviceClass.startsWith('03')) return GPU_VENDORS.has(vendorId) ? 'GPU' : null
  // 12: processing accelerators.
  if (deviceClass.startsWith('12')) return FPGA_VENDORS.has(vendorId) ? 'FPGA' : 'NPU'
  return vendorId === '1e60' ? 'NPU' : null
}
