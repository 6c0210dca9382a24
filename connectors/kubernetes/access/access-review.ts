/** What a TokenReview says of a token, and what the token says of itself. */
import { createHash } from 'node:crypto'

export interface KubeUser {
  readonly user: string
  readonly uid: string
  readonly groups: readonly string[]
  readonly extra: Readonly<Record<string, readonly string[]>>
  /** null: it does not end by itself. */
  readonly expiresMs: number | null
}

export interface TokenReview {
  /** null: the token is not accepted. */
  readonly user: Omit<KubeUser, 'expiresMs'> | null
  readonly why: string
}

export interface TokenReviewStatus {
  /** Absent when not. */
  readonly authenticated?: boolean
  readonly audiences?: readonly string[]
  readonly error?: string
  readonly user?: {
    readonly username?: string
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
}

const TOKEN_LENGTH_MAX = 12 * 1024
const WHY_LENGTH_MAX = 300

/** Why a token is not worth asking about; null when it is. */
export function refusalOf(token: string | null): string | null {
  if (token === null || token === '') return 'no token was sent; send `Authorization: Bearer TOKEN`, or `auth: { token }` on a socket'
  if (token.length > TOKEN_LENGTH_MAX) return `the token is longer than ${TOKEN_LENGTH_MAX} characters; send a bearer token`
  // RFC 6750, b64token.
  if (!/^[\w\-.~+/]+=*$/.test(token)) return 'the token has characters that no bearer token has; send it alone and whole'
  return null
}

export function reviewOf(
  { authenticated, audiences = [], error = '', user = {} }: TokenReviewStatus,
  ours: readonly string[],
): TokenReview {
  const { username = '', uid = '', groups = [], extra = {} } = user
  const refused = (why: string): TokenReview => ({ user: null, why: why.slice(0, WHY_LENGTH_MAX) })
  if (authenticated !== true) return refused(error || 'it is unknown')
  // An API server that knows nothing of audiences answers for itself, and the token is then not made out for us.
  if (!audiences.some((audience) => ours.includes(audience))) return refused(`it is not made out for ${ours.join(' or ')}`)
  if (username === '' || username === 'system:anonymous') return refused('it names no user')
  return { user: { user: username, uid, groups, extra }, why: '' }
}

/** By the token's own word, which the review has checked; null when it has none. */
export function expiryOf(token: string): number | null {
  try {
    const said: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    const exp: unknown = Reflect.get(Object(said), 'exp')
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1_000 : null
  } catch {
    return null
  }
}

/** Under which an answer is kept: a token itself is kept nowhere. */
export const tokenKey = (token: string): string => createHash('sha256').update(token).digest('hex')
