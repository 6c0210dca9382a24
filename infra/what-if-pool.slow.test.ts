/** The pool answers what the twin would answer itself, however many workers there are, and nothing a query does outlives it. */
import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { defaultRegistry } from '../models/applications/registry.ts'
import { type WhatIfQuery, whatIfQueryShape } from '../models/contracts/what-if.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { parseScenario } from '../models/scenario/parse.ts'
import { anyHistory } from '../models/testing/any-history.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { canonicalJson } from '../twin/canonical-json.ts'
import { applyEvents } from '../twin/fold.ts'
import { runSweep, type SweepStep } from '../twin/sweep.ts'
import { emptyTwin, type TwinState, toJson } from '../twin/twin-state.ts'
import { askWhatIf } from '../twin/what-if.ts'
import { stateHash } from './state-hash.ts'
import { diffState, patchState } from './state-patch.ts'
import { createWhatIfPool, type WhatIfPool, type WhatIfPoolOptions } from './what-if-pool.ts'

const SEED = 20_271
const registry = defaultRegistry()
const start = dhsEvents()
const site = applyEvents(emptyTwin, journaled(start))
const cameras = [...site.entities.camera.keys()]

const then = (state: TwinState, events: readonly TwinEvent[]): TwinState => applyEvents(state, journaled(events, { after: state.sequence }))
const loseQuery = (node: string): WhatIfQuery => whatIfQueryShape.parse({ edits: [{ kind: 'lose-node', node }] })
const small = whatIfQueryShape.parse({})
/** Takes a good part of a second and tens of megabytes. */
const heavy = whatIfQueryShape.parse({
  workload: cameras.map((camera) => ({ camera, application: 'resnet50', count: 26 })),
  granularity: 'block',
})
const inline = (state: TwinState, query: WhatIfQuery, id: string) => askWhatIf(state, query, { id, stateHash: stateHash(state), registry })

const pools: WhatIfPool[] = []
function aPool(options: Partial<WhatIfPoolOptions> = {}): WhatIfPool {
  const pool = createWhatIfPool({ registry, workerCount: 1, ...options })
  pools.push(pool)
  return pool
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
})

describe('a patch', () => {
  it('makes the copy the twin it was taken from, between any two twins', () => {
    fc.assert(
      fc.property(anyHistory(), fc.nat(60), fc.nat(60), (history, one, other) => {
        const events = journaled(history)
        const [a, b] = [applyEvents(emptyTwin, events.slice(0, one)), applyEvents(emptyTwin, events.slice(0, other))]
        const copy = patchState(a, structuredClone(diffState(a, b)))
        expect(canonicalJson(toJson(copy))).toBe(canonicalJson(toJson(b)))
      }),
      { seed: SEED, numRuns: 200 },
    )
  })

  it('carries what changed and no more', () => {
    const next = then(site, podEvents('r-1', { camera: 'camera-pi-1' }))
    expect(diffState(site, next).changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['pod r-1-infer', 'request r-1'])
    expect(diffState(emptyTwin, site).changes).toHaveLength(Object.values(site.entities).reduce((sum, { size }) => sum + size, 0))
  })
})

