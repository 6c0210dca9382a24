/**
 * Follows the twin over socket.io and hands over what changed, as long as nobody stops it.
 * Each patch is acknowledged when it was printed, so a slow reader gets fewer and newer values instead of a backlog.
 */
import { io } from 'socket.io-client'
import type { StreamChange, StreamPatch, StreamSnapshot } from '../../models/contracts/stream.ts'
import { streamPatchShape, streamSnapshotShape } from '../../models/contracts/stream.ts'
import { TwinError } from '../../models/errors.ts'
import { type RestOptions, toBase, toUnreachable } from './rest-client.ts'

export interface WatchOptions {
  readonly onChanges: (changes: readonly StreamChange[], options: { readonly clockMs: number }) => Promise<void>
  /** The connection was lost or found again. */
  readonly onNotice: (text: string) => void
  readonly signal: AbortSignal
}

/** Resolves when `signal` is aborted. @throws TwinError SERVER_UNREACHABLE, UNAUTHORIZED or RATE_LIMITED */
export function watchTwin(rest: RestOptions, { onChanges, onNotice, signal }: WatchOptions): Promise<void> {
  const base = toBase(rest.server)
  const socket = io(new URL('/twin', base).href, {
    path: `${base.pathname}socket.io`,
    transports: ['websocket'],
    timeout: rest.requestTimeoutMs,
    auth: rest.token === undefined ? {} : { token: rest.token },
  })
  return new Promise((resolve, reject) => {
    let wasConnected = false
    let known: { epoch: string; revision: number } | null = null
    const leave = (error?: unknown) => {
      socket.disconnect()
      if (error === undefined) resolve()
      else reject(error)
    }
    const fill = async (request: 'subscribe' | 'resync') => {
      known = null
      const answer: unknown = await socket.timeout(rest.requestTimeoutMs).emitWithAck(request, {})
      const snapshot: StreamSnapshot = streamSnapshotShape.parse(answer)
      known = { epoch: snapshot.epoch, revision: snapshot.revision }
      await onChanges(snapshot.changes, snapshot.status)
    }
    const take = async (patch: StreamPatch) => {
      // What comes before the snapshot is in the snapshot.
      if (known === null) return
      if (patch.epoch !== known.epoch || patch.from !== known.revision) return fill('resync')
      known = { epoch: patch.epoch, revision: patch.to }
      await onChanges(patch.changes, patch.status)
    }
    signal.addEventListener('abort', () => leave())
    socket.on('connect', () => {
      if (wasConnected) onNotice('connected again')
      wasConnected = true
      fill('subscribe').catch(leave)
    })
    socket.on('patch', (patch: unknown, ack: () => void) => {
      take(streamPatchShape.parse(patch)).then(ack, leave)
    })
    socket.on('closing', ({ code, detail }: { code: string; detail: string }) => onNotice(`${detail} [${code}]`))
    socket.on('disconnect', (reason) => {
      if (reason !== 'io client disconnect') onNotice(`the connection is lost (${reason}); trying again`)
      // The client does not come back by itself when the server ended the connection on purpose.
      if (reason === 'io server disconnect') socket.connect()
    })
    socket.on('connect_error', (error) => {
      const code = Reflect.get(Object(Reflect.get(error, 'data')), 'code')
      if (code === 'UNAUTHORIZED') leave(new TwinError('UNAUTHORIZED', `${error.message}; give it with --token or EDGETWIN_TOKEN`))
      else if (!wasConnected) leave(toUnreachable(base, { cause: error, timeoutMs: rest.requestTimeoutMs }))
    })
  })
}
