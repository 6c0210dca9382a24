import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { StreamChange } from '../../models/contracts/stream.ts'
import { aPod, aTwinApi } from './a-twin-api.ts'
import { createBoard } from './conflation.ts'

const status = aTwinApi().api.status()
const podChange = (pod: number, timeMs: number | null): StreamChange => ({
  kind: 'pod',
  name: `p${pod}`,
  value: timeMs === null ? null : aPod(`p${pod}`, { timeMs }),
})

type Step = { readonly do: 'publish'; readonly changes: readonly StreamChange[] } | { readonly do: 'take' } | { readonly do: 'snapshot' }
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(fc.tuple(fc.nat(8), fc.option(fc.integer({ min: 1, max: 99 }), { freq: 3 })), { maxLength: 5 })
      .map((rows) => ({ do: 'publish' as const, changes: rows.map(([pod, timeMs]) => podChange(pod, timeMs)) })),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'take' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'snapshot' as const }) },
)

describe('a follower', () => {
  it('ends at the newest values whenever it reads, by a chain without silent gaps, holding no more names than there are entities', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 60 }), (steps) => {
        const board = createBoard('epoch', status)
        const follower = board.follow()
        const truth = new Map<string, unknown>()
        const view = new Map<string, unknown>()
        let revision = -1
        const put = (target: Map<string, unknown>, { name, value }: StreamChange) =>
          value === null ? target.delete(name) : target.set(name, value)
        const adoptSnapshot = () => {
          const snapshot = follower.snapshot()
          view.clear()
          for (const change of snapshot.changes) put(view, change)
          revision = snapshot.revision
        }
        const take = () => {
          const patch = follower.patch(1)
          if (patch === null) return
          if (patch.from !== revision) return adoptSnapshot()
          for (const change of patch.changes) put(view, change)
          revision = patch.to
        }
        for (const step of steps) {
          if (step.do === 'take') take()
          else if (step.do === 'snapshot') adoptSnapshot()
          else {
            for (const change of step.changes) put(truth, change)
            board.publish({ status, entities: step.changes })
          }
          expect(follower.pendingCount()).toBeLessThanOrEqual(board.entityCount())
        }
        if (revision < 0) adoptSnapshot()
        take()
        expect(view).toEqual(truth)
        expect(revision).toBe(board.revision())
      }),
      { seed: 20_261_121, numRuns: 500 },
    )
  })

  it('keeps the last value of what changed twice', () => {
    const board = createBoard('epoch', status)
    board.fill([podChange(1, 1)])
    const follower = board.follow()
    follower.snapshot()
    board.publish({ status, entities: [podChange(1, 2)] })
    board.publish({ status, entities: [podChange(1, 3)] })
    expect(follower.patch(9)).toEqual({ epoch: 'epoch', from: 0, to: 2, sentMs: 9, status, changes: [podChange(1, 3)] })
    expect(follower.patch(9)).toBeNull()
  })

  it('says that an entity was forgotten, and repeats the gap until a snapshot is taken', () => {
    const board = createBoard('epoch', status)
    board.fill([podChange(1, 1), podChange(2, 1)])
    const follower = board.follow()
    follower.snapshot()
    board.publish({ status, entities: [podChange(1, null)] })
    expect(follower.patch(0)?.changes).toEqual([podChange(1, null)])
    board.publish({ status, entities: [podChange(2, null)] })
    expect(follower.patch(0)).toMatchObject({ from: 2, to: 2, changes: [] })
    board.publish({ status, entities: [podChange(3, 1)] })
    expect(follower.patch(0)).toMatchObject({ from: 3, to: 3, changes: [] })
    expect(follower.snapshot().changes).toEqual([podChange(3, 1)])
  })

  it('tells nothing before the first snapshot', () => {
    const board = createBoard('epoch', status)
    const follower = board.follow()
    board.publish({ status, entities: [podChange(1, 1)] })
    expect(follower.patch(0)).toBeNull()
  })
})

it('a state that is read late does not undo changes that came before it', () => {
  const board = createBoard('epoch', status)
  board.publish({ status, entities: [podChange(1, 5), podChange(2, null)] })
  board.fill([podChange(1, 1), podChange(2, 1), podChange(3, 1)])
  expect(board.follow().snapshot().changes).toEqual(expect.arrayContaining([podChange(1, 5), podChange(3, 1)]))
  expect(board.entityCount()).toBe(2)
})
