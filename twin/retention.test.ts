/** The twin stays as large as its site: what is over is forgotten at a tick, just after its time and not before. */
import { expect, it } from '@jest/globals'
import type { TwinEvent } from '../models/events/events.ts'
import { journaled } from '../models/testing/dhs-site.ts'
import * as told from '../models/testing/events.ts'
import { AT_MS, aDecision } from '../models/testing/events.ts'
import { applyEvents } from './fold.ts'
import { DECISIONS_KEPT, ENDED_KEPT_MS, GONE_KEPT_MS } from './retention.ts'
import { emptyTwin, type TwinState } from './twin-state.ts'

const fold = (...events: TwinEvent[]) => applyEvents(emptyTwin, journaled(events))
const sizes = ({ entities }: TwinState) => Object.values(entities).reduce((sum, map) => sum + map.size, 0)
const sampledLater = { timeMs: AT_MS + 200_000 }
const decided = [told.aDecisionMade({ decision: aDecision({ id: 'd-1' }) }), told.aPlacementApplied()]

const table: readonly [string, readonly TwinEvent[], number][] = [
  ['a pod that finished', [told.aPodCreated(), told.aPodFinished()], ENDED_KEPT_MS],
  ['a pod that failed', [told.aPodFailed()], ENDED_KEPT_MS],
  ['a pod that was evicted', [told.aPodEvicted()], ENDED_KEPT_MS],
  ['a request that completed', [told.anInferenceRequested(), told.anInferenceCompleted()], ENDED_KEPT_MS],
  ['a request that was given up', [told.anInferenceCompleted({ succeeded: false })], ENDED_KEPT_MS],
  ['a job that exited', [told.aJobStatusChanged({ status: 'Exit' })], GONE_KEPT_MS],
  ['a node that is gone', [told.aNodeObserved(), told.aNodeGone()], GONE_KEPT_MS],
  ['a gone node that its exporter still speaks of', [told.aNodeGone(), told.anExporterLost(sampledLater)], 200_000 + GONE_KEPT_MS],
  ['a camera that is gone', [told.aCameraGone()], GONE_KEPT_MS],
  ['a link that is gone', [told.aLinkGone()], GONE_KEPT_MS],
  ['an accelerator that is gone', [told.anAcceleratorObserved(), told.anAcceleratorGone()], GONE_KEPT_MS],
]
it.each(table)('%s', (_, events, keptMs) => {
  const before = sizes(fold(...events))
  expect(before).toBe(1)
  expect(sizes(fold(...events, told.aTick({ timeMs: AT_MS + keptMs })))).toBe(1)
  expect(sizes(fold(...events, told.aTick({ timeMs: AT_MS + keptMs + 1 })))).toBe(0)
})

it.each([
  ['a pod that waits', [told.aPodCreated()]],
  ['a request that waits', [told.anInferenceRequested()]],
  ['a job that is not over', [told.aJobStatusChanged({ status: 'Inferencing' })]],
  ['a node that is not ready', [told.aNodeConditionsChanged({ ready: false })]],
  ['an accelerator that failed', [told.anAcceleratorConditionsChanged({ healthy: false })]],
  ['an accelerator that only samples speak of', [told.anAcceleratorSampled()]],
  ['a camera that is offline', [told.aCameraConditionsChanged({ online: false })]],
])('%s is never forgotten', (_, events) => {
  expect(sizes(fold(...events, told.aTick({ timeMs: AT_MS + 1e9 })))).toBe(1)
})

it('a gone accelerator is kept as long as a pod is bound to it', () => {
  const held = [told.anAcceleratorObserved(), told.aPodCreated(), told.aPodBound(), told.anAcceleratorGone()]
  expect(fold(...held, told.aTick({ timeMs: AT_MS + 1e9 })).entities.accelerator.size).toBe(1)
})

it('what only a decision spoke of is forgotten with its accelerator, long after it should have been done', () => {
  const keptMs = 5_000 + GONE_KEPT_MS
  const kept = fold(...decided, told.aTick({ timeMs: AT_MS + keptMs })).entities
  expect([kept.pod.size, kept.request.size, kept.accelerator.get('tx2-1/gpu0')?.desired.pods]).toEqual([1, 1, ['r-1-infer']])
  const { pod, request, accelerator } = fold(...decided, told.aTick({ timeMs: AT_MS + keptMs + 1 })).entities
  expect([pod.size, request.size, accelerator.size]).toEqual([0, 0, 0])
})

it('the newest decisions are kept, by time and then by name, whatever the order they were heard in', () => {
  const many = Array.from({ length: DECISIONS_KEPT + 2 }, (_, index) => {
    return told.aDecisionMade({
      timeMs: AT_MS + (index < 3 ? 0 : index),
      decision: aDecision({ id: `d-${String(index).padStart(3, '0')}` }),
    })
  })
  const kept = (events: readonly TwinEvent[]) => [...fold(...events, told.aTick({ timeMs: AT_MS + 1_000 })).entities.decision.keys()].sort()
  expect(kept(many)).toHaveLength(DECISIONS_KEPT)
  expect(kept(many)[0]).toBe('d-002')
  expect(kept([...many].reverse())).toEqual(kept(many))
})
