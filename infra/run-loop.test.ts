/** What the running loop says of itself. What it does is in loop.slow.test.ts. */
import { expect, it } from '@jest/globals'
import { defaultRegistry } from '../models/applications/registry.ts'
import { emptyTwin, type TwinState } from '../twin/twin-state.ts'
import { readConfig } from './config.ts'
import { runLoop } from './run-loop.ts'
import { silent } from './testing/journaled-site.ts'

it('says nothing of the mode before once the mode has changed', async () => {
  let twin: TwinState = { ...emptyTwin, site: 'dhs' }
  let wake = (): void => {}
  const loop = runLoop({
    state: () => twin,
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
  const looked = new Promise((resolve) => setImmediate(resolve))
  wake()
  await looked
  expect(loop.status()).toMatch(/^watching only/)
  twin = { ...twin, loopMode: 'auto' }
  expect(loop.status()).toBe('looks at the site anew in mode auto')
  await loop.stop()
})
