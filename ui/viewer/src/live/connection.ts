/**
 * Keeps the live twin in step with the server over socket.io: one snapshot, then patches, each acknowledged.
 * Nothing depends on the transport recovering a connection: after a gap or a reconnect a whole snapshot comes.
 */
import { io, type Socket } from 'socket.io-client'
import type { StreamPatch, StreamSnapshot } from '../../../../models/contracts/stream.ts'
import type { ErrorCode } from '../../../../models/errors.ts'
import type { TwinStore } from './store.ts'
import { applyPatch, applySnapshot } from './view.ts'

/** The clock of a healthy server ticks at least every second. */
export const STALE_AFTER_MS = 10_000
const SNAPSHOT_TIMEOUT_MS = 10_000
const REFUSED_PAUSE_MS = 5_000
const REFUSALS: readonly unknown[] = ['UNAUTHORIZED', 'FORBIDDEN'] satisfies readonly ErrorCode[]

interface FromServer {
  patch: (patch: StreamPatch, ack?: () => void) => void
}
interface ToServer {
  subscribe: (ack: (snapshot: StreamSnapshot) => void) => void
  resync: (ack: (snapshot: StreamSnapshot) => void) => void
}

/** @returns a function that ends the connection. */
export function runConnection(store: TwinStore, token: () => string | null): () => void {
  const socket: Socket<FromServer, ToServer> = io('/twin', {
    transports: ['websocket'],
    auth: (send) => send(token() === null ? {} : { token: token() }),
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
  })
  let live = store.get().live
  let resyncing = false

  const fetchSnapshot = async (request: 'subscribe' | 'resync') => {
    if (resyncing) return
    resyncing = true
    try {
      const snapshot = await socket.timeout(SNAPSHOT_TIMEOUT_MS).emitWithAck(request)
      live = applySnapshot(snapshot)
      store.setLive(live, { receivedMs: Date.now(), latencyMs: null })
      store.setConnection('live', Date.now())
    } catch {
      // No answer: start over with a new connection rather than show a twin that may be wrong.
      if (socket.connected) socket.disconnect().connect()
    } finally {
      resyncing = false
    }
  }

  socket.on('connect', () => void fetchSnapshot('subscribe'))
  socket.on('patch', (patch, ack) => {
    ack?.()
    // What comes before the answer to a resync is part of that answer.
    if (resyncing) return
    const next = applyPatch(live, patch)
    if (next === null) {
      void fetchSnapshot('resync')
      return
    }
    live = next
    store.setLive(live, { receivedMs: Date.now(), latencyMs: Math.max(0, Date.now() - patch.sentMs) })
    store.setConnection('live', Date.now())
  })
  // The manager retries what the network broke; what the server ended has to be begun again here.
  const retry = () => {
    if (!socket.active) setTimeout(() => socket.connect(), REFUSED_PAUSE_MS)
  }
  socket.on('disconnect', () => {
    store.setConnection('reconnecting', Date.now())
    retry()
  })
  socket.on('connect_error', (error) => {
    const lost = store.get().connection.lastUpdateMs === null ? 'connecting' : 'reconnecting'
    const isRefused = REFUSALS.includes(Object(Reflect.get(error, 'data')).code)
    store.setConnection(isRefused ? 'unauthorized' : lost, Date.now(), isRefused ? error.message : '')
    retry()
  })

  const watch = watchSilence(store)
  return () => {
    clearInterval(watch)
    socket.disconnect()
  }
}

/** A server that lives but tells nothing is as bad as none: say so. */
function watchSilence(store: TwinStore): ReturnType<typeof setInterval> {
  return setInterval(() => {
    const { state, lastUpdateMs } = store.get().connection
    if (state === 'live' && lastUpdateMs !== null && Date.now() - lastUpdateMs > STALE_AFTER_MS) store.setConnection('stale', Date.now())
  }, 1_000)
}
