/**
 * What an inference application is: a graph of network blocks, and the stages that pods run.
 *
 * All numbers are for one frame at batch 1 with fp32 activations. `null` means that nobody published the number.
 */

export interface Block {
  readonly name: string
  /** Multiply-accumulates of convolutions and fully connected layers; half of the FLOPs. */
  readonly macs: number | null
  /** fp32 weights, biases and batch-norm scales. */
  readonly parameterBytes: number | null
  /** The block's result, fp32: what a cut after this block sends over the network. */
  readonly outputBytes: number
}

/** What one pod runs. */
export interface Stage {
  readonly name: string
  /** Indices into `blocks`; over all stages each block occurs once. */
  readonly blocks: readonly number[]
}

export interface Application {
  readonly name: string
  readonly title: string
  /** Where the architecture is from. */
  readonly source: string
  /** Set when the network is a stand-in for one that nobody named: what was assumed and why. */
  readonly assumed?: string
  /** The network's name in the latency measurements. */
  readonly measuredNetwork: string
  /** The frame as the camera sends it: uint8, width × height × 3. */
  readonly inputBytes: number
  readonly blocks: readonly Block[]
  /** `[from, to]`, indices into `blocks`; the edge carries the output of `from`. */
  readonly edges: readonly (readonly [from: number, to: number])[]
  readonly stages: readonly Stage[]
}

/** An uncompressed uint8 RGB frame of `size` × `size` pixels; 224 gives 150,528 bytes, the "150 kB" of the literature. */
export function frameBytes(size: number): number {
  return size * size * 3
}

/** Edges of blocks that run one after the other. */
export function chainEdges(blockCount: number): [number, number][] {
  return Array.from({ length: Math.max(0, blockCount - 1) }, (_, index) => [index, index + 1])
}

/** The default: one pod runs the whole network. */
export function wholeNetworkStage(blockCount: number): Stage[] {
  return [{ name: 'infer', blocks: Array.from({ length: blockCount }, (_, index) => index) }]
}
