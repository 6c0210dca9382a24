import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { StreamChange, StreamPatch, StreamStatus } from '../../../../models/contracts/stream.ts'
import { aNewAccelerator } from '../../../../models/entities/accelerator.ts'
import { aNewNode } from '../../../../models/entities/node.ts'
import { applyPatch, applySnapshot, EMPTY_VIEW, type TwinView, viewOfState } from './view.ts'

const status: StreamStatus = {
  sequence: 7,
  site: 'lab',
  clockMs: 1_000,
  loopMode: 'observe',
  counts: { applied: 7, superseded: 0, divergent: 0 },
  divergences: [],
  loopStatus: 'observing',
  troubles: [],
}
const nodeChange = (name: string, mode: 'ready' | 'gone' = 'ready'): StreamChange => ({
  kind: 'node',
  name,
  value: { ...aNewNode(name), mode },
})
const snapshotOf = (changes: StreamChange[]) => ({ epoch: 'e1', revision: 3, status, changes })
const patchOf = (patch: Partial<StreamPatch>): StreamPatch => ({ epoch: 'e1', from: 3, to: 4, sentMs: 0, status, changes: [], ...patch })

describe('applySnapshot', () => {
  it('replaces everything that was known', () => {
    const view = applySnapshot(
      snapshotOf([nodeChange('pi-1'), { kind: 'accelerator', name: 'pi-1/cpu0', value: aNewAccelerator('pi-1/cpu0') }]),
    )
    expect([...view.entities.node.keys()]).toEqual(['pi-1'])
    expect([...view.entities.accelerator.keys()]).toEqual(['pi-1/cpu0'])
    expect(view.revision).toBe(3)
    expect(EMPTY_VIEW.entities.node.size).toBe(0)
  })
})

describe('applyPatch', () => {
  const view = applySnapshot(snapshotOf([nodeChange('pi-1')]))

  it('changes, adds and forgets, and leaves the view before it alone', () => {
    const changes = [nodeChange('pi-1', 'gone'), nodeChange('pi-2'), { kind: 'node', name: 'pi-3', value: null } as const]
    const next = applyPatch(view, patchOf({ changes }))!
    expect(next.revision).toBe(4)
    expect(next.entities.node.get('pi-1')?.mode).toBe('gone')
    expect([...next.entities.node.keys()]).toEqual(['pi-1', 'pi-2'])
    expect(view.entities.node.get('pi-1')?.mode).toBe('ready')
    const emptied = applyPatch(next, patchOf({ from: 4, to: 5, changes: [{ kind: 'node', name: 'pi-1', value: null }] }))!
    expect([...emptied.entities.node.keys()]).toEqual(['pi-2'])
  })

  it.each([
    ['a gap', { from: 4, to: 5 }],
    ['a patch seen before', { from: 2, to: 3 }],
    ['another epoch', { epoch: 'e2' }],
  ])('refuses %s', (_, patch) => {
    expect(applyPatch(view, patchOf(patch))).toBeNull()
  })

  it('keeps untouched kinds the same object, so that nothing is worked out again for them', () => {
    const next = applyPatch(view, patchOf({ changes: [nodeChange('pi-2')] }))!
    expect(next.entities.pod).toBe(view.entities.pod)
    expect(applyPatch(view, patchOf({}))!.entities).toBe(view.entities)
  })

  it('ends where one patch with the newest values ends, however they are cut', () => {
    const change = fc.record({ name: fc.constantFrom('a', 'b', 'c'), mode: fc.constantFrom('ready', 'gone', null) })
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 6 }), (batches) => {
        const toChange = ({ name, mode }: { name: string; mode: 'ready' | 'gone' | null }): StreamChange =>
          mode === null ? { kind: 'node', name, value: null } : nodeChange(name, mode)
        let step: TwinView = view
        for (const [index, batch] of batches.entries()) {
          step = applyPatch(step, patchOf({ from: 3 + index, to: 4 + index, changes: batch.map(toChange) }))!
        }
        const whole = applyPatch(view, patchOf({ changes: batches.flat().map(toChange) }))!
        expect(new Map([...step.entities.node].sort())).toEqual(new Map([...whole.entities.node].sort()))
      }),
      { seed: 1, numRuns: 200 },
    )
  })
})

it('viewOfState shows a whole past twin', () => {
  const none = { camera: [], link: [], pod: [], request: [], job: [], decision: [] }
  const entities = { ...none, node: [aNewNode('pi-1')], accelerator: [aNewAccelerator('pi-1/cpu0')] }
  const { sequence, site, clockMs, loopMode, counts, divergences } = status
  const view = viewOfState({ version: 1, sequence, site, clockMs, loopMode, counts, divergences, positions: [], entities })
  expect(view.entities.accelerator.has('pi-1/cpu0')).toBe(true)
  expect(view.status?.clockMs).toBe(1_000)
})
