/**
 * Every failure of a request as an RFC 9457 problem with one of our error codes: what is wrong, where, and the
 * remedy. A bug says nothing of its inside; the log has the rest under the same request id.
 */
import { z } from 'zod'
import { ERROR_CODES, type ErrorCode, TwinError } from '../../models/errors.ts'

const codeShape = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])

export const problemShape = z.object({
  /** `/errors#CODE`, a page of this server. */
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  /** The request's path. */
  instance: z.string(),
  code: codeShape,
  details: z.record(z.string(), z.unknown()),
  /** One for each fault of the input. */
  errors: z.array(z.object({ in: z.string(), path: z.string(), message: z.string() })),
})
export type Problem = z.infer<typeof problemShape>

/** Codes that cannot come from a request answer 500, as bugs do. */
export const STATUS_OF_CODE = {
  CONFIG_INVALID: 500,
  NODE_TOO_OLD: 500,
  SITE_UNKNOWN: 500,
  SITE_INVALID: 500,
  PROFILE_INVALID: 500,
  PORT_IN_USE: 500,
  BIND_REFUSED: 500,
  JOURNAL_LOCKED: 503,
  JOURNAL_UNREADABLE: 503,
  JOURNAL_REFUSED: 503,
  JOURNAL_FULL: 507,
  PROBLEM_INVALID: 422,
  PROBLEM_CYCLIC: 422,
  PROBLEM_INFEASIBLE: 422,
  PROBLEM_TOO_LARGE: 422,
  QUERY_INVALID: 400,
  ENTITY_UNKNOWN: 404,
  APPLICATION_UNKNOWN: 404,
  ALGORITHM_UNKNOWN: 404,
  POSITION_UNKNOWN: 404,
  DECISION_UNKNOWN: 404,
  DECISION_STALE: 409,
  DECISION_STATE: 409,
  FAULT_INVALID: 422,
  SITE_READ_ONLY: 409,
  SITE_ELSEWHERE: 421,
  ROUTE_UNKNOWN: 404,
  ORIGIN_REFUSED: 403,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  ACCESS_UNAVAILABLE: 503,
  RATE_LIMITED: 429,
  OVERLOADED: 503,
  QUERY_TIMEOUT: 504,
  KUBECONFIG_INVALID: 500,
  CLUSTER_UNREACHABLE: 503,
  LEDGER_UNREADABLE: 503,
  SERVER_UNREACHABLE: 502,
  LAB_FAILED: 500,
  LOG_UNREACHABLE: 503,
  LOG_REFUSED: 422,
  LOG_BEHIND: 504,
  HISTORY_UNREACHABLE: 503,
  JOBS_UNREACHABLE: 503,
  JOBS_UNREADABLE: 503,
  JOB_REFUSED: 409,
  TEXT_INVALID: 422,
  INTERNAL: 500,
} as const satisfies Record<ErrorCode, number>

/** What fastify itself refuses, with the remedy it does not name. */
const REMEDIES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is larger than 256 KiB; split the request',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body is not declared as JSON; send `Content-Type: application/json`',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty although `Content-Type: application/json` promises one; send JSON or drop the header',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
}

export interface Asked {
  readonly url: string
  readonly id: string
  /** What was sent, to name the values that cannot be used. */
  readonly body?: unknown
  readonly query?: unknown
  readonly params?: unknown
}

export function toProblem(error: unknown, asked: Asked): Problem {
  const { url } = asked
  const { status, ...rest } = judge(error, asked)
  const instance = url.split('?', 1)[0]!
  return { type: `/errors#${rest.code}`, title: ERROR_CODES[rest.code], status, instance, ...rest }
}

type Judged = Pick<Problem, 'status' | 'code' | 'detail' | 'details' | 'errors'>

function judge(error: unknown, asked: Asked): Judged {
  if (error instanceof TwinError && error.code !== 'INTERNAL') {
    return { status: STATUS_OF_CODE[error.code], code: error.code, detail: error.message, details: { ...error.details }, errors: [] }
  }
  const refused = fastifyErrorShape.safeParse(error).data
  if (refused?.validation !== undefined) return judgeInput(refused, asked)
  if (refused?.code === 'FST_ERR_HANDLER_TIMEOUT') {
    return { status: 503, code: 'OVERLOADED', detail: 'the answer took too long; ask for less or try again', details: {}, errors: [] }
  }
  if (refused !== undefined && refused.statusCode >= 400 && refused.statusCode < 500) {
    const remedy = REMEDIES[refused.code]
    const detail = remedy === undefined ? refused.message : `${remedy} (${refused.message})`
    return { status: refused.statusCode, code: 'QUERY_INVALID', detail, details: {}, errors: [] }
  }
  const detail = `a bug in edgetwin; its log tells more under request ${asked.id}`
  return { status: 500, code: 'INTERNAL', detail, details: { requestId: asked.id }, errors: [] }
}

const fastifyErrorShape = z.object({
  message: z.string(),
  code: z.string().default(''),
  statusCode: z.number().default(500),
  /** body, querystring, params */
  validationContext: z.string().optional(),
  validation: z.array(z.object({ instancePath: z.string(), message: z.string().default('is invalid') })).optional(),
})

const PLACES = { body: 'body', querystring: 'query', params: 'params' } as const
const isPlace = (context: string): context is keyof typeof PLACES => context in PLACES

function judgeInput({ validation = [], validationContext = '' }: z.infer<typeof fastifyErrorShape>, asked: Asked): Judged {
  const place = isPlace(validationContext) ? PLACES[validationContext] : null
  const errors = validation.slice(0, 100).map(({ instancePath: path, message }) => {
    const value = place === null ? '' : valueText(asked[place], path)
    return { in: place ?? 'request', path, message: value === '' ? message : `${message}, got ${value}` }
  })
  const detail = errors.map(({ in: where, path, message }) => `${where}${path === '/' ? '' : path}: ${message}`).slice(0, 5)
  const more = validation.length > detail.length ? `; and ${validation.length - detail.length} more` : ''
  return { status: 400, code: 'QUERY_INVALID', detail: detail.join('; ') + more, details: {}, errors }
}

/** A single value as JSON; '' for what is missing, and for what has parts: they have messages of their own. */
function valueText(given: unknown, path: string): string {
  const keys = path.split('/').filter((key) => key !== '')
  const value = keys.reduce<unknown>((at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined), given)
  if (typeof value === 'object' || value === undefined) return ''
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
