import { describe, expect, it } from '@jest/globals'
import { whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { parseBase, parseEdit, toQuery } from './what-if-query.ts'

describe('parseEdit', () => {
  it.each([
    ['lose-node=tx2-1', { kind: 'lose-node', node: 'tx2-1' }],
    ['drain-node=tx2-1', { kind: 'drain-node', node: 'tx2-1' }],
    ['cordon-node=tx2-1', { kind: 'cordon-node', node: 'tx2-1' }],
    ['lose-accelerator=tx2-1/gpu0', { kind: 'lose-accelerator', accelerator: 'tx2-1/gpu0' }],
    [
      'add-accelerator=pi-1/npu0:NPU:hailo-8',
      { kind: 'add-accelerator', accelerator: 'pi-1/npu0', acceleratorKind: 'NPU', deviceModel: 'hailo-8' },
    ],
    ['remove-camera=cam-1', { kind: 'remove-camera', camera: 'cam-1' }],
    ['add-camera=cam-9::alexnet+resnet50', { kind: 'add-camera', camera: 'cam-9', node: null, applications: ['alexnet', 'resnet50'] }],
    ['add-camera=cam-9:pi-1:alexnet', { kind: 'add-camera', camera: 'cam-9', node: 'pi-1', applications: ['alexnet'] }],
    ['scale-link=pi-1-uplink:0.5', { kind: 'scale-link', link: 'pi-1-uplink', factor: 0.5 }],
    ['scale-link=pi-1-uplink:x2', { kind: 'scale-link', link: 'pi-1-uplink', factor: 2 }],
    ['set-link=pi-1-uplink:2.5e6', { kind: 'set-link', link: 'pi-1-uplink', bytesPerSecond: 2.5e6 }],
    ['burst=cam-1:resnet50:4:60', { kind: 'burst', camera: 'cam-1', application: 'resnet50', count: 4, frames: 60 }],
    ['burst=cam-1:resnet50', { kind: 'burst', camera: 'cam-1', application: 'resnet50', count: 1, frames: 1 }],
    [
      'add-node=edge-2:server:gpu0/GPU/uhd-770+cpu0/CPU/ryzen:125e6:0.5',
      {
        kind: 'add-node',
        node: 'edge-2',
        role: 'server',
        accelerators: [
          { device: 'gpu0', acceleratorKind: 'GPU', deviceModel: 'uhd-770' },
          { device: 'cpu0', acceleratorKind: 'CPU', deviceModel: 'ryzen' },
        ],
        bytesPerSecond: 125e6,
        latencyMs: 0.5,
      },
    ],
  ])('%s', (text, edit) => expect(parseEdit(text)).toEqual(edit))

  it.each([
    ['los-node=tx2-1', "there is no edit 'los-node'; did you mean lose-node"],
    ['constructor=x', 'use one of lose-node'],
    ['lose-node', 'write lose-node=NODE'],
    ['lose-node=tx2-1:now', 'too many parts'],
    ['scale-link=pi-1-uplink:fast', 'write scale-link=LINK:FACTOR'],
    ['set-link=pi-1-uplink', 'write set-link=LINK:BYTES_PER_SECOND'],
    ['burst=cam-1:resnet50:0', 'write burst=CAMERA:APPLICATION:COUNT:FRAMES'],
  ])('refuses %s', (text, message) => {
    expect(() => parseEdit(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }))
  })
})

it.each([
  ['now', { kind: 'now' }],
  ['#12', { kind: 'sequence', sequence: 12 }],
  ['10m', { kind: 'time', timeMs: 1_000_000_000_000 - 600_000 }],
  ['2026-11-21T08:00:00Z', { kind: 'time', timeMs: Date.UTC(2026, 10, 21, 8) }],
])('parseBase %s', (text, base) => expect(parseBase(text, 1_000_000_000_000)).toEqual(base))
it('parseBase refuses the rest', () => expect(() => parseBase('yesterday', 0)).toThrow("--at 'yesterday'"))

describe('toQuery', () => {
  it('without a file and flags is the contract’s default', () => {
    expect(toQuery({ place: 'the question', fields: {} }, {}, 0)).toEqual(whatIfQueryShape.parse({}))
  })
  it('joins edits; other flags win over the file', () => {
    const fields = { workload: 'waiting', delta2: 3, edits: [{ kind: 'lose-node', node: 'tx2-1' }] }
    const flags = {
      edit: ['cordon-node=tx2-2'],
      burst: ['cam-1:alexnet:2:5'],
      delta1: 0.5,
      delta2: 4,
      granularity: 'block',
      at: '#7',
    } as const
    expect(toQuery({ place: 'q.yaml', fields }, flags, 0)).toMatchObject({
      base: { kind: 'sequence', sequence: 7 },
      workload: 'waiting',
      granularity: 'block',
      delta1Seconds: 0.5,
      delta2: 4,
      edits: [
        { kind: 'lose-node', node: 'tx2-1' },
        { kind: 'cordon-node', node: 'tx2-2' },
        { kind: 'burst', camera: 'cam-1', application: 'alexnet', count: 2, frames: 5 },
      ],
    })
  })
  it('names the field and the place', () => {
    expect(() => toQuery({ place: 'q.yaml', fields: { granularity: 'pixel' } }, {}, 0)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('q.yaml cannot be used: granularity') }),
    )
  })
})
