import { afterEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { io, type Socket } from 'socket.io-client'
import type { StreamPatch, StreamSnapshot } from '../../models/contracts/stream.ts'
import { streamPatchShape, streamSnapshotShape } from '../../models/contracts/stream.ts'
import { aNode, aPod, aTwinApi, type TwinStandIn } from './a-twin-api.ts'
import { type RunningServer, runServer, type ServerOptions } from './server.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function aServer(standIn: TwinStandIn, options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await runServer({
    api: standIn.api,
    host: '127.0.0.1',
    port: 0,
    metrics: async () => '',
    log: silent,
    clock: Date.now,
    ...options,
  })
  cleanUps.push(server.stop)
  return server
}

interface View {
  epoch: string
  revision: number
  sequence: number
  readonly entities: Map<string, unknown>
}

/** A client as the protocol asks for; `ackDelayMs` and `loses` make it slow and forgetful. */
function aViewer(url: string, { auth = {}, ackDelayMs = 0, loses = (_: number): boolean => false, headers = {} } = {}) {
  const socket: Socket = io(`${url}/twin`, { transports: ['websocket'], auth, reconnection: false, forceNew: true, extraHeaders: headers })
  cleanUps.push(() => socket.disconnect())
  const view: View = { epoch: '', revision: -1, sequence: -1, entities: new Map() }
  const patches: StreamPatch[] = []
  let resyncCount = 0
  const adopt = (snapshot: StreamSnapshot) => {
    Object.assign(view, { epoch: snapshot.epoch, revision: snapshot.revision, sequence: snapshot.status.sequence })
    view.entities.clear()
    for (const { kind, name, value } of snapshot.changes) view.entities.set(`${kind} ${name}`, value)
  }
  socket.on('patch', (patch: StreamPatch, ack: () => void) => {
    if (ackDelayMs > 0) setTimeout(ack, ackDelayMs).unref()
    else ack()
    patches.push(patch)
    if (loses(patches.length)) return
    if (patch.from !== view.revision || patch.epoch !== view.epoch) {
      resyncCount += 1
      socket.emit('resync', adopt)
      return
    }
    Object.assign(view, { revision: patch.to, sequence: patch.status.sequence })
    for (const { kind, name, value } of patch.changes) {
      if (value === null) view.entities.delete(`${kind} ${name}`)
      else view.entities.set(`${kind} ${name}`, value)
    }
  })
  return {
    socket,
    view,
    patches,
    resyncCount: () => resyncCount,
    subscribe: async () => {
      const snapshot: StreamSnapshot = await socket.emitWithAck('subscribe')
      adopt(snapshot)
      return snapshot
    },
  }
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 400; turn++) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`never came: ${what}`)
}

async function truthOf({ api }: TwinStandIn): Promise<Map<string, unknown>> {
  const { state } = await api.state({ kind: 'now' })
  const rows = Object.values(state.entities).flat()
  return new Map(rows.map((entity) => [`${entity.kind} ${'name' in entity ? entity.name : entity.id}`, entity]))
}

