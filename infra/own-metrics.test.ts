import { expect, it } from '@jest/globals'
import type { TwinEvent } from '../models/events/events.ts'
import { parseExposition } from '../models/exposition/exposition.ts'
import { journaled } from '../models/testing/dhs-site.ts'
import {
  aCameraObserved,
  aDecisionMade,
  aLinkObserved,
  aNodeObserved,
  anAcceleratorObserved,
  anAcceleratorSampled,
  aPlacementVerified,
  aPodCreated,
} from '../models/testing/events.ts'
import { applyEvents } from '../twin/fold.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { makeOwnMetrics } from './own-metrics.ts'

const SERIES_MAX = 2_000

async function seriesOf(size: number): Promise<number> {
  const events = Array.from({ length: size }, (_, i): TwinEvent[] => [
    aNodeObserved({ name: `node-${i}` }),
    aCameraObserved({ name: `camera-${i}` }),
    anAcceleratorObserved({ name: `node-${i}/gpu0` }),
    anAcceleratorSampled({ name: `node-${i}/gpu0` }),
    aLinkObserved({ name: `link-${i}` }),
    aPodCreated({ name: `pod-${i}` }),
    aDecisionMade(),
    aPlacementVerified(),
  ]).flat()
  const journal = journaled(events)
  const state = applyEvents(emptyTwin, journal)
  const counts = { received: events.length, applied: events.length, superseded: 0, duplicate: 0, dead: 0 }
  const metrics = makeOwnMetrics({ state: () => state, counts: () => counts })
  metrics.onApplied(emptyTwin, state, journal)
  metrics.observeWhatIf(0.01)
  expect(state.entities.node.size).toBe(size)
  return parseExposition(await metrics.text()).samples.length
}

it('has a bounded number of series, however large the site', async () => {
  const ofOne = await seriesOf(1)
  expect(ofOne).toBeLessThanOrEqual(SERIES_MAX)
  // Give or take what prom-client says of the resources that Node has open and the kinds of garbage collection it saw.
  expect(Math.abs((await seriesOf(3_000)) - ofOne)).toBeLessThan(50)
})
