/**
 * GoogLeNet (Inception v1) without the auxiliary classifiers, 12 blocks: stem, second stem, nine inceptions, classifier.
 * 1.50 GMAC and 6.6 M parameters. As in torchvision, the "5×5" branch has a 3×3 kernel and every convolution batch norm.
 */
import type { Application } from './application.ts'
import { chainEdges, frameBytes, wholeNetworkStage } from './application.ts'
import type { Layer } from './layers.ts'
import { chain, concatenation, convolution, fullyConnected, globalPooling, pooling, toBlocks } from './layers.ts'

interface InceptionChannels {
  readonly direct: number
  /** Channels before and after the 3×3 kernel of the second and of the third branch. */
  readonly second: readonly [number, number]
  readonly third: readonly [number, number]
  readonly pooled: number
}

const halve = pooling({ kernel: 3, stride: 2, edge: 'ceil' })

function inception({ direct, second, third, pooled }: InceptionChannels): Layer {
  const threeByThree = ([before, after]: readonly [number, number]) =>
    chain(convolution({ channels: before, kernel: 1 }), convolution({ channels: after, kernel: 3, padding: 1 }))
  return concatenation(
    convolution({ channels: direct, kernel: 1 }),
    threeByThree(second),
    threeByThree(third),
    chain(pooling({ kernel: 3, stride: 1, padding: 1 }), convolution({ channels: pooled, kernel: 1 })),
  )
}

const blocks = toBlocks(
  { channels: 3, size: 224 },
  {
    conv1: chain(convolution({ channels: 64, kernel: 7, stride: 2, padding: 3 }), halve),
    conv2: chain(convolution({ channels: 64, kernel: 1 }), convolution({ channels: 192, kernel: 3, padding: 1 }), halve),
    inception3a: inception({ direct: 64, second: [96, 128], third: [16, 32], pooled: 32 }),
    inception3b: chain(inception({ direct: 128, second: [128, 192], third: [32, 96], pooled: 64 }), halve),
    inception4a: inception({ direct: 192, second: [96, 208], third: [16, 48], pooled: 64 }),
    inception4b: inception({ direct: 160, second: [112, 224], third: [24, 64], pooled: 64 }),
    inception4c: inception({ direct: 128, second: [128, 256], third: [24, 64], pooled: 64 }),
    inception4d: inception({ direct: 112, second: [144, 288], third: [32, 64], pooled: 64 }),
    inception4e: chain(
      inception({ direct: 256, second: [160, 320], third: [32, 128], pooled: 128 }),
      pooling({ kernel: 2, stride: 2, edge: 'ceil' }),
    ),
    inception5a: inception({ direct: 256, second: [160, 320], third: [32, 128], pooled: 128 }),
    inception5b: inception({ direct: 384, second: [192, 384], third: [48, 128], pooled: 128 }),
    classifier: chain(globalPooling, fullyConnected(1000)),
  },
)

export const googlenet: Application = {
  name: 'googlenet',
  title: 'GoogLeNet',
  source: 'Szegedy et al. (2015), Going deeper with convolutions, CVPR, as in torchvision',
  measuredNetwork: 'googlenet',
  inputBytes: frameBytes(224),
  blocks,
  edges: chainEdges(blocks.length),
  stages: wholeNetworkStage(blocks.length),
}
