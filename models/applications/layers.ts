/**
 * Counts the work, weights and activations of a network from the shapes of its layers.
 *
 * MACs count convolutions and fully connected layers only, parameters count biases and batch-norm's scale and shift: the
 * convention of torchvision's published totals. Maps are square.
 */
import type { Block, Network } from './application.ts'

export interface Shape {
  readonly channels: number
  /** Width and height of the map; 1 for a vector. */
  readonly size: number
}

export interface Work {
  readonly macs: number
  readonly parameterCount: number
  readonly output: Shape
}

export type Layer = (input: Shape) => Work

export interface ConvolutionOptions {
  readonly channels: number
  readonly kernel: number
  readonly stride?: number
  readonly padding?: number
  /** What follows the weights: a bias per channel, or batch norm's two numbers per channel (default). */
  readonly offset?: 'bias' | 'batch-norm'
}

export interface PoolingOptions {
  readonly kernel: number
  readonly stride: number
  readonly padding?: number
  /** How a window that hangs over the edge counts: dropped (default) or kept. */
  readonly edge?: 'floor' | 'ceil'
}

const FP32_BYTES = 4

export function convolution({ channels, kernel, stride = 1, padding = 0, offset = 'batch-norm' }: ConvolutionOptions): Layer {
  return (input) => {
    const size = Math.floor((input.size + 2 * padding - kernel) / stride) + 1
    const weightCount = input.channels * channels * kernel * kernel
    return {
      macs: weightCount * size * size,
      parameterCount: weightCount + channels * (offset === 'bias' ? 1 : 2),
      output: { channels, size },
    }
  }
}

export function pooling({ kernel, stride, padding = 0, edge = 'floor' }: PoolingOptions): Layer {
  return ({ channels, size }) => ({
    macs: 0,
    parameterCount: 0,
    output: { channels, size: Math[edge]((size + 2 * padding - kernel) / stride) + 1 },
  })
}

export const globalPooling: Layer = ({ channels }) => ({ macs: 0, parameterCount: 0, output: { channels, size: 1 } })

/** Repeats each pixel; `factor` times as wide and high. */
export function upsampling(factor: number): Layer {
  return ({ channels, size }) => ({ macs: 0, parameterCount: 0, output: { channels, size: size * factor } })
}

/** Flattens its input; has a bias per output. */
export function fullyConnected(outputCount: number): Layer {
  return (input) => {
    const macs = input.channels * input.size * input.size * outputCount
    return { macs, parameterCount: macs + outputCount, output: { channels: outputCount, size: 1 } }
  }
}

export function chain(...layers: readonly Layer[]): Layer {
  return (input) => {
    let total: Work = { macs: 0, parameterCount: 0, output: input }
    for (const layer of layers) total = plus(total, layer(total.output))
    return total
  }
}

/** Branches on the same input whose outputs are stacked channel by channel. */
export function concatenation(...branches: readonly Layer[]): Layer {
  return (input) => {
    const works = branches.map((branch) => branch(input))
    const { size } = works[0]!.output
    const channels = works.reduce((sum, work) => sum + work.output.channels, 0)
    return { ...works.reduce(plus), output: { channels, size } }
  }
}

/** Branches on the same input whose outputs are added; an identity shortcut has no layers: `chain()`. */
export function residual(main: Layer, shortcut: Layer): Layer {
  return (input) => plus(shortcut(input), main(input))
}

/** What runs as one task when a network is cut as finely as it can be. */
export interface Piece {
  readonly layer: Layer
  /** Names of earlier pieces whose outputs it reads; default the piece before it. */
  readonly from?: readonly string[]
  /** How several inputs become one: stacked channel by channel (default) or added. Neither counts as work. */
  readonly merge?: 'stack' | 'add'
  /** Pieces of one module stay together at block granularity; default a module of its own name. */
  readonly module?: string
}

/** Runs the named pieces on `input`, which the first one reads, and says what each costs and which reads which. */
export function toNetwork(input: Shape, pieces: Readonly<Record<string, Layer | Piece>>): Network {
  const names = Object.keys(pieces)
  const shapes: Shape[] = []
  const edges: [number, number][] = []
  const modules = new Map<string, number[]>()
  const blocks = Object.entries(pieces).map(([name, piece], index): Block => {
    const { layer, from, merge = 'stack', module = name } = typeof piece === 'function' ? { layer: piece } : piece
    const sources = from?.map((source) => names.indexOf(source)) ?? (index === 0 ? [] : [index - 1])
    edges.push(...sources.map((source): [number, number] => [source, index]))
    const { macs, parameterCount, output } = layer(sources.length === 0 ? input : merged(sources, shapes, merge))
    shapes.push(output)
    modules.set(module, [...(modules.get(module) ?? []), index])
    return {
      name,
      macs,
      parameterBytes: parameterCount * FP32_BYTES,
      outputBytes: output.channels * output.size * output.size * FP32_BYTES,
    }
  })
  return { blocks, edges, modules: [...modules].map(([name, indices]) => ({ name, blocks: indices })) }
}

function merged(sources: readonly number[], shapes: readonly Shape[], merge: 'stack' | 'add'): Shape {
  const first = shapes[sources[0]!]!
  if (merge === 'add') return first
  return { ...first, channels: sources.reduce((sum, source) => sum + shapes[source]!.channels, 0) }
}

function plus(first: Work, second: Work): Work {
  return {
    macs: first.macs + second.macs,
    parameterCount: first.parameterCount + second.parameterCount,
    output: second.output,
  }
}
