import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { acceleratorKindShape } from '../events/shapes.ts'
import { APPLICATIONS, applicationNamed } from './applications.ts'
import type { CostTarget } from './costs.ts'
import { costOf, costOfTask } from './costs.ts'
import { deviceModels } from './device-models.ts'

const SEED = 42

const allBlocks = (application: string) => applicationNamed(application)!.blocks.map((_, index) => index)
const wholeCost = (application: string, target: CostTarget) => costOf(application, allBlocks(application), target)
const networkBlocks = (application: string) => applicationNamed(application)!.stages.find(({ name }) => name === 'infer')!.blocks
/** Without the work around the network, which needs a CPU. */
const networkCost = (application: string, target: CostTarget) => {
  return costOf(application, networkBlocks(application), target)
}

/** Rows of the public table, typed again. */
describe('whole networks cost what was measured', () => {
  it.each([
    ['alexnet', 'raspberry-pi-4b', 'CPU', 76.4],
    ['googlenet', 'raspberry-pi-4b', 'CPU', 114.35],
    ['resnet50', 'raspberry-pi-4b', 'CPU', 262.83],
    ['alexnet', 'jetson-tx2', 'CPU', 52.66],
    ['resnet50', 'jetson-tx2', 'CPU', 316.55],
    ['alexnet', 'jetson-tx2', 'GPU', 20.32],
    ['googlenet', 'jetson-tx2', 'GPU', 15.53],
    ['resnet50', 'jetson-tx2', 'GPU', 30.39],
    ['resnet50', 'edge-server-3.6ghz', 'CPU', 18.66],
    ['face', 'neural-compute-stick-2', 'NPU', 56.46],
    ['object', 'arria-10-gx', 'FPGA', 15.67],
    ['text', 'xeon-x5550', 'CPU', 22.65],
    ['action', 'iris-xe', 'GPU', 11.07 * 0.4],
    ['action', 'core-i7-11th-gen', 'CPU', 20.74 * 0.4],
    ['object', 'xeon-e5-1650v3', 'CPU', 7.51 * 1.4],
  ] as const)('%s on %s %s', (application, deviceModel, acceleratorKind, ms) => {
    expect(wholeCost(application, { deviceModel, acceleratorKind })!.ms).toBeCloseTo(ms, 9)
  })

  it('says where the number is from', () => {
    const pi = costOf('alexnet', [0], { deviceModel: 'raspberry-pi-4b', acceleratorKind: 'CPU' })!
    expect(pi.source).toBe('ncnn bench, Raspberry Pi 4B, cpu ×4 threads, alexnet avg 76.4 ms, BSD-3')
    expect(pi.estimated).toBe(false)
    const tx2 = costOf('alexnet', [0], { deviceModel: 'jetson-tx2', acceleratorKind: 'GPU' })!
    expect(tx2.source).toContain('TX2 NX')
    expect(tx2.estimated).toBe(true)
    const face = wholeCost('face', { deviceModel: 'iris-xe', acceleratorKind: 'GPU' })!
    expect(face.source).toContain('× 0.4; estimate for Intel Iris Xe')
    expect(face.source).toContain('application assumed: ')
  })
})

describe('every application × device model × kind', () => {
  const targets = deviceModels().flatMap(({ name, processors }) =>
    acceleratorKindShape.options.map((acceleratorKind) => ({
      deviceModel: name,
      acceleratorKind,
      processor: processors.find(({ kind }) => kind === acceleratorKind),
    })),
  )

  it.each(APPLICATIONS.map(({ name }) => name))('%s has a sourced cost where the processor exists, else none', (application) => {
    for (const { processor, ...target } of targets) {
      const cost = networkCost(application, target)
      if (!processor) {
        expect(cost).toBeNull()
        continue
      }
      expect(cost!.source).not.toBe('')
      expect(cost!.estimated).toBe(processor.caveat !== undefined || applicationNamed(application)!.measuredMacs !== undefined)
      // A scale is a guess, and a guess must be called one.
      if (processor.scale !== 1) expect(cost!.estimated).toBe(true)
      expect(0 < cost!.minMs && cost!.minMs <= cost!.ms && cost!.ms <= cost!.maxMs).toBe(true)
    }
  })

  it.each(APPLICATIONS.map(({ name }) => name))('%s: blocks add up to the network', (application) => {
    for (const target of targets.filter(({ processor }) => processor)) {
      const sum = networkBlocks(application).reduce((ms, block) => ms + costOf(application, [block], target)!.ms, 0)
      expect(sum / networkCost(application, target)!.ms).toBeCloseTo(1, 12)
    }
  })

  it('shares out by MACs', () => {
    const { blocks } = applicationNamed('alexnet')!
    const target = { deviceModel: 'raspberry-pi-4b', acceleratorKind: 'CPU' } as const
    const ratio = costOf('alexnet', [1], target)!.ms / costOf('alexnet', [0], target)!.ms
    expect(ratio).toBeCloseTo(blocks[1]!.macs! / blocks[0]!.macs!, 12)
  })
})

