/**
 * The four recognitions of a site with CPU, GPU, FPGA and NPU: face, action, text, object.
 *
 * Their networks were never published, so each is one block, measured as the network nearest to the OpenVINO model for
 * that purpose. MACs and weights stay null: a stand-in's would pretend to a knowledge nobody has.
 */
import type { Application } from './application.ts'
import { frameBytes, wholeNetworkStage } from './application.ts'

interface StandIn {
  readonly name: string
  readonly title: string
  readonly measuredNetwork: string
  /** Pixels a side at which the stand-in was measured. */
  readonly frameSize: number
  readonly outputBytes: number
  readonly assumed: string
}

/** 100 boxes of label, score and four corners: an SSD's usual limit. */
const BOXES_BYTES = 100 * 6 * 4
const CLASSES_BYTES = 1000 * 4

export const recognitions: readonly Application[] = [
  standIn({
    name: 'face',
    title: 'Face recognition',
    measuredNetwork: 'squeezenet_ssd',
    frameSize: 300,
    outputBytes: BOXES_BYTES,
    assumed: 'network not published; SqueezeNet-SSD stands in, because OpenVINO face-detection-retail-0004 is a SqueezeNet with SSD',
  }),
  standIn({
    name: 'action',
    title: 'Action recognition',
    measuredNetwork: 'resnet18',
    frameSize: 224,
    outputBytes: CLASSES_BYTES,
    assumed: 'network not published; ResNet-18 stands in, the nearest measured to the ResNet-34 of OpenVINO action-recognition-0001',
  }),
  standIn({
    name: 'text',
    title: 'Text recognition',
    measuredNetwork: 'mobilenet_v2',
    frameSize: 224,
    outputBytes: CLASSES_BYTES,
    assumed:
      'network not published; MobileNetV2 at 224 × 224 stands in, the backbone (there at 1280 × 768) of OpenVINO text-detection-0004',
  }),
  standIn({
    name: 'object',
    title: 'Object (hand) recognition',
    measuredNetwork: 'mobilenet_ssd',
    frameSize: 300,
    outputBytes: BOXES_BYTES,
    assumed: 'network not published; MobileNet-SSD stands in, a common detector of small objects',
  }),
]

function standIn({ name, title, measuredNetwork, frameSize, outputBytes, assumed }: StandIn): Application {
  const blocks = [{ name: 'network', macs: null, parameterBytes: null, outputBytes }]
  return {
    name,
    title,
    source: `assumed: ${assumed}`,
    assumed,
    measuredNetwork,
    inputBytes: frameBytes(frameSize),
    blocks,
    edges: [],
    modules: [{ name: 'network', blocks: [0] }],
    stages: wholeNetworkStage(blocks.length),
  }
}
