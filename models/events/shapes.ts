/**
 * The scalars that events are made of, with the ranges outside which a value is a lie and not a measurement.
 * Ratios are 0–1, times milliseconds since the epoch, sizes bytes.
 */
import { z } from 'zod'

/** RFC 1123 label(s): what Kubernetes accepts as an object name. */
export const nameShape = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be lower-case letters, digits, "-" or "."')
/** A device on a node: `node/device`, e.g. `tx2-1/gpu0`. */
export const acceleratorNameShape = z
  .string()
  .max(320)
  .regex(/^[a-z0-9][-a-z0-9.]*\/[a-z0-9][-a-z0-9.]*$/, 'must be node/device')
export const textShape = z.string().max(1024)
export const idShape = z.string().min(1).max(253)
export const timeMsShape = z.number().int().min(0).max(8.64e15)
export const durationMsShape = z
  .number()
  .min(0)
  .max(366 * 86_400_000)
export const ratioShape = z.number().min(0).max(1)
export const bytesShape = z
  .number()
  .min(0)
  .max(2 ** 53)
export const celsiusShape = z.number().min(-60).max(200)
export const wattsShape = z.number().min(0).max(5_000)
export const bytesPerSecondShape = z.number().min(0).max(1e12)

/** Open on purpose: HeteroAccel names the first four, others exist. */
export const acceleratorKindShape = z.enum(['CPU', 'GPU', 'FPGA', 'NPU', 'DLA', 'TPU'])
export type AcceleratorKind = z.infer<typeof acceleratorKindShape>

/** What every event carries. `source` says who told us: `exporter:pi-1`, `cluster`, `loop`, `operator`. */
export const commonShape = {
  site: nameShape,
  timeMs: timeMsShape,
  source: z.string().min(1).max(320),
}

export const loadShape = z.object({
  utilizationRatio: ratioShape.optional(),
  memoryUsedBytes: bytesShape.optional(),
  memoryTotalBytes: bytesShape.optional(),
  temperatureCelsius: celsiusShape.optional(),
  powerWatts: wattsShape.optional(),
})
/** Absent means unknown, never zero. */
export type Load = z.infer<typeof loadShape>
