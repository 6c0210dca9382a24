import { describe, expect, it } from '@jest/globals'
import { APPLICATIONS } from './applications.ts'
import { defaultRegistry, imageFor, imageForStage } from './registry.ts'

describe('the default registry', () => {
  const registry = defaultRegistry()

  it('has an image for every application on CPU, GPU, FPGA and NPU', () => {
    // YOLOv4 has an image for each stage: pre and post on a CPU only.
    expect(registry).toHaveLength(APPLICATIONS.length * 4 + 2)
    for (const { name } of APPLICATIONS) {
      for (const kind of ['CPU', 'GPU', 'FPGA', 'NPU'] as const) {
        expect(imageFor(registry, name, kind)).toMatchObject({ application: name, acceleratorKind: kind })
      }
    }
  })

  it('has one entry a pair, one image an entry, in names that a container registry accepts', () => {
    const unique = (texts: string[]) => expect(new Set(texts).size).toBe(texts.length)
    unique(registry.map(({ application, stage, acceleratorKind }) => `${application} ${stage} ${acceleratorKind}`))
    unique(registry.map(({ image }) => image))
    unique(registry.map(({ label }) => label))
    for (const { image } of registry) expect(image).toMatch(/^edgetwin\/[a-z0-9-]+-(cpu|gpu|fpga|npu):1$/)
  })

  it('labels inferences A, B, C … on hardware C, G, F, N', () => {
    expect(imageFor(registry, 'face', 'CPU')).toEqual({
      application: 'face',
      acceleratorKind: 'CPU',
      image: 'edgetwin/face-cpu:1',
      label: 'I_A H_C',
    })
    expect(imageFor(registry, 'object', 'NPU')!.label).toBe('I_D H_N')
  })

  it('serves the stages of YOLOv4 before and after its network on a CPU only', () => {
    const kindsOf = (stage: string) =>
      (['CPU', 'GPU', 'FPGA', 'NPU'] as const).filter((kind) => imageForStage(registry, { application: 'yolov4', stage }, kind))
    expect(kindsOf('pre')).toEqual(['CPU'])
    expect(kindsOf('infer')).toEqual(['CPU', 'GPU', 'FPGA', 'NPU'])
    expect(kindsOf('post')).toEqual(['CPU'])
    expect(imageForStage(registry, { application: 'yolov4', stage: 'post' }, 'CPU')).toEqual({
      application: 'yolov4',
      stage: 'post',
      acceleratorKind: 'CPU',
      image: 'edgetwin/yolov4-post-cpu:1',
      label: 'I_H post H_C',
    })
    expect(imageForStage(registry, { application: 'face', stage: 'infer' }, 'NPU')!.image).toBe('edgetwin/face-npu:1')
  })

  it('serves nothing on a kind without an image', () => {
    expect(imageFor(registry, 'alexnet', 'TPU')).toBeNull()
    expect(imageFor(registry, 'alexnett', 'CPU')).toBeNull()
    expect(imageFor([], 'alexnet', 'CPU')).toBeNull()
  })
})

describe('imageFor', () => {
  it('takes the first of two entries for a pair', () => {
    const entry = { application: 'face', acceleratorKind: 'GPU', image: 'first:1', label: 'I_A H_G' } as const
    expect(imageFor([entry, { ...entry, image: 'second:1' }], 'face', 'GPU')!.image).toBe('first:1')
  })
})