describe('YOLOv4, whose smaller sibling was measured', () => {
  const ratio = 30_052_385_792 / 3.455e9
  const pi = { deviceModel: 'raspberry-pi-4b', acceleratorKind: 'CPU' } as const
  const tx2 = { deviceModel: 'jetson-tx2', acceleratorKind: 'GPU' } as const

  it('takes the time of yolov4-tiny by the ratio of MACs, and says that it is an estimate', () => {
    expect(networkCost('yolov4', pi)!.ms).toBeCloseTo(207.22 * ratio, 9)
    expect(networkCost('yolov4', tx2)!.ms).toBeCloseTo(25.43 * ratio, 9)
    expect(networkCost('yolov4', pi)!.estimated).toBe(true)
    expect(networkCost('yolov4', pi)!.source).toContain('yolov4-tiny avg 207.22 ms, BSD-3; × 8.70')
  })

  it('works before and after its network on a CPU only', () => {
    const [pre, infer, post] = applicationNamed('yolov4')!.stages.map(({ blocks }) => blocks)
    expect(costOf('yolov4', pre!, pi)!.ms).toBeCloseTo(0.05 * 207.22, 9)
    expect(costOf('yolov4', post!, pi)!.ms).toBeCloseTo(0.02 * 207.22, 9)
    expect([pre, infer, post].map((blocks) => costOf('yolov4', blocks!, tx2) !== null)).toEqual([false, true, false])
    expect(wholeCost('yolov4', tx2)).toBeNull()
  })
})

describe('unknown names', () => {
  it.each([
    ['alexnett', 'jetson-tx2', 'GPU'],
    ['alexnet', 'jetson-tx3', 'GPU'],
    ['alexnet', 'raspberry-pi-4b', 'GPU'],
  ] as const)('%s on %s %s is infeasible', (application, deviceModel, acceleratorKind) => {
    expect(costOf(application, [0], { deviceModel, acceleratorKind })).toBeNull()
  })

  it('a block that does not exist is a bug of the caller', () => {
    expect(() => costOf('alexnet', [8], { deviceModel: 'jetson-tx2', acceleratorKind: 'GPU' })).toThrow(RangeError)
  })
})

describe('tasks', () => {
  it('costs are linear in frames, and splitting a task changes no sum', () => {
    const target = { deviceModel: 'jetson-tx2', acceleratorKind: 'CPU' } as const
    fc.assert(
      fc.property(fc.constantFrom(...APPLICATIONS), fc.integer({ min: 1, max: 1000 }), fc.nat(), (application, frames, cut) => {
        const blocks = allBlocks(application.name)
        const at = cut % (blocks.length + 1)
        const whole = costOfTask({ application: application.name, blocks, frames }, target)!
        const one = wholeCost(application.name, target)!
        expect(whole.ms / (frames * one.ms)).toBeCloseTo(1, 12)
        const parts = [blocks.slice(0, at), blocks.slice(at)]
          .map((part) => costOfTask({ application: application.name, blocks: part, frames }, target)!.ms)
          .reduce((sum, ms) => sum + ms, 0)
        expect(parts / whole.ms).toBeCloseTo(1, 12)
      }),
      { seed: SEED },
    )
  })

  it('a frame costs nothing, on any device', () => {
    expect(costOfTask({ application: 'face', blocks: [], frames: 9 }, { deviceModel: 'unknown', acceleratorKind: 'TPU' })).toMatchObject({
      ms: 0,
      estimated: false,
    })
  })
})

describe('device models', () => {
  it.each(deviceModels().map((model) => [model.name, model] as const))('%s is plausible', (_, model) => {
    expect(model.name).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
    expect(model.source).not.toBe('')
    expect(model.memoryBytes).toBeGreaterThan(0)
    expect(new Set(model.processors.map(({ kind }) => kind)).size).toBe(model.processors.length)
    for (const { busyWatts, idleWatts } of model.processors) expect(busyWatts).toBeGreaterThan(idleWatts)
  })
})
