/**
 * What people and programs see of the twin: REST, the live stream and the viewer's files, on one port.
 * It listens on loopback unless a token is set, and holds nothing that a restart would lose.
 */
import type { Access } from '../../models/contracts/access.ts'
import type { TwinApi } from '../../models/contracts/api.ts'
import type { GateApi } from '../../models/contracts/gates.ts'
import type { JobsApi } from '../../models/contracts/jobs.ts'
import type { LogAdmin } from '../../models/contracts/log-admin.ts'
import type { StudyApi } from '../../models/contracts/study-api.ts'
import { TwinError } from '../../models/errors.ts'
import type { Clock, Logger, Stop } from '../../models/ports.ts'
import { createApp } from './app.ts'
import { type App, type HistoryApi, REQUEST_LIMITS, type RequestLimits } from './app-options.ts'
import { createTokenAccess } from './auth-token.ts'
import { checkBind, hostRefusal, originRefusal } from './guard.ts'
import { runStream, STREAM_LIMITS, type Stream, type StreamLimits } from './stream.ts'

export interface ServerOptions {
  readonly api: TwinApi & StudyApi
  /** Absent: no history is served. */
  readonly history?: HistoryApi | undefined
  /** Absent: no jobs are served. */
  readonly jobs?: JobsApi | undefined
  /** Absent: the log is in process, and there is nothing to see of it. */
  readonly logAdmin?: LogAdmin | undefined
  /** Absent: no real cluster is placed on, and no gate holds anything. */
  readonly gates?: GateApi | undefined
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Needed on every address but loopback; an empty one counts as none. */
  readonly token?: string | undefined
  /** Who decides instead of the token who may do what. */
  readonly access?: Access | undefined
  /** The built viewer; absent: no page is served. */
  readonly viewerDir?: string | undefined
  /** Prometheus text. */
  readonly metrics: () => Promise<string>
  readonly log: Logger
  readonly clock: Clock
  readonly limits?: Partial<RequestLimits & StreamLimits>
}

export interface RunningServer {
  readonly url: string
  readonly stop: Stop
  readonly stream: Pick<Stream, 'clientCount' | 'pendingCountMax'>
}

/** @throws TwinError BIND_REFUSED, PORT_IN_USE, CONFIG_INVALID */
export async function runServer({ host, port, limits = {}, ...options }: ServerOptions): Promise<RunningServer> {
  const token = options.token || null
  checkBind(host, { asksWho: token !== null || options.access !== undefined })
  const access = options.access ?? createTokenAccess(token)
  const app = await createApp({ ...options, host, access, viewerDir: options.viewerDir ?? null, limits: { ...REQUEST_LIMITS, ...limits } })
  const stream = await runStream(app.server, {
    ...options,
    handshakeRefusal: ({ headers }) => hostRefusal(headers, host) ?? originRefusal(headers),
    access,
    limits: { ...STREAM_LIMITS, ...limits },
  })
  const stop = async () => {
    await stream.stop()
    await app.close()
  }
  const url = await listen(app, host, port).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  options.log.info({ url }, 'server listens')
  return { url, stop, stream }
}

export async function listen(app: Pick<App, 'listen'>, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    const reason = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
    const details = { host, port }
    if (reason === 'EADDRINUSE') {
      const message = `${host}:${port} is in use by another process; stop it, or choose another port with --port`
      throw new TwinError('PORT_IN_USE', message, { details, cause })
    }
    if (reason === 'EACCES' || reason === 'EADDRNOTAVAIL' || reason === 'ENOTFOUND' || reason === 'ERR_SOCKET_BAD_PORT') {
      const why = reason === 'EACCES' ? 'this user may not' : 'it is no address of this machine'
      throw new TwinError('CONFIG_INVALID', `cannot listen on ${host}:${port}: ${why}; change --host or --port`, { details, cause })
    }
    throw cause
  }
}
