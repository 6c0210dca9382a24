/** What the HTTP side of the server is made from, and the limits it keeps. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Access } from '../../models/contracts/access.ts'
import type { TwinApi } from '../../models/contracts/api.ts'
import type { GateApi } from '../../models/contracts/gates.ts'
import type { JobsApi } from '../../models/contracts/jobs.ts'
import type { LogAdmin } from '../../models/contracts/log-admin.ts'
import type { StudyApi } from '../../models/contracts/study-api.ts'
import type { Clock, History, Logger } from '../../models/ports.ts'

export interface RequestLimits {
  /** Of one caller, for what changes something or computes. */
  readonly perSubjectPerSecond: number
  /** Of all callers, for everything but probes. */
  readonly totalPerSecond: number
  readonly bodyBytesMax: number
  readonly handlerTimeoutMs: number
  readonly whatIfsAtOnce: number
}
export const REQUEST_LIMITS: RequestLimits = {
  perSubjectPerSecond: 20,
  totalPerSecond: 200,
  bodyBytesMax: 256 * 1024,
  handlerTimeoutMs: 5_000,
  whatIfsAtOnce: 64,
}

export type HistoryApi = Pick<History, 'series' | 'transitions'>

export interface AppOptions {
  readonly api: TwinApi & StudyApi
  /** Absent: none is kept, and nothing of it is served. */
  readonly history?: HistoryApi | undefined
  /** Absent: there is no job database, and nothing of it is served. */
  readonly jobs?: JobsApi | undefined
  /** Absent: the log is in process, and there is nothing to see of it. */
  readonly logAdmin?: LogAdmin | undefined
  /** Absent: no real cluster is placed on, and no gate holds anything. */
  readonly gates?: GateApi | undefined
  readonly host: string
  readonly access: Access
  readonly viewerDir: string | null
  /** Prometheus text. */
  readonly metrics: () => Promise<string>
  readonly log: Logger
  readonly clock: Clock
  readonly limits: RequestLimits
}

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>
