/**
 * AlexNet in its one-tower form, 8 blocks: one per weighted layer, each with the pooling after it.
 * 0.714 GMAC and 61.1 M parameters, 96 % of them in the three fully connected layers.
 */
import type { Application } from './application.ts'
import { frameBytes, wholeNetworkStage } from './application.ts'
import type { ConvolutionOptions } from './layers.ts'
import { chain, convolution, fullyConnected, pooling, toNetwork } from './layers.ts'

const conv = (options: ConvolutionOptions) => convolution({ ...options, offset: 'bias' })
const pool = pooling({ kernel: 3, stride: 2 })

const network = toNetwork(
  { channels: 3, size: 224 },
  {
    conv1: chain(conv({ channels: 64, kernel: 11, stride: 4, padding: 2 }), pool),
    conv2: chain(conv({ channels: 192, kernel: 5, padding: 2 }), pool),
    conv3: conv({ channels: 384, kernel: 3, padding: 1 }),
    conv4: conv({ channels: 256, kernel: 3, padding: 1 }),
    conv5: chain(conv({ channels: 256, kernel: 3, padding: 1 }), pool),
    fc6: fullyConnected(4096),
    fc7: fullyConnected(4096),
    fc8: fullyConnected(1000),
  },
)

export const alexnet: Application = {
  name: 'alexnet',
  title: 'AlexNet',
  source: 'Krizhevsky (2014), arXiv 1404.5997, as in torchvision',
  measuredNetwork: 'alexnet',
  inputBytes: frameBytes(224),
  ...network,
  stages: wholeNetworkStage(network.blocks.length),
}