describe('answers', () => {
  it.each([1, 2, 3])('of %d workers are what the twin answers itself, also while it moves on and back', async (workerCount) => {
    const pool = aPool({ workerCount })
    const later = then(site, podEvents('r-1', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0', startedMs: 1_000_000 }))
    const last = then(later, [
      { type: 'node.gone', site: 'dhs', timeMs: 1_000_500, source: 'cluster', name: 'tx2-2', reason: 'deleted' },
      ...podEvents('r-2', { camera: 'camera-tx2-1', atMs: 1_000_500 }),
    ])
    const asked = [site, later, site, last, last, later].flatMap((state, turn) =>
      [loseQuery('tx2-1'), small, whatIfQueryShape.parse({ workload: 'waiting' })].map((query, index) => ({
        state,
        query,
        id: `q-${turn}-${index}`,
      })),
    )
    const answers = await Promise.all(asked.map(({ state, query, id }) => pool.ask(state, query, { id })))
    for (const [index, { state, query, id }] of asked.entries()) expect(answers[index]).toEqual(inline(state, query, id))
  })

  it('a batch comes in order, tells its progress, and one bad question leaves the others standing', async () => {
    const queries = ['tx2-1', 'tx2-9', 'pi-1', 'edge-1', 'tx2-3'].map(loseQuery)
    const batches = await Promise.all(
      [1, 3].map(async (workerCount) => {
        const told: string[] = []
        const results = await aPool({ workerCount }).askAll(site, queries, {
          id: 'b',
          onProgress: ({ doneCount, count }) => told.push(`${doneCount}/${count}`),
        })
        expect(told).toEqual(['1/5', '2/5', '3/5', '4/5', '5/5'])
        return results
      }),
    )
    for (const results of batches) {
      expect(results.map(({ ok }) => ok)).toEqual([true, false, true, true, true])
      expect(results[1]).toMatchObject({ error: { code: 'ENTITY_UNKNOWN', details: { near: ['tx2-1', 'tx2-2', 'tx2-3'] } } })
      expect(results[2]).toEqual({ ok: true, value: inline(site, queries[2]!, 'b-3') })
    }
    expect(batches[0]).toEqual(batches[1])
  })
})

describe('bounds', () => {
  it('a query that runs too long is ended, and the next one is answered', async () => {
    const pool = aPool({ limits: { timeoutMs: 300 } })
    await expect(pool.ask(site, heavy, { id: 'q' })).rejects.toMatchObject({ code: 'QUERY_TIMEOUT', details: { timeoutMs: 300 } })
    // By another worker, which had to be told the whole twin.
    expect(await pool.ask(site, small, { id: 'q' })).toEqual(inline(site, small, 'q'))
  })

  it('a query that needs too much memory is ended, and the next one is answered', async () => {
    const pool = aPool({ limits: { heapMiB: 16, timeoutMs: 60_000 } })
    await expect(pool.ask(site, heavy, { id: 'q' })).rejects.toMatchObject({ code: 'PROBLEM_TOO_LARGE' })
    expect(await pool.ask(site, small, { id: 'q' })).toEqual(inline(site, small, 'q'))
  }, 60_000)

  it('as many wait as may, the next is refused at once, and those are all answered', async () => {
    const pool = aPool({ limits: { queueMax: 2 } })
    const asked = ['a', 'b', 'c'].map((id) => pool.ask(site, small, { id }))
    await expect(pool.ask(site, small, { id: 'd' })).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect((await Promise.all(asked)).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })

  it('batches are few and not too long', async () => {
    const pool = aPool({ limits: { batchesMax: 1, batchMax: 2 } })
    await expect(pool.askAll(site, [small, small, small], { id: 'b' })).rejects.toMatchObject({ code: 'PROBLEM_TOO_LARGE' })
    const first = pool.askAll(site, [small, small], { id: 'b' })
    await expect(pool.askAll(site, [small], { id: 'b' })).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await first).toHaveLength(2)
  })
})

describe('a job of many steps', () => {
  const scenario = parseScenario('sweep link(camera-tx2-1) 1..1000 Mbit/s steps 200 log')
  const sweepOptions = { nowMs: 1_000_000, trialCountMax: 20 }

  it('tells each step, may take longer than one step may, and its answer is what the twin answers itself', async () => {
    const [told, expected]: [SweepStep[], SweepStep[]] = [[], []]
    const answer = await aPool({ limits: { timeoutMs: 300 } }).run('sweep', site, {
      input: { scenario, ...sweepOptions },
      onStep: (step) => told.push(step),
    })
    const inlined = runSweep(site, scenario, {
      ...sweepOptions,
      registry,
      stateHash: stateHash(site),
      onPoint: (step) => expected.push(step),
    })
    expect(answer).toEqual(inlined)
    expect(told).toEqual(expected)
    expect(told.length).toBeGreaterThanOrEqual(200)
  })

  it('leaves a worker to short questions, and ends when given up', async () => {
    const pool = aPool({ workerCount: 2, limits: { timeoutMs: 1_000 } })
    const long = parseScenario('sweep link(camera-tx2-1) 1..1000 Mbit/s steps 500')
    const controller = new AbortController()
    let stepCount = 0
    const sweeps = [1, 2].map(() =>
      pool.run('sweep', site, { input: { scenario: long, ...sweepOptions }, signal: controller.signal, onStep: () => stepCount++ }),
    )
    const ended = Promise.allSettled(sweeps)
    for (let turn = 0; turn < 5; turn++) await pool.ask(site, small, { id: 'q' })
    controller.abort(new Error('enough'))
    expect(await ended).toMatchObject([{ reason: { message: 'enough' } }, { reason: { message: 'enough' } }])
    await pool.ask(site, small, { id: 'q' })
    const seen = stepCount
    await Promise.all([pool.ask(site, small, { id: 'q' }), pool.ask(site, small, { id: 'q' })])
    expect(stepCount - seen).toBeLessThanOrEqual(1)
    expect(stepCount).toBeLessThan(500)
  })
})

describe('giving up', () => {
  it('a question that waits or runs is left with the reason of its signal; others are answered', async () => {
    const pool = aPool()
    const [running, waiting] = [new AbortController(), new AbortController()]
    const first = pool.ask(site, small, { id: 'a', signal: running.signal })
    const second = pool.ask(site, small, { id: 'b', signal: waiting.signal })
    const third = pool.ask(site, small, { id: 'c' })
    waiting.abort(new Error('changed my mind'))
    running.abort(new Error('too late'))
    await expect(first).rejects.toThrow('too late')
    await expect(second).rejects.toThrow('changed my mind')
    expect((await third).id).toBe('c')
    await expect(pool.ask(site, small, { id: 'd', signal: waiting.signal })).rejects.toThrow('changed my mind')
  })

  it('a batch stops in the middle', async () => {
    const pool = aPool()
    const controller = new AbortController()
    let doneCount = 0
    const batch = pool.askAll(site, Array<WhatIfQuery>(50).fill(small), {
      id: 'b',
      signal: controller.signal,
      onProgress: (progress) => {
        doneCount = progress.doneCount
        if (doneCount === 3) controller.abort(new Error('enough'))
      },
    })
    await expect(batch).rejects.toThrow('enough')
    await pool.ask(site, small, { id: 'q' })
    expect(doneCount).toBe(3)
  })

  it('stopping refuses what waits and runs, and what comes after', async () => {
    const pool = aPool()
    const asked = ['a', 'b'].map((id) => pool.ask(site, small, { id }))
    const told = Promise.allSettled(asked)
    await pool.stop()
    const stopped = { status: 'rejected', reason: { code: 'OVERLOADED' } }
    expect(await told).toMatchObject([stopped, stopped])
    await expect(pool.ask(site, small, { id: 'c' })).rejects.toMatchObject({ code: 'OVERLOADED' })
  })
})
