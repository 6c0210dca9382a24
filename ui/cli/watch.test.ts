/** The watch against a socket.io server of our own making: order, gaps, acknowledgements. */
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { Server } from 'socket.io'
import type { StreamChange, StreamPatch, StreamSnapshot } from '../../models/contracts/stream.ts'
import { aNewNode } from '../../models/entities/node.ts'
import { type FarSide, runFarSide } from './far-side.ts'
import { watchTwin } from './watch.ts'

const status = {
  sequence: 1,
  site: 'dhs',
  clockMs: 1_000,
  loopMode: 'observe' as const,
  counts: { applied: 1, superseded: 0, divergent: 0 },
  divergences: [],
  loopStatus: '',
  troubles: [],
}
const change = (name: string): StreamChange => ({ kind: 'node', name, value: aNewNode(name) })
const snapshot = (revision: number, name: string): StreamSnapshot => ({ epoch: 'e', revision, status, changes: [change(name)] })
const patch = (from: number, to: number, name: string): StreamPatch => ({
  epoch: 'e',
  from,
  to,
  sentMs: 0,
  status,
  changes: [change(name)],
})

let far: FarSide
let io: Server
beforeEach(async () => {
  far = await runFarSide(() => undefined)
  io = new Server(far.http, { transports: ['websocket'] })
})
afterEach(() => io.close())

it('prints the snapshot, then patches in order; a gap asks for a new snapshot', async () => {
  const asked: string[] = []
  io.of('/twin').on('connection', async (socket) => {
    socket.on('subscribe', (_, ack) => {
      asked.push(`subscribe ${socket.handshake.auth.token}`)
      ack(snapshot(1, 'first'))
      void (async () => {
        for (const each of [patch(1, 2, 'second'), patch(5, 6, 'lost'), patch(9, 10, 'third')]) {
          await socket.emitWithAck('patch', each)
          asked.push(`ack ${each.to}`)
        }
      })()
    })
    socket.on('resync', (_, ack) => {
      asked.push('resync')
      ack(snapshot(9, 'again'))
    })
  })
  const seen: string[] = []
  const stop = new AbortController()
  await watchTwin(
    { server: far.url, token: async () => 'secret', requestTimeoutMs: 5_000 },
    {
      signal: stop.signal,
      onNotice: () => undefined,
      onChanges: async (changes, { clockMs }) => {
        seen.push(...changes.map(({ name }) => `${name} ${clockMs}`))
        if (seen.includes('third 1000')) stop.abort()
      },
    },
  )
  expect(seen).toEqual(['first 1000', 'second 1000', 'again 1000', 'third 1000'])
  expect(asked).toEqual(['subscribe secret', 'ack 2', 'resync', 'ack 6'])
})

it('says that the token is wrong', async () => {
  io.of('/twin').use((_, next) => next(Object.assign(new Error('the token is missing'), { data: { code: 'UNAUTHORIZED' } })))
  const watching = watchTwin(
    { server: far.url, token: async () => undefined, requestTimeoutMs: 5_000 },
    { signal: new AbortController().signal, onNotice: () => undefined, onChanges: async () => undefined },
  )
  await expect(watching).rejects.toMatchObject({ code: 'UNAUTHORIZED' })
})
