/**
 * The live stream to the viewers, over socket.io: a snapshot on request, then patches. A client has at most one
 * patch under way, and the next leaves only when it was acknowledged; what changes meanwhile is conflated.
 * Nothing relies on the transport to recover or to buffer.
 */
import { randomUUID } from 'node:crypto'
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import { type DefaultEventsMap, Server, type Socket } from 'socket.io'
import type { Access, Subject } from '../../models/contracts/access.ts'
import type { TwinApi } from '../../models/contracts/api.ts'
import type { StreamChange, StreamPatch, StreamSnapshot } from '../../models/contracts/stream.ts'
import type { TwinJson } from '../../models/contracts/twin-json.ts'
import { ENTITY_KINDS, entityName } from '../../models/entities/entities.ts'
import type { ErrorCode } from '../../models/errors.ts'
import type { Clock, Logger, Stop } from '../../models/ports.ts'
import { HANDSHAKE_NEED, SOCKET_EVENTS, type SOCKET_NEEDS } from './auth-table.ts'
import { type Board, createBoard } from './conflation.ts'
import { keepAdmitted, refusalOf, tokenOf } from './stream-session.ts'
import { namespacesOf } from './visible-api.ts'

export interface StreamLimits {
  readonly socketCountMax: number
  /** Of one named user: the pages and commands that one person has open. */
  readonly socketsPerUserMax: number
  readonly patchIntervalMs: number
  /** A patch that is not acknowledged for so long ends the connection. */
  readonly ackTimeoutMs: number
  /** From one client, everything counted: acknowledgements, pongs, requests. */
  readonly messagesPerSecond: number
  /** How often it is asked again whether who follows still may; no longer than the token holds. */
  readonly recheckMs: number
}
export const STREAM_LIMITS: StreamLimits = {
  socketCountMax: 500,
  socketsPerUserMax: 20,
  patchIntervalMs: 100,
  ackTimeoutMs: 10_000,
  messagesPerSecond: 20,
  // With what is kept on the way, here and in the cluster, at most a minute.
  recheckMs: 40_000,
}

export interface StreamOptions {
  readonly api: Pick<TwinApi, 'state' | 'status' | 'onChanges'>
  readonly clock: Clock
  readonly log: Logger
  /** Why a handshake is refused before anything is read of it; null when it is not. */
  readonly handshakeRefusal: (request: IncomingMessage) => string | null
  readonly access: Access
  readonly limits: StreamLimits
}

type SnapshotAck = (snapshot: StreamSnapshot) => void
/** No event is heard that names no need. */
type ClientEvents = Record<keyof typeof SOCKET_NEEDS, (...args: unknown[]) => void>

interface ServerEvents {
  patch(patch: StreamPatch, ack: () => void): void
  /** Said before the server ends a connection on purpose. */
  closing(reason: { readonly code: ErrorCode; readonly detail: string }): void
}
type TwinSocket = Socket<ClientEvents, ServerEvents, DefaultEventsMap, { subject: Subject }>

export interface Stream {
  readonly stop: Stop
  clientCount(): number
  /** Names waiting for the slowest client. */
  pendingCountMax(): number
}

export async function runStream(http: HttpServer, { api, ...options }: StreamOptions): Promise<Stream> {
  const board = createBoard(randomUUID(), api.status())
  const clients = new Set<Client>()
  const stopListening = api.onChanges((changes) => {
    board.publish(changes)
    for (const client of clients) client.wake()
  })
  board.fill(toChanges((await api.state({ kind: 'now' })).state))

  const io = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    maxHttpBufferSize: 64 * 1024,
    pingInterval: 5_000,
    pingTimeout: 5_000,
    // Also the time in which a connection must have named the namespace and shown its token.
    connectTimeout: 5_000,
    allowRequest: (request, callback) => {
      const isFull = io.engine.clientsCount >= options.limits.socketCountMax
      const refusal = isFull
        ? `the server has its ${options.limits.socketCountMax} viewers; try again later`
        : options.handshakeRefusal(request)
      callback(refusal, refusal === null)
    },
  })
  io.use((_, next) => next(new Error('nothing is here; connect to the namespace /twin')))
  const twin = io.of('/twin')
  twin.use((socket, next) => {
    options.access.admit(tokenOf(socket), HANDSHAKE_NEED, { scope: 'rows' }).then(
      (subject) => {
        const { user } = subject
        const ofUser = [...twin.sockets.values()].filter(({ data }) => user !== null && data.subject.user === user)
        const max = options.limits.socketsPerUserMax
        if (ofUser.length >= max) return next(refusal('OVERLOADED', `${user} follows the twin ${max} times; close a page or a command`))
        socket.data.subject = subject
        next()
      },
      (error: unknown) => {
        const { code, message } = refusalOf(error, options.log)
        next(refusal(code, message))
      },
    )
  })
  twin.on('connection', (socket: TwinSocket) => {
    const client = serveClient(socket, board, options)
    clients.add(client)
    socket.on('disconnect', (reason) => {
      clients.delete(client)
      client.stop()
      options.log.debug({ address: socket.handshake.address, reason }, 'viewer left')
    })
  })
  return {
    clientCount: () => clients.size,
    pendingCountMax: () => Math.max(0, ...[...clients].map((client) => client.pendingCount())),
    async stop() {
      stopListening()
      io.engine.close()
    },
  }
}

