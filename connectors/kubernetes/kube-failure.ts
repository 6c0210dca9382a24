/** What can go wrong between us and an API server, told apart by what can be done about it. */

export type KubeFailureKind =
  /** No connection, or it broke. */
  | 'unreachable'
  | 'timeout'
  /** Somebody answers who does not prove to be the server: nothing was sent to it. */
  | 'untrusted'
  /** The server does not know us, or we have nothing to show. */
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  /** 409: somebody was faster, or the precondition does not hold. */
  | 'conflict'
  /** 410: the history does not reach back so far. */
  | 'gone'
  | 'invalid'
  | 'too-many'
  | 'server'

export interface KubeCause {
  readonly reason: string
  readonly message: string
}

export class KubeFailure extends Error {
  readonly kind: KubeFailureKind
  /** 0 when there was no answer. */
  readonly status: number
  readonly retryAfterMs: number | null
  readonly causes: readonly KubeCause[]

  constructor(
    kind: KubeFailureKind,
    message: string,
    more: { readonly status?: number; readonly retryAfterMs?: number | null; readonly causes?: readonly KubeCause[] } = {},
  ) {
    super(message)
    this.name = 'KubeFailure'
    this.kind = kind
    this.status = more.status ?? 0
    this.retryAfterMs = more.retryAfterMs ?? null
    this.causes = more.causes ?? []
  }

  /** Whether the request may have taken effect all the same: only reading tells. */
  get isOutcomeUnknown(): boolean {
    return this.kind === 'unreachable' || this.kind === 'timeout' || this.status >= 500
  }

  /** Whether the same may be tried again, on what is read then, by whoever does no harm by doing it twice. */
  get mayTryAgain(): boolean {
    return this.isOutcomeUnknown || this.kind === 'conflict' || this.kind === 'too-many'
  }

  /** The object of that name has another uid: the server tells it as a change of an immutable field. */
  get isOfAnother(): boolean {
    return this.kind === 'invalid' && this.message.includes('metadata.uid')
  }
}

/** Messages of a refused change carry whole objects. */
const MESSAGE_MAX = 600
/** Of Node's TLS: the other side's certificate is not what it should be. */
const UNTRUSTED = /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|ERR_TLS_CERT_)/
const DENIED =
  /^(?:\S+ (?:"([^"]*)" )?is )?forbidden: User "[^"]*" cannot (\w+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/
/** edgetwin needs one object of these, and no others. */
const NAMED: readonly string[] = ['configmaps', 'leases']

export function failureOf(status: number, body: unknown, retryAfter: string | undefined): KubeFailure {
  const said = typeof body === 'object' && body !== null ? (body as { message?: unknown; details?: { causes?: unknown } }) : {}
  const text = typeof said.message === 'string' ? said.message : typeof body === 'string' && body !== '' ? body : `status ${status}`
  const causes = Array.isArray(said.details?.causes) ? said.details.causes : []
  const missing = status === 403 ? grantOf(text) : null
  return new KubeFailure(kindOf(status), text.slice(0, MESSAGE_MAX) + (missing === null ? '' : `; ${missing}`), {
    status,
    retryAfterMs: retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1_000 : null,
    causes: causes.map((cause) => ({ reason: String(cause?.reason ?? ''), message: String(cause?.message ?? '') })),
  })
}

/** What RBAC would have to grant; null: something else forbids it, such as an admission policy. */
function grantOf(message: string): string | null {
  const [, object, verb, resource, group, namespace] = DENIED.exec(message) ?? []
  if (resource === undefined) return null
  const names = object !== undefined && NAMED.includes(resource) ? `, resourceNames: [${object}]` : ''
  // A namespace is asked for as if it were within itself.
  const where = namespace === undefined || resource === 'namespaces' ? 'in a ClusterRole' : `in a Role of ${namespace}`
  return `grant it ${where}: - {apiGroups: ["${group}"], resources: [${resource}]${names}, verbs: [${verb}]}`
}

function kindOf(status: number): KubeFailureKind {
  const kinds: Readonly<Record<number, KubeFailureKind>> = {
    401: 'unauthorized',
    403: 'forbidden',
    404: 'not-found',
    409: 'conflict',
    410: 'gone',
    429: 'too-many',
  }
  return kinds[status] ?? (status >= 500 ? 'server' : 'invalid')
}

export function toKubeFailure(error: unknown): KubeFailure {
  if (error instanceof KubeFailure) return error
  const {
    name = '',
    message = String(error),
    code = '',
  } = typeof error === 'object' && error !== null ? (error as NodeJS.ErrnoException) : {}
  const kind = name === 'TimeoutError' ? 'timeout' : UNTRUSTED.test(code) ? 'untrusted' : 'unreachable'
  return new KubeFailure(kind, code === '' || message.includes(code) ? message : `${message} (${code})`)
}

/** Null for what is not there. @throws KubeFailure for all else. */
export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof KubeFailure && error.kind === 'not-found') return null
    throw error
  }
}
