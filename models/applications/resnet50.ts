/**
 * ResNet-50, 18 blocks: stem, sixteen bottlenecks (shortcut included), classifier. 4.09 GMAC and 25.6 M parameters.
 * As in torchvision (v1.5) a bottleneck that halves the map does so in its 3×3 convolution.
 */
import type { Application } from './application.ts'
import { chainEdges, frameBytes, wholeNetworkStage } from './application.ts'
import type { Layer } from './layers.ts'
import { chain, convolution, fullyConnected, globalPooling, pooling, residual, toBlocks } from './layers.ts'

const EXPANSION = 4
const GROUPS = [
  { name: 'conv2', width: 64, depth: 3, stride: 1 },
  { name: 'conv3', width: 128, depth: 4, stride: 2 },
  { name: 'conv4', width: 256, depth: 6, stride: 2 },
  { name: 'conv5', width: 512, depth: 3, stride: 2 },
] as const

/** The first bottleneck of a group changes the shape, so its shortcut needs a projection. */
function bottleneck({ width, stride, isFirst }: { width: number; stride: number; isFirst: boolean }): Layer {
  const first = isFirst ? stride : 1
  return residual(
    chain(
      convolution({ channels: width, kernel: 1 }),
      convolution({ channels: width, kernel: 3, stride: first, padding: 1 }),
      convolution({ channels: width * EXPANSION, kernel: 1 }),
    ),
    isFirst ? convolution({ channels: width * EXPANSION, kernel: 1, stride: first }) : chain(),
  )
}

const bottlenecks = GROUPS.flatMap(({ name, width, depth, stride }) =>
  Array.from({ length: depth }, (_, index): [string, Layer] => [
    `${name}-${index + 1}`,
    bottleneck({ width, stride, isFirst: index === 0 }),
  ]),
)

const blocks = toBlocks(
  { channels: 3, size: 224 },
  {
    conv1: chain(convolution({ channels: 64, kernel: 7, stride: 2, padding: 3 }), pooling({ kernel: 3, stride: 2, padding: 1 })),
    ...Object.fromEntries(bottlenecks),
    classifier: chain(globalPooling, fullyConnected(1000)),
  },
)

export const resnet50: Application = {
  name: 'resnet50',
  title: 'ResNet-50',
  source: 'He et al. (2016), Deep residual learning for image recognition, CVPR, as in torchvision (v1.5)',
  measuredNetwork: 'resnet50',
  inputBytes: frameBytes(224),
  blocks,
  edges: chainEdges(blocks.length),
  stages: wholeNetworkStage(blocks.length),
}
