/**
 * One scrape of one address: at most 5 s, 8 MiB and 20,000 series, no redirects.
 *
 * The body is read and parsed as it comes and dropped at the first limit, so a hostile target costs no more than that.
 */
import type { ExpositionError, Sample } from '../../models/exposition/format.ts'
import { createExpositionParser } from '../../models/exposition/parser.ts'

export type Fetch = typeof globalThis.fetch

export type ScrapeFailureReason =
  | 'timeout'
  | 'refused'
  | 'redirect'
  | 'http-status'
  | 'content-type'
  | 'body-too-large'
  | 'too-many-series'
  | 'malformed'
  | 'interrupted'

export interface ScrapeFailure {
  readonly reason: ScrapeFailureReason
  readonly message: string
}

export type ScrapeOutcome =
  | { readonly ok: true; readonly samples: readonly Sample[]; readonly errors: readonly ExpositionError[] }
  | ({ readonly ok: false } & ScrapeFailure)

export interface ScrapeOptions {
  readonly stopping: AbortSignal
  readonly timeoutMs: number
  readonly fetch: Fetch
}

const BODY_BYTES_MAX = 8 * 1024 * 1024
const ACCEPT = 'text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8, */*;q=0.1'

export async function scrapeOnce(url: string, { stopping, timeoutMs, fetch }: ScrapeOptions): Promise<ScrapeOutcome> {
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = setTimeout(() => ending.abort('timeout'), timeoutMs)
  stopping.addEventListener('abort', end)
  let hasAnswered = false
  try {
    const response = await fetch(url, { headers: { accept: ACCEPT }, redirect: 'manual', signal: ending.signal })
    hasAnswered = true
    return refuseResponse(response) ?? (await readBody(response))
  } catch (error) {
    if (ending.signal.reason === 'timeout') return fail('timeout', `no whole answer within ${timeoutMs} ms`)
    if (fieldOf(error, 'code') === 'ERR_ENCODING_INVALID_ENCODED_DATA') return fail('malformed', 'the body is not UTF-8')
    return fail(hasAnswered ? 'interrupted' : 'refused', causeOf(error))
  } finally {
    clearTimeout(timer)
    stopping.removeEventListener('abort', end)
    // Whatever of the body was not read is not wanted: the connection goes with it.
    ending.abort()
  }
}

function refuseResponse(response: Response): ScrapeOutcome | undefined {
  const { status } = response
  if (status >= 300 && status < 400) {
    return fail('redirect', `status ${status} to ${response.headers.get('location') ?? 'nowhere'}: give the final address`)
  }
  if (status !== 200) return fail('http-status', `status ${status}, expected 200`)
  const type = contentType(response)
  const isText =
    type === '' || (type.startsWith('text/') && type !== 'text/html') || /^application\/(?:openmetrics-text|octet-stream)$/.test(type)
  if (!isText) return fail('content-type', `content type ${type}, expected text/plain or application/openmetrics-text`)
  if (Number(response.headers.get('content-length')) > BODY_BYTES_MAX) return bodyTooLarge()
  return undefined
}

async function readBody(response: Response): Promise<ScrapeOutcome> {
  const samples: Sample[] = []
  const errors: ExpositionError[] = []
  const parser = createExpositionParser({
    onSample: (sample) => samples.push(sample),
    onError: (line, reason) => errors.push({ line, reason }),
    format: contentType(response) === 'application/openmetrics-text' ? 'openmetrics' : 'prometheus',
  })
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bodyBytes = 0
  for await (const chunk of response.body ?? []) {
    bodyBytes += chunk.byteLength
    if (bodyBytes > BODY_BYTES_MAX) return bodyTooLarge()
    parser.push(decoder.decode(chunk, { stream: true }))
  }
  parser.push(decoder.decode())
  const { stoppedBy } = parser.end()
  if (stoppedBy === 'series') return fail('too-many-series', errors.at(-1)?.reason ?? '')
  if (stoppedBy === 'body') return bodyTooLarge()
  if (stoppedBy === 'errors' || (samples.length === 0 && errors.length > 0)) {
    const [first] = errors
    return fail('malformed', `${errors.length} errors, the first in line ${first?.line}: ${first?.reason}`)
  }
  return { ok: true, samples, errors }
}

function contentType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function bodyTooLarge(): ScrapeOutcome {
  return fail('body-too-large', `the body is above ${BODY_BYTES_MAX} bytes`)
}

function fail(reason: ScrapeFailureReason, message: string): ScrapeOutcome {
  return { ok: false, reason, message }
}

/** fetch hides the reason ("fetch failed") in its cause, and several reasons in a list within. */
function causeOf(error: unknown): string {
  const cause = fieldOf(error, 'cause')
  const reasons = fieldOf(cause, 'errors')
  const [first] = Array.isArray(reasons) ? reasons : [cause ?? error]
  return String(fieldOf(first, 'message') || first)
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
