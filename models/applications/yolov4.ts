/**
 * YOLOv4 for 80 classes at 416 × 416, as three pods: pre (resize and normalise, CPU), infer (the network), post (boxes, CPU).
 * CSPDarknet53, SPP and PANet as in the authors' configuration file: 30.1 GMAC and 64,363,101 parameters.
 *
 * Nobody measured it on our devices; yolov4-tiny at the same size was. Its latency is scaled by MACs, so every cost is an
 * estimate; for a GPU probably too high, because larger layers fill it better.
 */
import type { Application, Block } from './application.ts'
import type { Layer, Piece } from './layers.ts'
import { chain, concatenation, convolution, pooling, residual, toNetwork, upsampling } from './layers.ts'

const SIZE = 416
const FP32_BYTES = 4
const CAMERA_FRAME_BYTES = 1280 * 720 * 3
const BOXES_BYTES = 100 * 6 * FP32_BYTES
/** Published for yolov4-tiny at 416 × 416: 6.91 GFLOP. */
const TINY_MACS = 3.455e9
/** Three anchors × (80 classes, box, score). */
const HEAD_CHANNELS = 255

const one = (channels: number): Layer => convolution({ channels, kernel: 1 })
const three = (channels: number, stride = 1): Layer => convolution({ channels, kernel: 3, stride, padding: 1 })

/** Halves the map; one half of the channels goes through the residual blocks, the other past them. */
function crossStage({ channels, half, inner, depth }: { channels: number; half: number; inner: number; depth: number }): Layer {
  const blocks = Array.from({ length: depth }, () => residual(chain(one(inner), three(half)), chain()))
  return chain(three(channels, 2), concatenation(one(half), chain(one(half), ...blocks, one(half))), one(channels))
}

function fiveLayers(channels: number): Layer {
  return chain(one(channels), three(channels * 2), one(channels), three(channels * 2), one(channels))
}

function threeLayers(channels: number): Layer {
  return chain(one(channels), three(channels * 2), one(channels))
}

const largest = (kernel: number): Layer => pooling({ kernel, stride: 1, padding: (kernel - 1) / 2 })
const pyramid = concatenation(largest(13), largest(9), largest(5), chain())

function head(channels: number): Layer {
  return chain(three(channels), convolution({ channels: HEAD_CHANNELS, kernel: 1, offset: 'bias' }))
}

/** Merges a coarser map into a finer one. */
function upwards(module: string, { coarse, fine, channels }: { coarse: string; fine: string; channels: number }): Record<string, Piece> {
  return {
    [`${module}-coarse`]: { layer: chain(one(channels), upsampling(2)), from: [coarse], module },
    [`${module}-fine`]: { layer: one(channels), from: [fine], module },
    [module]: { layer: fiveLayers(channels), from: [`${module}-fine`, `${module}-coarse`], module },
  }
}

/** Merges a finer map into a coarser one. */
function downwards(module: string, { fine, coarse, channels }: { fine: string; coarse: string; channels: number }): Record<string, Piece> {
  return {
    [`${module}-fine`]: { layer: three(channels, 2), from: [fine], module },
    [module]: { layer: fiveLayers(channels), from: [`${module}-fine`, coarse], module },
  }
}

const network = toNetwork(
  { channels: 3, size: SIZE },
  {
    stage1: chain(three(32), crossStage({ channels: 64, half: 64, inner: 32, depth: 1 })),
    stage2: crossStage({ channels: 128, half: 64, inner: 64, depth: 2 }),
    stage3: crossStage({ channels: 256, half: 128, inner: 128, depth: 8 }),
    stage4: crossStage({ channels: 512, half: 256, inner: 256, depth: 8 }),
    stage5: crossStage({ channels: 1024, half: 512, inner: 512, depth: 4 }),
    spp: chain(threeLayers(512), pyramid, threeLayers(512)),
    ...upwards('up4', { coarse: 'spp', fine: 'stage4', channels: 256 }),
    ...upwards('up3', { coarse: 'up4', fine: 'stage3', channels: 128 }),
    head3: head(256),
    ...downwards('down4', { fine: 'up3', coarse: 'up4', channels: 256 }),
    head4: head(512),
    ...downwards('down5', { fine: 'down4', coarse: 'spp', channels: 512 }),
    head5: head(1024),
  },
)

/** Assumed: what OpenCV takes for such a frame is a twentieth, and decoding boxes a fiftieth, of yolov4-tiny on the same CPU. */
const pre: Block = { name: 'pre', macs: 0, parameterBytes: 0, outputBytes: SIZE ** 2 * 3 * FP32_BYTES, cpuLatencyRatio: 0.05 }
const post: Block = { name: 'post', macs: 0, parameterBytes: 0, outputBytes: BOXES_BYTES, cpuLatencyRatio: 0.02 }

const blocks = [pre, ...network.blocks, post]
const last = blocks.length - 1
const heads = [...blocks.keys()].filter((block) => /^head/.test(blocks[block]!.name))

export const yolov4: Application = {
  name: 'yolov4',
  title: 'YOLOv4',
  source: 'Bochkovskiy, Wang, Liao (2020), arXiv 2004.10934, and its configuration file',
  assumed: 'yolov4-tiny was measured and is scaled by MACs; a frame of 1280 × 720 pixels, and the times of pre and post, are assumed',
  measuredNetwork: 'yolov4-tiny',
  measuredMacs: TINY_MACS,
  inputBytes: CAMERA_FRAME_BYTES,
  blocks,
  edges: [
    [0, 1],
    ...network.edges.map(([from, to]): [number, number] => [from + 1, to + 1]),
    ...heads.map((block): [number, number] => [block, last]),
  ],
  modules: [
    { name: 'pre', blocks: [0] },
    ...network.modules.map(({ name, blocks: indices }) => ({ name, blocks: indices.map((index) => index + 1) })),
    { name: 'post', blocks: [last] },
  ],
  stages: [
    { name: 'pre', blocks: [0] },
    { name: 'infer', blocks: network.blocks.map((_, index) => index + 1) },
    { name: 'post', blocks: [last] },
  ],
}
