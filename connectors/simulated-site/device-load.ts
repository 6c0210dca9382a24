/**
 * What a device's own instruments show: how busy it was since they were last read, memory, power and temperature.
 *
 * Power and temperature follow the load with a first-order lag. Watts come from the device model; the rest of the
 * constants are assumed, chosen to look like small computers with a fan.
 */
import { applicationNamed } from '../../models/applications/applications.ts'
import { deviceModels } from '../../models/applications/device-models.ts'
import type { Device } from './world.ts'

export interface Meter {
  readMs: number
  busyMs: number
  utilizationRatio: number
  watts: number
  celsius: number
  joules: number
}

const POWER_LAG_MS = 3_000
const TEMPERATURE_LAG_MS = 60_000
const IDLE_CELSIUS = 38
const BUSY_CELSIUS = 72
/** Of the memory: the system, before any pod. */
const SYSTEM_MEMORY_RATIO = 0.1
/** Readers that come in quicker succession see the same numbers. */
const READ_GAP_MS_MIN = 100
/** For networks whose weights nobody published. */
const WEIGHTS_BYTES = 20e6

export function aMeter(device: Device): Meter {
  const watts = processorOf(device)?.idleWatts ?? 0
  return { readMs: 0, busyMs: 0, utilizationRatio: 0, watts, celsius: IDLE_CELSIUS, joules: 0 }
}

/** @param nowMs Of the site. */
export function readMeter(meter: Meter, device: Device, nowMs: number): void {
  const elapsedMs = nowMs - meter.readMs
  if (elapsedMs < READ_GAP_MS_MIN) return
  const busyMs = device.busyTotalMs + (device.busySinceMs === null ? 0 : nowMs - device.busySinceMs)
  const { idleWatts = 0, busyWatts = 0 } = processorOf(device) ?? {}
  meter.utilizationRatio = Math.min(1, (busyMs - meter.busyMs) / elapsedMs)
  meter.watts = lagged(meter.watts, idleWatts + (busyWatts - idleWatts) * meter.utilizationRatio, elapsedMs / POWER_LAG_MS)
  const settledCelsius = IDLE_CELSIUS + (BUSY_CELSIUS - IDLE_CELSIUS) * meter.utilizationRatio
  meter.celsius = lagged(meter.celsius, settledCelsius, elapsedMs / TEMPERATURE_LAG_MS)
  meter.joules += (meter.watts * elapsedMs) / 1_000
  meter.busyMs = busyMs
  meter.readMs = nowMs
}

/** Weights and, once it has arrived, the clip of every pod that is bound here. */
export function memoryOf({ model, queue }: Device): { readonly usedBytes: number; readonly totalBytes: number } {
  const totalBytes = deviceModels().find(({ name }) => name === model)?.memoryBytes ?? 0
  const podBytes = queue.map(({ spec, clip }) => {
    const application = applicationNamed(spec.application)
    const weights = application?.blocks.map(({ parameterBytes }) => parameterBytes ?? WEIGHTS_BYTES) ?? []
    const clipBytes = clip.at === 'here' ? (application?.inputBytes ?? 0) * spec.frames : 0
    return weights.reduce((sum, bytes) => sum + bytes, clipBytes)
  })
  return {
    usedBytes: Math.min(
      totalBytes,
      podBytes.reduce((sum, bytes) => sum + bytes, totalBytes * SYSTEM_MEMORY_RATIO),
    ),
    totalBytes,
  }
}

function processorOf({ model, kind }: Device) {
  return deviceModels()
    .find(({ name }) => name === model)
    ?.processors.find((processor) => processor.kind === kind)
}

function lagged(value: number, target: number, lags: number): number {
  return target + (value - target) * Math.exp(-lags)
}
