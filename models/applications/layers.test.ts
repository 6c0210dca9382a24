import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { alexnet } from './alexnet.ts'
import type { Application } from './application.ts'
import { APPLICATIONS, applicationNamed } from './applications.ts'
import { googlenet } from './googlenet.ts'
import { chain, concatenation, convolution, fullyConnected, pooling, residual } from './layers.ts'
import { resnet50 } from './resnet50.ts'
import { GRANULARITIES, taskGraph } from './task-graph.ts'
import { yolov4 } from './yolov4.ts'

const SEED = 42

const macsOf = ({ blocks }: Application) => blocks.reduce((sum, block) => sum + block.macs!, 0)
const parameterCountOf = ({ blocks }: Application) => blocks.reduce((sum, block) => sum + block.parameterBytes! / 4, 0)

describe('published totals (torchvision)', () => {
  it.each([
    { application: alexnet, counts: [1, 8, 8], gmac: 0.714, macs: 714_188_480, parameterCount: 61_100_840 },
    { application: googlenet, counts: [1, 12, 48], gmac: 1.5, macs: 1_498_376_192, parameterCount: 6_624_904 },
    { application: resnet50, counts: [1, 18, 26], gmac: 4.09, macs: 4_089_184_256, parameterCount: 25_557_032 },
  ])('$application.title', ({ application, counts, gmac, macs, parameterCount }) => {
    const request = { id: 'r', camera: 'c', application: application.name, frames: 1 }
    const graphs = GRANULARITIES.map((granularity) => taskGraph([request], granularity).tasks)
    expect(graphs.map(({ length }) => length - 1)).toEqual(counts)
    expect(graphs.map((tasks) => tasks.reduce((sum, task) => sum + task.macs!, 0))).toEqual([macs, macs, macs])
    expect(macsOf(application)).toBe(macs)
    expect(Number((macsOf(application) / 1e9).toPrecision(3))).toBe(gmac)
    expect(parameterCountOf(application)).toBe(parameterCount)
  })
})

describe('YOLOv4', () => {
  const parameterCount = parameterCountOf(yolov4)

  it('has the parameters of the authors: each batch norm saves two more numbers a channel, and a header is 20 bytes', () => {
    expect(parameterCount).toBe(64_363_101)
    // Every convolution but the three heads' has a batch norm with its 2 of the 4 numbers a channel counted already.
    expect((parameterCount + 66_304) * 4 + 20).toBe(257_717_640)
  })

  it('has the published work, 128.459 GFLOP at 608 × 608 with 0.07 of it pooling and adding', () => {
    const gflopAt608 = (2 * macsOf(yolov4) * (608 / 416) ** 2) / 1e9
    expect(gflopAt608).toBeCloseTo(128.389, 2)
    expect(1 - gflopAt608 / 128.459).toBeLessThan(0.001)
  })

  it('looks at 52, 26 and 13 squared cells', () => {
    const heads = yolov4.blocks.filter(({ name }) => name.startsWith('head'))
    expect(heads.map(({ outputBytes }) => Math.sqrt(outputBytes / 4 / 255))).toEqual([52, 26, 13])
  })
})

describe('activations between blocks, in kB as published', () => {
  it.each([
    { application: alexnet, kilobytes: [187, 130, 260, 173, 37, 16, 16] },
    { application: googlenet, kilobytes: [803, 602, 803, 376, 401, 401, 401, 414, 163, 163, 201] },
    {
      application: resnet50,
      kilobytes: [803, ...Array(3).fill(3211), ...Array(4).fill(1606), ...Array(6).fill(803), ...Array(3).fill(401)],
    },
  ])('$application.title', ({ application, kilobytes }) => {
    // A module is left by the output of its last block.
    const outputs = application.modules.map(({ blocks }) => application.blocks[blocks.at(-1)!]!.outputBytes)
    expect(outputs.slice(0, -1).map((bytes) => Math.round(bytes / 1000))).toEqual(kilobytes)
    expect(application.blocks.at(-1)!.outputBytes).toBe(4000)
    expect(application.inputBytes).toBe(150_528)
  })
})

