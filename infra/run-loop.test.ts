/** What the running loop says of itself. What it does is in loop.slow.test.ts. */
import { expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { readConfig } from './config.ts'
import { runLoop } from './run-loop.ts'
import { silent } from './testing/journaled-site.ts'

function aLoop(state: () => TwinState, waitsFor?: () => string | null) {
  let wake = (): void => {}
  const loop = runLoop({
    state,
    waitsFor,
    publish: async () => {},
    sink: { apply: async ({ pod }) => ({ ok: false, pod, reason: 'nothing is to be placed' }) },
    registry: defaultRegistry(),
    settings: readConfig({ flags: {}, environment: {} }),
    clock: () => 0,
    log: silent,
    periodMs: 1,
    timer: (_, run) => {
      wake = run
      return () => {}
    },
  })
  const look = async (): Promise<string> => {
    wake()
    await new Promise((resolve) => setImmediate(resolve))
    return loop.status()
  }
  return { ...loop, look }
}

it('says nothing of the mode before once the mode has changed', async () => {
  let twin: TwinState = { ...emptyTwin, site: 'dhs' }
  const loop = aLoop(() => twin)
  expect(await loop.look()).toMatch(/^watching only/)
  twin = { ...twin, loopMode: 'auto' }
  expect(loop.status()).toBe('looks at the site anew in mode auto')
  await loop.stop()
})

it('makes no plan that must fail while another leads, and begins when it leads itself', async () => {
  let leader: string | null = 'twin-b leads'
  const loop = aLoop(
    () => ({ ...emptyTwin, site: 'dhs', loopMode: 'auto' }),
    () => leader,
  )
  expect(await loop.look()).toBe('waits: twin-b leads')
  leader = null
  expect(await loop.look()).toBe('nothing calls for another placement')
  await loop.stop()
})
