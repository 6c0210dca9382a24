import { afterEach, expect, it } from '@jest/globals'
import type { Placement } from '../models/contracts/decision.ts'
import { withoutRules } from '../twin/pod-rules.ts'
import { emptyTwin } from '../twin/twin-state.ts'
import { connectWhenOpen } from './connect-when-open.ts'
import type { Connected } from './run-site-twin.ts'
import { silent } from './testing/journaled-site.ts'

const placement: Placement = {
  pod: 'web-1.shop',
  request: 'r1',
  camera: 'pi-1',
  application: 'resnet50',
  stage: 'main',
  from: null,
  to: 'a/cpu0',
  image: 'example.com/resnet50:1',
  predictedStartMs: 0,
  predictedFinishMs: 1,
}
const decision = { decisionId: 'd1' }
const site: Connected = {
  sink: { apply: async ({ pod }) => ({ ok: true, pod }) as Awaited<ReturnType<Connected['sink']['apply']>> },
  rulesFor: (pod) => ({ ...withoutRules(pod), policy: 'shop/p', mode: 'approve' }),
  withRejections: (state) => ({ ...state, clockMs: 7 }),
  checks: () => [{ name: 'cluster', ok: true, detail: 'in touch', remedy: '' }],
  stop: async () => void stopCount++,
}
let stopCount = 0
let connected: Connected | undefined
afterEach(() => connected?.stop())

it('connects when the gate opens, and says until then why nothing is placed', async () => {
  let isOpen = false
  let connectCount = 0
  const connect = async () => {
    connectCount++
    return site
  }
  connected = connectWhenOpen({ site: 'lab', gate: { isOpen: () => isOpen }, connect, lookMs: 1, log: silent })
  await expect(connected.sink.apply(placement, decision)).resolves.toMatchObject({
    ok: false,
    reason: expect.stringMatching(/site lab is not connected yet: the event log/),
  })
  expect(connected.checks?.()).toMatchObject([{ name: 'site-connection', ok: false }])
  await expect(connected.gates?.whyPending('web-1.shop')).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' })
  expect(connected.rulesFor?.('web-1.shop').mode).toBe('observe')
  expect(connected.withRejections?.(emptyTwin)).toBe(emptyTwin)
  expect(connectCount).toBe(0)
  isOpen = true
  await until(() => connected?.checks?.()[0]?.ok === true)
  await expect(connected.sink.apply(placement, decision)).resolves.toMatchObject({ ok: true })
  expect(connected.rulesFor?.('web-1.shop')).toMatchObject({ policy: 'shop/p', mode: 'approve' })
  expect(connected.withRejections?.(emptyTwin).clockMs).toBe(7)
  await connected.stop()
  expect({ connectCount, stopCount }).toEqual({ connectCount: 1, stopCount: 1 })
})

it('names what is in the way of connecting, and stops while it waits', async () => {
  const connect = async () => Promise.reject(new Error('kubeconfig /nowhere cannot be read'))
  connected = connectWhenOpen({ site: 'lab', gate: { isOpen: () => true }, connect, lookMs: 1, log: silent })
  await until(() => connected?.checks?.()[0]?.detail.includes('/nowhere') === true)
  await connected.stop()
})

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1))
}
