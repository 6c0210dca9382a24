/**
 * What a block, a stage or a whole network costs on a device model, and where the number is from.
 *
 * The measured latency of the whole network is spread over its blocks by MACs, so the blocks always add up to the
 * measurement. Fully connected layers are bound by memory: really they take a larger share than this, convolutions less.
 */
import type { AcceleratorKind } from '../events/shapes.ts'
import type { Application } from './application.ts'
import { APPLICATIONS, applicationNamed } from './applications.ts'
import type { DeviceModel, ProcessorModel } from './device-models.ts'
import { deviceModels } from './device-models.ts'

export interface Cost {
  /** Average; `minMs` and `maxMs` are the extremes of the measured repetitions, shared out and scaled alike. */
  readonly ms: number
  readonly minMs: number
  readonly maxMs: number
  /** For people, to be shown beside the number. */
  readonly source: string
  /** True when another device or another network than the one named was measured. */
  readonly estimated: boolean
}

export interface CostTarget {
  /** A name of `deviceModels()`. */
  readonly deviceModel: string
  readonly acceleratorKind: AcceleratorKind
}

/** What a cost is asked for: the fields of a task of a task graph. */
export interface CostedWork {
  readonly application: string
  /** None for a frame: it exists already and costs nothing. */
  readonly blocks: readonly number[]
  readonly frames: number
}

const FRAME_COST: Cost = { ms: 0, minMs: 0, maxMs: 0, source: 'a frame that the camera holds already', estimated: false }

const wholeCosts: ReadonlyMap<string, Cost> = new Map(
  APPLICATIONS.flatMap((application) =>
    deviceModels().flatMap((device) =>
      device.processors.flatMap((processor): [string, Cost][] => {
        const cost = wholeCost(application, device, processor)
        return cost ? [[costKey(application.name, { deviceModel: device.name, acceleratorKind: processor.kind }), cost]] : []
      }),
    ),
  ),
)

/**
 * Cost of some blocks of an application for one frame.
 *
 * @param blocks Indices into the application's blocks.
 * @returns null when the application, the device model or that kind of processor on it is unknown, or when a block needs
 * a CPU and this is none: infeasible.
 * @throws RangeError when a block does not exist.
 */
export function costOf(application: string, blocks: readonly number[], target: CostTarget): Cost | null {
  const whole = wholeCosts.get(costKey(application, target))
  const known = applicationNamed(application)
  if (!whole || !known || (target.acceleratorKind !== 'CPU' && blocks.some((block) => known.blocks[block]?.cpuLatencyRatio))) return null
  return scaled(whole, shareOf(known, blocks))
}

/** Cost of a task of a task graph, all its frames in one batch. A frame task costs nothing anywhere. */
export function costOfTask({ application, blocks, frames }: CostedWork, target: CostTarget): Cost | null {
  if (blocks.length === 0) return FRAME_COST
  const cost = costOf(application, blocks, target)
  return cost && scaled(cost, frames)
}

/** Of the network alone, without the work around it. */
function wholeCost(application: Application, device: DeviceModel, { run, scale: deviceScale, caveat }: ProcessorModel): Cost | null {
  const latency = run.latencies[application.measuredNetwork]
  if (!latency) return null
  const { measuredMacs } = application
  const macsRatio = measuredMacs === undefined ? 1 : networkMacs(application) / measuredMacs
  const scale = deviceScale * macsRatio
  const measured = `ncnn bench, ${run.device}, ${run.backend} ×${run.threads} threads, ${application.measuredNetwork} avg ${latency.avgMs} ms, BSD-3`
  const notes = [
    ...(deviceScale === 1 ? [] : [`× ${deviceScale}`]),
    ...(measuredMacs === undefined ? [] : [`× ${macsRatio.toFixed(2)}, the ratio of MACs to ${application.title}'s`]),
    ...(caveat === undefined ? [] : [`estimate for ${device.title}: ${caveat}`]),
    ...(application.assumed === undefined ? [] : [`application assumed: ${application.assumed}`]),
  ]
  return {
    ms: latency.avgMs * scale,
    minMs: latency.minMs * scale,
    maxMs: latency.maxMs * scale,
    source: [measured, ...notes].join('; '),
    estimated: caveat !== undefined || measuredMacs !== undefined,
  }
}

/**
 * Of the network's cost: 0–1 by MACs, and on top of that the work around it. A network of one block is all its own, known
 * MACs or not.
 */
function shareOf(application: Application, blocks: readonly number[]): number {
  const total = networkMacs(application)
  const weightOf = (index: number) => {
    const block = application.blocks[index]
    if (!block) throw new RangeError(`${application.name} has no block ${index}; it has ${application.blocks.length}`)
    return block.cpuLatencyRatio === undefined ? (block.macs ?? 1) : block.cpuLatencyRatio * (application.measuredMacs ?? total)
  }
  return blocks.reduce((sum, index) => sum + weightOf(index), 0) / total
}

function networkMacs({ blocks }: Application): number {
  return blocks.reduce((sum, { macs }) => sum + (macs ?? 1), 0)
}

function scaled(cost: Cost, factor: number): Cost {
  return { ...cost, ms: cost.ms * factor, minMs: cost.minMs * factor, maxMs: cost.maxMs * factor }
}

function costKey(application: string, { deviceModel, acceleratorKind }: CostTarget): string {
  return `${application} ${deviceModel} ${acceleratorKind}`
}
