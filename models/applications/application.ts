/**
 * What an inference application is: a graph of blocks, the finest cut of its network; the modules that keep some of
 * them together; and the stages that pods run.
 *
 * All numbers are for one frame at batch 1 with fp32 activations. `null` means that nobody published the number.
 */

/** A layer with what follows it, or one branch where the network branches. */
export interface Block {
  readonly name: string
  /** Multiply-accumulates of convolutions and fully connected layers; half of the FLOPs. */
  readonly macs: number | null
  /** fp32 weights, biases and batch-norm scales. */
  readonly parameterBytes: number | null
  /** The block's result, fp32: what a cut after this block sends over the network. */
  readonly outputBytes: number
  /** Set for work outside the network, which needs a CPU: its time as a part of the measured network's on the same CPU. Assumed. */
  readonly cpuLatencyRatio?: number
}

/** Blocks that run as one: what one pod runs, or a module of the network. */
export interface Stage {
  readonly name: string
  /** Indices into `blocks`; over all stages, and over all modules, each block occurs once. */
  readonly blocks: readonly number[]
}

export interface Network {
  readonly blocks: readonly Block[]
  /** `[from, to]`, indices into `blocks`; the edge carries the output of `from`. */
  readonly edges: readonly (readonly [from: number, to: number])[]
  /** The published blocks of the network: an inception with its branches, a bottleneck with its shortcut. */
  readonly modules: readonly Stage[]
}

export interface Application extends Network {
  readonly name: string
  readonly title: string
  /** Where the architecture is from. */
  readonly source: string
  /** Set when the network is a stand-in for one that nobody named: what was assumed and why. */
  readonly assumed?: string
  /** The network's name in the latency measurements. */
  readonly measuredNetwork: string
  /** MACs of the measured network when it is another one than this: its latency is scaled by MACs, which is an estimate. */
  readonly measuredMacs?: number
  /** The frame as the camera sends it: uint8, width × height × 3. */
  readonly inputBytes: number
  readonly stages: readonly Stage[]
}

/** An uncompressed uint8 RGB frame of `size` × `size` pixels; 224 gives 150,528 bytes, the "150 kB" of the literature. */
export function frameBytes(size: number): number {
  return size * size * 3
}

/** The default: one pod runs the whole network. */
export function wholeNetworkStage(blockCount: number): Stage[] {
  return [{ name: 'infer', blocks: Array.from({ length: blockCount }, (_, index) => index) }]
}
