/**
 * GoogLeNet (Inception v1) without the auxiliary classifiers: stem, second stem, nine inceptions, classifier; 12 modules.
 * An inception is four branches and the task that stacks them, so the finest cut has 48 blocks. 1.50 GMAC and 6.6 M
 * parameters. As in torchvision, the "5×5" branch has a 3×3 kernel and every convolution batch norm.
 */
import type { Application } from './application.ts'
import { frameBytes, wholeNetworkStage } from './application.ts'
import type { Layer, Piece } from './layers.ts'
import { chain, convolution, fullyConnected, globalPooling, pooling, toNetwork } from './layers.ts'

interface InceptionOptions {
  readonly module: string
  /** The block whose output it reads. */
  readonly from: string
  readonly direct: number
  /** Channels before and after the 3×3 kernel of the second and of the third branch. */
  readonly second: readonly [number, number]
  readonly third: readonly [number, number]
  readonly pooled: number
  /** What follows the stacked branches. */
  readonly after?: Layer
}

const halve = pooling({ kernel: 3, stride: 2, edge: 'ceil' })
const halveEvenly = pooling({ kernel: 2, stride: 2, edge: 'ceil' })

function threeByThree([before, after]: readonly [number, number]): Layer {
  return chain(convolution({ channels: before, kernel: 1 }), convolution({ channels: after, kernel: 3, padding: 1 }))
}

function inception({ module, from, direct, second, third, pooled, after = chain() }: InceptionOptions): Record<string, Piece> {
  const branches = {
    [`${module}-1x1`]: convolution({ channels: direct, kernel: 1 }),
    [`${module}-3x3`]: threeByThree(second),
    [`${module}-5x5`]: threeByThree(third),
    [`${module}-pool`]: chain(pooling({ kernel: 3, stride: 1, padding: 1 }), convolution({ channels: pooled, kernel: 1 })),
  }
  return {
    ...Object.fromEntries(Object.entries(branches).map(([name, layer]): [string, Piece] => [name, { layer, from: [from], module }])),
    [module]: { layer: after, from: Object.keys(branches), module },
  }
}

const network = toNetwork(
  { channels: 3, size: 224 },
  {
    conv1: chain(convolution({ channels: 64, kernel: 7, stride: 2, padding: 3 }), halve),
    conv2: chain(convolution({ channels: 64, kernel: 1 }), convolution({ channels: 192, kernel: 3, padding: 1 }), halve),
    ...inception({ module: 'inception3a', from: 'conv2', direct: 64, second: [96, 128], third: [16, 32], pooled: 32 }),
    ...inception({
      module: 'inception3b',
      from: 'inception3a',
      direct: 128,
      second: [128, 192],
      third: [32, 96],
      pooled: 64,
      after: halve,
    }),
    ...inception({ module: 'inception4a', from: 'inception3b', direct: 192, second: [96, 208], third: [16, 48], pooled: 64 }),
    ...inception({ module: 'inception4b', from: 'inception4a', direct: 160, second: [112, 224], third: [24, 64], pooled: 64 }),
    ...inception({ module: 'inception4c', from: 'inception4b', direct: 128, second: [128, 256], third: [24, 64], pooled: 64 }),
    ...inception({ module: 'inception4d', from: 'inception4c', direct: 112, second: [144, 288], third: [32, 64], pooled: 64 }),
    ...inception({
      module: 'inception4e',
      from: 'inception4d',
      direct: 256,
      second: [160, 320],
      third: [32, 128],
      pooled: 128,
      after: halveEvenly,
    }),
    ...inception({ module: 'inception5a', from: 'inception4e', direct: 256, second: [160, 320], third: [32, 128], pooled: 128 }),
    ...inception({ module: 'inception5b', from: 'inception5a', direct: 384, second: [192, 384], third: [48, 128], pooled: 128 }),
    classifier: chain(globalPooling, fullyConnected(1000)),
  },
)

export const googlenet: Application = {
  name: 'googlenet',
  title: 'GoogLeNet',
  source: 'Szegedy et al. (2015), Going deeper with convolutions, CVPR, as in torchvision',
  measuredNetwork: 'googlenet',
  inputBytes: frameBytes(224),
  ...network,
  stages: wholeNetworkStage(network.blocks.length),
}
