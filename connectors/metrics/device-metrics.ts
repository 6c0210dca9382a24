/**
 * Writes a machine and its devices as the metrics of the exporter: one registry, filled anew for each scrape.
 *
 * What is not known is left out, never written as 0. Only `accelerator_id` stands on value series; the rest joins through `_info`.
 */
import { Counter, Gauge, Registry } from 'prom-client'
import type { AcceleratorKind } from '../../models/events/shapes.ts'

export const DEVICE_STATES = ['allocated', 'unallocated', 'degraded', 'offline'] as const
export type DeviceState = (typeof DEVICE_STATES)[number]

export interface DeviceDescription {
  /** Unique on its node: `cpu0`, `gpu0`, … */
  readonly name: string
  readonly kind: AcceleratorKind
  readonly emulated: boolean
  readonly vendor?: string
  readonly model?: string
  readonly driver?: string
  readonly state?: DeviceState
  readonly utilizationRatio?: number
  readonly memoryUsedBytes?: number
  readonly memoryTotalBytes?: number
  readonly temperatureCelsius?: number
  readonly powerWatts?: number
  /** Since some fixed moment, such as the last boot. */
  readonly energyJoulesTotal?: number
  readonly errorsTotal?: number
}

export interface NodeDescription {
  readonly name: string
  readonly emulated: boolean
  /** What the machine is, e.g. `Raspberry Pi 4 Model B`. */
  readonly model?: string
  readonly kernel?: string
  readonly architecture?: string
  readonly cpuCount?: number
  readonly utilizationRatio?: number
  readonly memoryUsedBytes?: number
  readonly memoryTotalBytes?: number
  /** What its fastest network interface is set to. */
  readonly networkSpeedBytesPerSecond?: number
}

export interface MachineDescription {
  readonly node: NodeDescription
  readonly devices: readonly DeviceDescription[]
  /** Of the exporter; left out when the text stands in for somebody else's. */
  readonly version?: string
}

type NumberKey<T> = { [K in keyof T]-?: T[K] extends number | undefined ? K : never }[keyof T]

const DEVICE_GAUGES: readonly (readonly [name: string, key: NumberKey<DeviceDescription>, help: string])[] = [
  ['ha_accelerator_utilization_ratio', 'utilizationRatio', 'Share of the time the accelerator was busy, 0 to 1.'],
  ['ha_accelerator_memory_used_bytes', 'memoryUsedBytes', 'Memory of the accelerator in use.'],
  ['ha_accelerator_memory_total_bytes', 'memoryTotalBytes', 'Memory of the accelerator.'],
  ['ha_accelerator_temperature_celsius', 'temperatureCelsius', 'Temperature of the accelerator.'],
  ['ha_accelerator_power_watts', 'powerWatts', 'Power drawn by the accelerator.'],
]
const DEVICE_COUNTERS: typeof DEVICE_GAUGES = [
  ['ha_accelerator_energy_joules_total', 'energyJoulesTotal', 'Energy used by the accelerator.'],
  ['ha_accelerator_errors_total', 'errorsTotal', 'Errors of the accelerator.'],
]
const NODE_GAUGES: readonly (readonly [name: string, key: NumberKey<NodeDescription>, help: string])[] = [
  ['ha_node_cpus', 'cpuCount', 'Logical CPUs of the node.'],
  ['ha_node_cpu_utilization_ratio', 'utilizationRatio', 'Share of the time the CPUs of the node were busy, 0 to 1.'],
  ['ha_node_memory_used_bytes', 'memoryUsedBytes', 'Memory of the node in use.'],
  ['ha_node_memory_total_bytes', 'memoryTotalBytes', 'Memory of the node.'],
  [
    'ha_node_network_speed_bytes',
    'networkSpeedBytesPerSecond',
    'What the fastest network interface of the node is set to, bytes a second.',
  ],
]

/** The text of one scrape, Prometheus text format 0.0.4. */
export function renderDevices(machine: MachineDescription): Promise<string> {
  return createDeviceRegistry(machine).metrics()
}

export const DEVICE_METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

function createDeviceRegistry({ node, devices, version }: MachineDescription): Registry {
  const registry = new Registry()
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const idOf = (device: DeviceDescription) => `${node.name}/${device.name}`

  if (version !== undefined) gauge('ha_exporter_build_info', 'The exporter that wrote this.', ['version']).set({ version }, 1)
  const { name, emulated, model = '', kernel = '', architecture = '' } = node
  gauge('ha_node_info', 'What the node is.', ['node', 'model', 'kernel', 'architecture', 'emulated']).set(
    { node: name, model, kernel, architecture, emulated: String(emulated) },
    1,
  )
  for (const [metric, key, help] of NODE_GAUGES) {
    const value = node[key]
    if (value !== undefined) gauge(metric, help, ['node']).set({ node: name }, value)
  }

  const about = gauge('ha_accelerator_info', 'What the accelerator is; emulated="true" is not a real device.', [
    'accelerator_id',
    'type',
    'vendor',
    'model',
    'driver',
    'node',
    'emulated',
  ])
  const states = gauge('ha_accelerator_state', 'One of the states is 1.', ['accelerator_id', 'state'])
  for (const device of devices) {
    const { kind: type, vendor = '', model: deviceModel = '', driver = '' } = device
    about.set({ accelerator_id: idOf(device), type, vendor, model: deviceModel, driver, node: name, emulated: String(device.emulated) }, 1)
    if (device.state === undefined) continue
    for (const state of DEVICE_STATES) states.set({ accelerator_id: idOf(device), state }, Number(state === device.state))
  }
  for (const [metric, key, help] of DEVICE_GAUGES) {
    const values = gauge(metric, help, ['accelerator_id'])
    for (const device of devices) if (device[key] !== undefined) values.set({ accelerator_id: idOf(device) }, device[key])
  }
  for (const [metric, key, help] of DEVICE_COUNTERS) {
    const values = new Counter({ name: metric, help, labelNames: ['accelerator_id'], registers: [registry] })
    for (const device of devices) if (device[key] !== undefined) values.inc({ accelerator_id: idOf(device) }, device[key])
  }
  return registry
}