describe('the stream', () => {
  it('gives a snapshot and patches of the shapes of the contract', async () => {
    const standIn = aTwinApi()
    const { url } = await aServer(standIn)
    const viewer = aViewer(url)
    const snapshot = streamSnapshotShape.parse(await viewer.subscribe())
    expect(snapshot.changes.map(({ name }) => name).sort()).toEqual(['pi-1', 'pi-1/cpu0', 'plan-1'])
    standIn.change([{ kind: 'node', name: 'pi-2', value: aNode('pi-2') }])
    await until(() => viewer.patches.length === 1, 'the patch')
    const patch = streamPatchShape.parse(viewer.patches[0])
    expect(patch).toMatchObject({ from: snapshot.revision, to: snapshot.revision + 1, status: { sequence: 1 } })
    expect(patch.changes.map(({ name }) => name)).toEqual(['pi-2'])
  })

  it('brings every client to the same twin: a quick one, one that acknowledges late and one that misses patches', async () => {
    const changes = fc.sample(
      fc.array(fc.record({ pod: fc.nat(12), timeMs: fc.integer({ min: 1, max: 1e6 }), gone: fc.boolean() }, { noNullPrototype: true }), {
        minLength: 1,
        maxLength: 6,
      }),
      { numRuns: 150, seed: 7 },
    )
    // More entities than ever change between two patches, so that only what a viewer loses makes a gap.
    const standIn = aTwinApi(Array.from({ length: 40 }, (_, index) => aNode(`n${index}`)))
    const { url } = await aServer(standIn, { limits: { patchIntervalMs: 10, messagesPerSecond: 1_000 } })
    let isLossy = true
    const viewers = [aViewer(url), aViewer(url, { ackDelayMs: 150 }), aViewer(url, { loses: (count) => isLossy && count % 3 === 0 })]
    for (const viewer of viewers) await viewer.subscribe()
    for (const change of changes) {
      standIn.change(
        change.map(({ pod, timeMs, gone }) => ({ kind: 'pod', name: `p${pod}`, value: gone ? null : aPod(`p${pod}`, { timeMs }) })),
      )
      await new Promise((resolve) => setTimeout(resolve, 3))
    }
    await until(() => viewers[1]!.view.sequence === changes.length, 'the last change at the slow viewer')
    isLossy = false
    // One more change shows a viewer that lost its last patch that it has a gap.
    standIn.change([])
    await until(() => viewers.every(({ view }) => view.sequence > changes.length), 'the end')
    const truth = await truthOf(standIn)
    for (const { view } of viewers) expect(view.entities).toEqual(truth)
    expect(viewers[2]!.resyncCount()).toBeGreaterThan(0)
    expect(viewers[1]!.patches.length).toBeLessThan(viewers[0]!.patches.length)
    for (const { patches } of viewers.slice(0, 2)) {
      expect(patches.slice(1).map(({ from }) => from)).toEqual(patches.slice(0, -1).map(({ to }) => to))
    }
  })

  it('holds no more than the names of the entities for a client that never acknowledges, then ends it with a reason', async () => {
    const standIn = aTwinApi(Array.from({ length: 50 }, (_, index) => aPod(`p${index}`)))
    const { url, stream } = await aServer(standIn, { limits: { ackTimeoutMs: 300, patchIntervalMs: 10 } })
    const viewer = aViewer(url, { ackDelayMs: 60_000 })
    const closed = new Promise((resolve) => viewer.socket.on('closing', resolve))
    const reason = new Promise((resolve) => viewer.socket.on('disconnect', resolve))
    await viewer.subscribe()
    standIn.change([])
    await until(() => viewer.patches.length === 1, 'the first patch')
    for (let timeMs = 2; timeMs < 5_000; timeMs++) {
      const name = `p${timeMs % 50}`
      standIn.change([{ kind: 'pod', name, value: aPod(name, { timeMs }) }])
    }
    expect(stream.pendingCountMax()).toBe(50)
    expect(await closed).toEqual({ code: 'OVERLOADED', detail: 'a patch was not acknowledged within 0.3 s; reconnect and subscribe' })
    // The transport is closed, not the namespace: clients reconnect from that by themselves.
    expect(await reason).toBe('transport close')
    expect(viewer.patches).toHaveLength(1)
    await until(() => stream.clientCount() === 0, 'the end of the client')
  })

  it('ends a client that sends too much', async () => {
    const { url } = await aServer(aTwinApi())
    const viewer = aViewer(url)
    const closed = new Promise((resolve) => viewer.socket.on('closing', resolve))
    for (let count = 0; count < 25; count++) viewer.socket.emit('noise')
    expect(await closed).toMatchObject({ code: 'RATE_LIMITED' })
  })

  it('lets a viewer come back and start over', async () => {
    const standIn = aTwinApi()
    const { url } = await aServer(standIn)
    const viewer = aViewer(url)
    const { epoch } = await viewer.subscribe()
    viewer.socket.disconnect()
    standIn.change([{ kind: 'pod', name: 'p', value: aPod('p') }])
    viewer.socket.connect()
    expect(await viewer.subscribe()).toMatchObject({ epoch, revision: 1 })
    expect(viewer.view.entities).toEqual(await truthOf(standIn))
  })

  it('piles up no snapshots for a client that asks and does not read', async () => {
    const standIn = aTwinApi(Array.from({ length: 5_000 }, (_, index) => aPod(`p${index}`)))
    const { url } = await aServer(standIn)
    const viewer = aViewer(url)
    await viewer.subscribe()
    let answerCount = 0
    for (let count = 0; count < 10; count++) viewer.socket.emit('resync', () => answerCount++)
    // The requests arrive together: the first is answered at once, of the others only the newest.
    expect((await viewer.subscribe()).changes).toHaveLength(5_000)
    expect(answerCount).toBeGreaterThanOrEqual(1)
    expect(answerCount).toBeLessThan(10)
  })

  it('refuses more sockets than its limit', async () => {
    const { url } = await aServer(aTwinApi(), { limits: { socketCountMax: 1 } })
    await aViewer(url).subscribe()
    expect(await refusalOf(aViewer(url).socket)).toMatch(/websocket error/)
  })

  it('answers only the namespace of the twin', async () => {
    const { url } = await aServer(aTwinApi())
    const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true })
    cleanUps.push(() => socket.disconnect())
    expect(await refusalOf(socket)).toMatch(/namespace \/twin/)
  })
})

describe('who may follow the stream', () => {
  it('needs the token in the handshake when one is set', async () => {
    const { url } = await aServer(aTwinApi(), { token: 'secret' })
    for (const auth of [{}, { token: '' }, { token: 'Secret' }, { token: ['secret'] }, { token: 1 }]) {
      expect(await refusalOf(aViewer(url, { auth }).socket)).toMatch(/token is missing or wrong/)
    }
    await aViewer(url, { auth: { token: 'secret' } }).subscribe()
  })

  it.each([{ origin: 'http://evil.example' }, { origin: 'null' }, { host: 'evil.example' }])(
    'refuses the handshake of %j',
    async (headers) => {
      const { url } = await aServer(aTwinApi())
      expect(await refusalOf(aViewer(url, { headers }).socket)).toMatch(/websocket error/)
    },
  )

  it('lets in the page it served', async () => {
    const { url } = await aServer(aTwinApi())
    await aViewer(url, { headers: { origin: url } }).subscribe()
  })
})

function refusalOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.on('connect_error', ({ message }) => resolve(message))
    socket.on('connect', () => reject(new Error('was let in')))
  })
}