const refusal = (code: ErrorCode, message: string): Error => Object.assign(new Error(message), { data: { code } })

interface Client {
  wake(): void
  pendingCount(): number
  stop(): void
}

function serveClient(socket: TwinSocket, board: Board, { access, clock, log, limits }: Omit<StreamOptions, 'api'>): Client {
  const { subject } = socket.data
  const follower = board.follow(namespacesOf(subject))
  // Set while a patch waits for its turn or the interval after the last one has not passed.
  let sendTimer: NodeJS.Timeout | null = null
  let hasEnded = false
  // Set while a patch is not acknowledged.
  let ackTimer: NodeJS.Timeout | null = null

  function wake(): void {
    if (ackTimer !== null || sendTimer !== null) return
    // Changes of one turn of the loop travel together.
    sendTimer = setTimeout(send, 0)
  }
  function send(): void {
    sendTimer = null
    const patch = follower.patch(clock())
    if (patch === null) return
    const detail = `a patch was not acknowledged within ${limits.ackTimeoutMs / 1000} s; reconnect and subscribe`
    const ended = setTimeout(() => end('OVERLOADED', detail), limits.ackTimeoutMs)
    ackTimer = ended
    sendTimer = setTimeout(() => {
      sendTimer = null
      wake()
    }, limits.patchIntervalMs)
    socket.emit('patch', patch, () => {
      if (ackTimer !== ended) return
      clearTimeout(ended)
      ackTimer = null
      wake()
    })
  }
  function end(code: ErrorCode, detail: string): void {
    if (hasEnded) return
    hasEnded = true
    log.warn({ address: socket.handshake.address, code, detail }, 'viewer disconnected')
    socket.emit('closing', { code, detail })
    // A client retries by itself after a lost transport, but not after a namespace that was closed to it.
    socket.conn.close()
  }

  answerSnapshots(socket, (ack) => {
    ack(follower.snapshot())
    wake()
  })
  limitMessages(socket, { clock, limits, end })
  const { recheckMs } = limits
  const stopAsking = keepAdmitted({ access, token: tokenOf(socket), subject, clock, recheckMs, log, end })
  return {
    wake,
    pendingCount: follower.pendingCount,
    stop() {
      stopAsking()
      clearTimeout(sendTimer ?? undefined)
      clearTimeout(ackTimer ?? undefined)
      follower.stop()
    },
  }
}

/** One snapshot at a time: while the last one still leaves, only the newest request waits, so that a stalled client piles up nothing. */
function answerSnapshots(socket: TwinSocket, answer: (ack: SnapshotAck) => void): void {
  let waiting: SnapshotAck | null = null
  const answerWaiting = () => {
    if (waiting === null || !socket.conn.transport.writable) return
    const ack = waiting
    waiting = null
    answer(ack)
  }
  const onRequest = (...args: unknown[]) => {
    const ack = args.at(-1)
    if (typeof ack !== 'function') return
    waiting = (snapshot) => ack(snapshot)
    answerWaiting()
  }
  for (const event of SOCKET_EVENTS) socket.on(event, onRequest)
  // The connection's own `drain` comes when packets are handed over, this when they have left.
  socket.conn.transport.on('ready', answerWaiting)
}

interface MessageLimit {
  readonly clock: Clock
  readonly limits: StreamLimits
  readonly end: (code: ErrorCode, detail: string) => void
}

function limitMessages(socket: TwinSocket, { clock, limits, end }: MessageLimit): void {
  let windowStartMs = clock()
  let messageCount = 0
  socket.conn.on('packet', () => {
    const nowMs = clock()
    if (nowMs - windowStartMs >= 1_000) {
      windowStartMs = nowMs
      messageCount = 0
    }
    messageCount += 1
    if (messageCount > limits.messagesPerSecond) end('RATE_LIMITED', `more than ${limits.messagesPerSecond} messages in a second`)
  })
}

function toChanges(state: TwinJson): StreamChange[] {
  return ENTITY_KINDS.flatMap((kind) => state.entities[kind].map((value) => ({ kind, name: entityName(value), value })))
}
