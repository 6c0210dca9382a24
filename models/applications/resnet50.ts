/**
 * ResNet-50: stem, sixteen bottlenecks, classifier; 18 modules. A shortcut that is an identity stays with its bottleneck;
 * the four with a projection are blocks of their own, with one more to add both paths, so the finest cut has 26.
 * 4.09 GMAC and 25.6 M parameters. As in torchvision (v1.5) a bottleneck that halves the map does so in its 3×3 convolution.
 */
import type { Application } from './application.ts'
import { frameBytes, wholeNetworkStage } from './application.ts'
import type { Layer, Piece } from './layers.ts'
import { chain, convolution, fullyConnected, globalPooling, pooling, residual, toNetwork } from './layers.ts'

const EXPANSION = 4
const GROUPS = [
  { name: 'conv2', width: 64, depth: 3, stride: 1, from: 'conv1' },
  { name: 'conv3', width: 128, depth: 4, stride: 2, from: 'conv2-3' },
  { name: 'conv4', width: 256, depth: 6, stride: 2, from: 'conv3-4' },
  { name: 'conv5', width: 512, depth: 3, stride: 2, from: 'conv4-6' },
] as const

function mainPath({ width, stride }: { width: number; stride: number }): Layer {
  return chain(
    convolution({ channels: width, kernel: 1 }),
    convolution({ channels: width, kernel: 3, stride, padding: 1 }),
    convolution({ channels: width * EXPANSION, kernel: 1 }),
  )
}

/** The first bottleneck of a group changes the shape, so its shortcut needs a projection. */
function firstBottleneck({ name, width, stride, from }: (typeof GROUPS)[number]): [string, Piece][] {
  const module = `${name}-1`
  const projection = convolution({ channels: width * EXPANSION, kernel: 1, stride })
  return [
    [`${module}-main`, { layer: mainPath({ width, stride }), from: [from], module }],
    [`${module}-shortcut`, { layer: projection, from: [from], module }],
    [module, { layer: chain(), from: [`${module}-main`, `${module}-shortcut`], merge: 'add', module }],
  ]
}

const bottlenecks = GROUPS.flatMap((group) => [
  ...firstBottleneck(group),
  ...Array.from({ length: group.depth - 1 }, (_, index): [string, Layer] => [
    `${group.name}-${index + 2}`,
    residual(mainPath({ width: group.width, stride: 1 }), chain()),
  ]),
])

const network = toNetwork(
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
  ...network,
  stages: wholeNetworkStage(network.blocks.length),
}
