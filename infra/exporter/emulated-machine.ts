/**
 * Plays a described set of devices instead of reading the machine; everything it says is marked emulated.
 *
 * The same file and seed give the same course of loads, step by step.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { z } from 'zod'
import { DEVICE_STATES, type DeviceDescription, type MachineDescription } from '../../connectors/metrics/device-metrics.ts'
import { parseYaml } from '../../connectors/metrics/yaml-text.ts'
import { acceleratorKindShape, bytesShape, celsiusShape, nameShape, ratioShape, wattsShape } from '../../models/events/shapes.ts'

const walkShape = z.strictObject({
  /** The walk is drawn back to this. */
  mean: ratioShape,
  /** The most it moves by chance in one step. */
  step: ratioShape,
})

const deviceShape = z.strictObject({
  name: z.string().regex(/^[a-z0-9][-a-z0-9.]{0,62}$/, 'must be lower-case letters, digits, "-" or "."'),
  kind: acceleratorKindShape,
  vendor: z.string().min(1).max(253).optional(),
  model: z.string().min(1).max(253).optional(),
  driver: z.string().min(1).max(253).optional(),
  state: z.enum(DEVICE_STATES).optional(),
  /** Constant, or a walk. Left out: not told. */
  utilization: z.union([ratioShape, walkShape]).optional(),
  memory: z.strictObject({ totalBytes: bytesShape, usedRatio: ratioShape }).optional(),
  /** Between idle and busy in proportion to the load. */
  power: z.strictObject({ idleWatts: wattsShape, busyWatts: wattsShape }).optional(),
  temperature: z.strictObject({ idleCelsius: celsiusShape, busyCelsius: celsiusShape }).optional(),
})
type EmulatedDevice = z.infer<typeof deviceShape>

const machineShape = z.strictObject({
  node: z.strictObject({ name: nameShape.optional(), model: z.string().max(253).optional() }).default({}),
  seed: z.number().int().default(1),
  devices: z
    .array(deviceShape)
    .min(1)
    .max(256)
    .refine((devices) => new Set(devices.map(({ name }) => name)).size === devices.length, 'two devices have the same name'),
})
export type EmulatedMachine = z.infer<typeof machineShape>

/** How much of the way back to its mean a walk goes in one step. */
const RETURN_RATIO = 0.1

/** @throws TwinError CONFIG_INVALID with the line and column of each fault. */
export function parseEmulatedMachine(text: string, source: string): EmulatedMachine {
  return parseYaml(text, machineShape, {
    code: 'CONFIG_INVALID',
    source: `device file ${source}`,
    example: 'infra/exporter/example-devices.yaml',
  })
}

/** @returns Takes one step and says what is then the case. */
export function createEmulatedReader(
  machine: EmulatedMachine,
  { name, version }: { readonly name: string; readonly version?: string },
): (timeMs: number) => MachineDescription {
  const random = xoroshiro128plus(machine.seed)
  const loads = machine.devices.map(({ utilization }) => (typeof utilization === 'object' ? utilization.mean : utilization))
  const energyJoules = machine.devices.map(() => 0)
  let lastMs: number | undefined
  return (timeMs) => {
    const elapsedSeconds = Math.max(0, timeMs - (lastMs ?? timeMs)) / 1000
    lastMs = timeMs
    const devices = machine.devices.map((device, i): DeviceDescription => {
      const { utilization } = device
      if (typeof utilization === 'object') {
        const last = loads[i] ?? utilization.mean
        const moved = last + RETURN_RATIO * (utilization.mean - last) + utilization.step * (2 * uniformFloat64(random) - 1)
        loads[i] = Math.min(1, Math.max(0, moved))
      }
      const described = describe(device, loads[i])
      energyJoules[i] = (energyJoules[i] ?? 0) + (described.powerWatts ?? 0) * elapsedSeconds
      return described.powerWatts === undefined ? described : { ...described, energyJoulesTotal: energyJoules[i] ?? 0 }
    })
    const { model } = machine.node
    return {
      node: { name: machine.node.name ?? name, emulated: true, ...(model === undefined ? {} : { model }) },
      devices,
      ...(version === undefined ? {} : { version }),
    }
  }
}

function describe(
  { utilization: _, memory, power, temperature, ...identity }: EmulatedDevice,
  load: number | undefined,
): DeviceDescription {
  const between = (idle: number, busy: number) => idle + (busy - idle) * (load ?? 0)
  const { name, kind, ...optional } = identity
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  return {
    name,
    kind,
    emulated: true,
    ...given,
    ...(load === undefined ? {} : { utilizationRatio: load }),
    ...(memory === undefined
      ? {}
      : { memoryTotalBytes: memory.totalBytes, memoryUsedBytes: Math.round(memory.totalBytes * memory.usedRatio) }),
    ...(power === undefined ? {} : { powerWatts: between(power.idleWatts, power.busyWatts) }),
    ...(temperature === undefined ? {} : { temperatureCelsius: between(temperature.idleCelsius, temperature.busyCelsius) }),
  }
}
