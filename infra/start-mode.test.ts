import { afterEach, describe, expect, it } from '@jest/globals'
import type { LoopMode } from '../models/events/decision-events.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { startMode } from './start-mode.ts'
import { silent } from './testing/journaled-site.ts'

let stop = () => {}
afterEach(() => stop())

function start({ state, ...given }: { mode?: LoopMode; isShared: boolean; mayAct?: () => boolean; state: Partial<TwinState> }) {
  const told: object[] = []
  const publish = async (events: readonly object[]) => {
    told.push(...events)
    return []
  }
  const options = { site: 'lab', mode: 'auto' as const, mayAct: () => true, publish, lookMs: 1, clock: () => 7, log: silent }
  const started = startMode({ ...options, state: () => ({ ...emptyTwin, ...state }), ...given })
  stop = started.stop
  return { told, first: started.first }
}

describe('the mode at start', () => {
  it.each([
    ['alone, never set', false, { loopMode: 'observe', loopModeBy: null }, true],
    ['alone, set by a person', false, { loopMode: 'observe', loopModeBy: 'ann' }, true],
    ['alone, already so', false, { loopMode: 'auto', loopModeBy: 'ann' }, false],
    ['shared, never set', true, { loopMode: 'observe', loopModeBy: null }, true],
    ['shared, set by an earlier start', true, { loopMode: 'approve', loopModeBy: 'start' }, true],
    ['shared, set by a person', true, { loopMode: 'observe', loopModeBy: 'ann' }, false],
  ] as const)('%s', async (_, isShared, state, isTold) => {
    const { told, first } = start({ isShared, state })
    await first
    expect(told).toEqual(
      isTold ? [{ type: 'loop.modeChanged', site: 'lab', timeMs: 7, source: 'operator', mode: 'auto', by: 'start' }] : [],
    )
  })

  it('waits until the site is ours, and is told once', async () => {
    let isOurs = false
    const { told, first } = start({ isShared: true, mayAct: () => isOurs, state: {} })
    await first
    expect(told).toEqual([])
    isOurs = true
    while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told).toHaveLength(1)
  })
})
