import { expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { aDecision, aDecisionMade, aLoopModeChanged } from '../models/testing/events.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { whyGated } from './why-gated.ts'

const POD = 'r-1-infer'
const waiting = [...dhsEvents(), ...podEvents('r-1', { camera: 'cam-1' })]
const plan = aDecision({ id: 'd-7' })
const planned = aDecisionMade({ decision: { ...plan, placements: plan.placements.map((each) => ({ ...each, pod: POD })) } })

function why(...events: TwinEvent[]): string | null {
  const state = applyEvents(emptyTwin, journaled([...waiting, ...events]))
  return whyGated(state, state.entities.pod.get(POD), defaultRegistry())
}

it('says what would let it go: another mode, or the approval of its plan', () => {
  expect(why(aLoopModeChanged({ mode: 'observe' }))).toMatch(/mode observe, which places nothing; `twinctl loop auto`/)
  expect(why(aLoopModeChanged({ mode: 'approve' }))).toBeNull()
  expect(why(aLoopModeChanged({ mode: 'approve' }), planned)).toBe('a plan for it waits for approval: `twinctl plan approve d-7`')
  expect(why(aLoopModeChanged({ mode: 'auto' }), planned)).toBeNull()
})
