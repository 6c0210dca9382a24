import { expect, it } from '@jest/globals'
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { anApiModel } from '../testing/api-model.ts'
import { openLedger } from './ledger.ts'
import { markActed, settle, type Term, takeOver } from './ledger-state.ts'

function aServer(before: (wanted: KubeRequest) => void = () => {}, after: (wanted: KubeRequest) => void = () => {}) {
  const api = anApiModel({ nowMs: () => 0, later: () => {}, podCount: 0, onTaken: () => {} })
  const waitedMs: number[] = []
  const client: KubeClient = {
    server: 'https://model',
    async request<T>(wanted: KubeRequest): Promise<T> {
      before(wanted)
      const value = structuredClone(api.handle(wanted))
      after(wanted)
      return value as T
    },
    watch: () => Promise.reject(new Error('not part of the model')),
    close: () => {},
  }
  const open = (some: { readonly isDryRun?: boolean } = {}) =>
    openLedger({ client, random: () => 1, wait: async (ms) => void waitedMs.push(ms), ...some })
  return { api, open, waitedMs }
}
const over = (holder: string) => (now: Parameters<typeof takeOver>[0]) => takeOver(now, { holder, epochMin: 0 })
const termOf = (holder: string, epoch: number): Term => ({ holder, epoch })

it('changes only what nobody else has changed since, and reads again when somebody has', async () => {
  const { open } = aServer()
  const [one, two] = [open(), open()]
  await one.change(over('one'))
  await two.change(over('two'))
  expect(await one.change(over('one'))).toMatchObject({ ok: true, ledger: { holder: 'one', epoch: 3 } })
  expect(await two.read()).toMatchObject({ holder: 'one', epoch: 3 })
})

it('never answers by what it remembers, neither yes nor no', async () => {
  const { open } = aServer()
  const [one, two] = [open(), open()]
  await one.change(over('one'))
  await two.change(over('two'))
  // Nothing to change by what it remembers: its own epoch still holds there.
  expect(await one.change((now) => settle(now, { serial: 9, term: termOf('one', 1), neverActed: true }))).toMatchObject({
    ok: false,
    kind: 'fenced',
  })
  await one.change(over('one'))
  expect(await two.change((now) => markActed(now, { serial: 9, term: termOf('one', 3) }))).toMatchObject({ ok: true })
})

it('takes a step again whose answer was lost, and has it once', async () => {
  let losses = 3
  const lost = ({ method = 'GET' }: KubeRequest) => {
    if (method !== 'GET' && losses-- > 0) throw new KubeFailure('timeout', 'no answer')
  }
  const { open, waitedMs } = aServer(() => {}, lost)
  expect(await open().change(over('one'))).toMatchObject({ ok: true, ledger: { holder: 'one', epoch: 1 } })
  expect(waitedMs).toHaveLength(1)
})

it('gives up after ten tries, and at once on what no try will change', async () => {
  const busy = aServer(() => {
    throw new KubeFailure('server', 'etcd is away', { status: 503 })
  })
  await expect(busy.open().change(over('one'))).rejects.toThrow('etcd is away')
  expect(busy.waitedMs).toHaveLength(9)
  const closed = aServer(() => {
    throw new KubeFailure('forbidden', 'configmaps is forbidden')
  })
  await expect(closed.open().change(over('one'))).rejects.toThrow('configmaps is forbidden')
  expect(closed.waitedMs).toEqual([])
})

it('in a dry run goes on with what would be there, and writes nothing', async () => {
  const { open, api } = aServer()
  const dry = open({ isDryRun: true })
  await dry.change(over('dry'))
  expect(await dry.read()).toMatchObject({ holder: 'dry', epoch: 1 })
  expect(api.ledger()).toBeNull()
})
