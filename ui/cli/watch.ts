/**
 * Follows the twin over socket.io and hands over what changed, as long as nobody stops it.
 * Each patch is acknowledged when it was printed, so a slow reader gets fewer and newer values instead of a backlog.
 */
import { io, type Socket } from 'socket.io-client'
import type { StreamChange, StreamPatch } from '../../models/contracts/stream.ts'
import { streamPatchShape, streamSnapshotShape } from '../../models/contracts/stream.ts'
import { TwinError } from '../../models/errors.ts'
import { isErrorCode, type RestOptions, TOKEN_REMEDY, toBase, toUnreachable } from './rest-client.ts'

export interface WatchOptions {
  readonly onChanges: (changes: readonly StreamChange[], options: { readonly clockMs: number }) => Promise<void>
  /** The connection was lost or found again. */
  readonly onNotice: (text: string) => void
  readonly signal: AbortSignal
}

/** Resolves when `signal` is aborted. @throws TwinError SERVER_UNREACHABLE, UNAUTHORIZED or RATE_LIMITED */
export function watchTwin(rest: RestOptions, { onChanges, onNotice, signal }: WatchOptions): Promise<void> {
  const base = toBase(rest.server)
  const noToken = Promise.withResolvers<never>()
  const socket = io(new URL('/twin', base).href, {
    path: `${base.pathname}socket.io`,
    transports: ['websocket'],
    timeout: rest.requestTimeoutMs,
    auth: (send) => rest.token().then((token) => send(token === undefined ? {} : { token }), noToken.reject),
  })
  return new Promise((resolve, reject) => {
    let wasConnected = false
    let known: { epoch: string; revision: number } | null = null
    // One after the other, as they came. At most two wait: the server sends the next patch only after an acknowledgement.
    let printing = Promise.resolve()
    const print = (changes: readonly StreamChange[], { clockMs }: { clockMs: number }) => {
      printing = printing.then(() => onChanges(changes, { clockMs }))
      printing.catch(leave)
      return printing
    }
    const leave = (error?: unknown) => {
      socket.disconnect()
      if (error === undefined) resolve()
      else reject(error)
    }
    const fill = (request: 'subscribe' | 'resync') => {
      known = null
      // A callback, not a promise: patches may come with the snapshot, in the same turn of the loop.
      socket.timeout(rest.requestTimeoutMs).emit(request, {}, (error: Error | null, answer: unknown) => {
        const snapshot = streamSnapshotShape.safeParse(answer)
        if (error !== null || !snapshot.success) return leave(error ?? notUnderstood(base))
        const { epoch, revision, changes, status } = snapshot.data
        known = { epoch, revision }
        print(changes, status)
      })
    }
    const take = async (patch: StreamPatch) => {
      // What comes before the snapshot is in the snapshot.
      if (known === null) return
      if (patch.epoch !== known.epoch || patch.from !== known.revision) return fill('resync')
      known = { epoch: patch.epoch, revision: patch.to }
      await print(patch.changes, patch.status)
    }
    noToken.promise.catch(leave)
    signal.addEventListener('abort', () => leave())
    socket.on('connect', () => {
      if (wasConnected) onNotice('connected again')
      wasConnected = true
      fill('subscribe')
    })
    socket.on('patch', (received: unknown, ack: () => void) => {
      const patch = streamPatchShape.safeParse(received)
      if (patch.success) take(patch.data).then(ack, leave)
      else leave(notUnderstood(base))
    })
    sayConnection(socket, onNotice)
    socket.on('connect_error', (error) => {
      const code = Reflect.get(Object(Reflect.get(error, 'data')), 'code')
      if (code === 'UNAUTHORIZED') leave(new TwinError('UNAUTHORIZED', error.message + TOKEN_REMEDY))
      // Who is refused is not asked again by socket.io.
      else if (isErrorCode(code)) leave(new TwinError(code, error.message))
      else if (!wasConnected) leave(toUnreachable(base, { cause: error, timeoutMs: rest.requestTimeoutMs }))
    })
  })
}

function sayConnection(socket: Socket, onNotice: WatchOptions['onNotice']): void {
  socket.on('closing', ({ code, detail }: { code: string; detail: string }) => onNotice(`${detail} [${code}]`))
  socket.on('disconnect', (reason) => {
    if (reason !== 'io client disconnect') onNotice(`the connection is lost (${reason}); trying again`)
    // The client does not come back by itself when the server ended the connection on purpose.
    if (reason === 'io server disconnect') socket.connect()
  })
}

function notUnderstood(base: URL): TwinError {
  return new TwinError('INTERNAL', `${base.origin} streams what this twinctl does not understand; use the server's version`)
}
