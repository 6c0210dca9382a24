/**
 * One GET of one address that we do not trust: at most 8 MiB in a given time, no redirects, only the content types asked for.
 *
 * The body is handed on as it comes and dropped at the first limit, so a hostile server costs no more than that.
 */
export type Fetch = typeof globalThis.fetch

export type GetFailureReason =
  | 'timeout'
  | 'refused'
  | 'redirect'
  | 'http-status'
  | 'content-type'
  | 'body-too-large'
  | 'malformed'
  | 'interrupted'

export interface GetFailure {
  readonly ok: false
  readonly reason: GetFailureReason
  readonly message: string
}

export interface GetOptions {
  readonly stopping: AbortSignal
  /** Of the whole answer. */
  readonly timeoutMs: number
  readonly fetch: Fetch
  /** Of the Authorization header. */
  readonly authorization?: string | undefined
}

export interface WantedContent {
  readonly accept: string
  /** @param type Lower case, without parameters; empty when the server gives none. */
  readonly isType: (type: string) => boolean
  /** The types, for the message. */
  readonly expected: string
}

export const BODY_BYTES_MAX = 8 * 1024 * 1024
const bodyTooLarge = new Error(`the body is above ${BODY_BYTES_MAX} bytes`)

/** @param read Gets the text as it comes and may stop before its end. */
export async function limitedGet<T>(
  url: string,
  { stopping, timeoutMs, fetch, authorization, ...content }: GetOptions & WantedContent,
  read: (chunks: AsyncIterable<string>, type: string) => Promise<T>,
): Promise<T | GetFailure> {
  const ending = new AbortController()
  const end = () => ending.abort()
  const timer = setTimeout(() => ending.abort('timeout'), timeoutMs)
  stopping.addEventListener('abort', end)
  let hasAnswered = false
  try {
    const headers = { accept: content.accept, ...(authorization === undefined ? {} : { authorization }) }
    const response = await fetch(url, { headers, redirect: 'manual', signal: ending.signal })
    hasAnswered = true
    return refuseResponse(response, content) ?? (await read(chunksOf(response), contentType(response)))
  } catch (error) {
    if (error === bodyTooLarge) return failure('body-too-large', bodyTooLarge.message)
    if (ending.signal.reason === 'timeout') return failure('timeout', `no whole answer within ${timeoutMs} ms`)
    if (fieldOf(error, 'code') === 'ERR_ENCODING_INVALID_ENCODED_DATA') return failure('malformed', 'the body is not UTF-8')
    return failure(hasAnswered ? 'interrupted' : 'refused', causeOf(error))
  } finally {
    clearTimeout(timer)
    stopping.removeEventListener('abort', end)
    // Whatever of the body was not read is not wanted: the connection goes with it.
    ending.abort()
  }
}

function refuseResponse(response: Response, { isType, expected }: WantedContent): GetFailure | undefined {
  const { status } = response
  if (status >= 300 && status < 400) {
    return failure('redirect', `status ${status} to ${response.headers.get('location') ?? 'nowhere'}: give the final address`)
  }
  if (status !== 200) return failure('http-status', `status ${status}, expected 200`)
  const type = contentType(response)
  if (!isType(type)) return failure('content-type', `content type ${type}, expected ${expected}`)
  if (Number(response.headers.get('content-length')) > BODY_BYTES_MAX) throw bodyTooLarge
  return undefined
}

async function* chunksOf(response: Response): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bodyBytes = 0
  for await (const chunk of response.body ?? []) {
    bodyBytes += chunk.byteLength
    if (bodyBytes > BODY_BYTES_MAX) throw bodyTooLarge
    yield decoder.decode(chunk, { stream: true })
  }
  yield decoder.decode()
}

function contentType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function failure(reason: GetFailureReason, message: string): GetFailure {
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