/** Gold times on a processor of 9 effective GFLOPS with 0.1 ms a task: the work of each convolutional block, independently computed. */
describe('work of each block', () => {
  it.each([
    { application: alexnet, goldMs: [15.717067, 49.8664, 25.020064, 33.326752, 22.251168] },
    {
      application: googlenet,
      goldMs: [26.325323, 80.024793, 27.128139, 59.151577, 15.922165, 18.564768, 21.218521, 25.009596, 35.022496, 10.737312, 14.740242],
    },
    {
      application: resnet50,
      goldMs: [
        26.325323, 51.480224, 48.625767, 48.625767, 82.87925, 48.625767, 48.625767, 48.625767, 82.87925, 48.625767, 48.625767, 48.625767,
        48.625767, 48.625767, 82.87925, 48.625767, 48.625767,
      ],
    },
  ])('$application.title', ({ application, goldMs }) => {
    goldMs.forEach((ms, index) => {
      const macs = application.modules[index]!.blocks.reduce((sum, block) => sum + application.blocks[block]!.macs!, 0)
      expect(0.1 + (2 * macs) / 9e6).toBeCloseTo(ms, 6)
    })
  })
})

describe('layers', () => {
  it('counts a convolution with its bias or batch norm', () => {
    const input = { channels: 3, size: 8 }
    expect(convolution({ channels: 4, kernel: 3, padding: 1, offset: 'bias' })(input)).toEqual({
      macs: 3 * 4 * 9 * 64,
      parameterCount: 3 * 4 * 9 + 4,
      output: { channels: 4, size: 8 },
    })
    expect(convolution({ channels: 4, kernel: 3, stride: 2 })(input)).toEqual({
      macs: 3 * 4 * 9 * 9,
      parameterCount: 3 * 4 * 9 + 8,
      output: { channels: 4, size: 3 },
    })
  })

  it('keeps or drops the window that hangs over the edge', () => {
    const input = { channels: 1, size: 112 }
    expect(pooling({ kernel: 3, stride: 2 })(input).output.size).toBe(55)
    expect(pooling({ kernel: 3, stride: 2, edge: 'ceil' })(input).output.size).toBe(56)
  })

  it('conserves work however layers are combined', () => {
    const layer = fc.record({ channels: fc.integer({ min: 1, max: 32 }), kernel: fc.constantFrom(1, 3, 5) })
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 16 }), (options, size) => {
        const input = { channels: 3, size }
        const layers = options.map(({ channels, kernel }) => convolution({ channels, kernel, padding: (kernel - 1) / 2 }))
        const alone = layers.map((each) => each(input))
        const sumOf = (key: 'macs' | 'parameterCount') => alone.reduce((sum, work) => sum + work[key], 0)
        const stacked = concatenation(...layers)(input)
        expect(stacked.macs).toBe(sumOf('macs'))
        expect(stacked.parameterCount).toBe(sumOf('parameterCount'))
        expect(stacked.output).toEqual({ channels: options.reduce((sum, { channels }) => sum + channels, 0), size })
        expect(chain(...layers)(input).output).toEqual(alone.at(-1)!.output)
        expect(residual(layers[0]!, chain())(input)).toEqual(alone[0])
      }),
      { seed: SEED },
    )
  })

  it('flattens before a fully connected layer', () => {
    expect(fullyConnected(10)({ channels: 2, size: 3 })).toEqual({
      macs: 180,
      parameterCount: 190,
      output: { channels: 10, size: 1 },
    })
  })
})

describe('every application', () => {
  it.each(APPLICATIONS.map((application) => [application.name, application] as const))('%s is well formed', (name, application) => {
    expect(applicationNamed(name)).toBe(application)
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
    expect(application.source).not.toBe('')
    expect(new Set(application.blocks.map((block) => block.name)).size).toBe(application.blocks.length)
    for (const parts of [application.stages, application.modules]) {
      expect(parts.flatMap(({ blocks }) => blocks).sort((a, b) => a - b)).toEqual(application.blocks.map((_, index) => index))
    }
    for (const [from, to] of application.edges) expect(from < to && to < application.blocks.length).toBe(true)
    // Unknown work cannot be shared out, so only a network of one block may have it.
    if (application.blocks.some(({ macs }) => macs === null)) expect(application.blocks).toHaveLength(1)
  })

  it('is absent under another name', () => {
    expect(applicationNamed('alexnett')).toBeNull()
  })
})
