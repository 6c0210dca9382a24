/** A viewer's right to follow the stream: asked for at the handshake, and again as long as it follows. */
import type { Access, Subject } from '../../models/contracts/access.ts'
import { type ErrorCode, TwinError } from '../../models/errors.ts'
import type { Clock, Logger } from '../../models/ports.ts'
import { HANDSHAKE_NEED } from './auth-table.ts'

export interface SessionOptions {
  readonly access: Access
  /** As it was shown at the handshake. */
  readonly token: string | null
  /** What the handshake said of it. */
  readonly subject: Subject
  readonly clock: Clock
  readonly recheckMs: number
  readonly log: Logger
  readonly end: (code: ErrorCode, detail: string) => void
}

/** @returns what stops the asking. */
export function keepAdmitted({ access, token, subject, clock, recheckMs, log, end }: SessionOptions): () => void {
  let hasStopped = false
  let timer: NodeJS.Timeout | undefined
  const askAfter = ({ expiresMs }: Subject): void => {
    if (hasStopped) return
    const leftMs = expiresMs === null ? recheckMs : expiresMs - clock()
    timer = setTimeout(ask, Math.max(0, Math.min(recheckMs, leftMs)))
  }
  const seen = JSON.stringify(subject.namespaces)
  const ask = (): void => {
    const asked = access.admit(token, HANDSHAKE_NEED, { isOpen: true, scope: 'rows' }).then((now) => {
      if (JSON.stringify(now.namespaces) === seen) askAfter(now)
      else throw new TwinError('FORBIDDEN', 'the namespaces that you may see are others now; connect again')
    })
    asked.catch((error: unknown) => {
      const { code, message } = refusalOf(error, log)
      if (!hasStopped) end(code, message)
    })
  }
  askAfter(subject)
  return () => {
    hasStopped = true
    clearTimeout(timer)
  }
}

/** The token of a handshake, which is in its `auth` and nowhere else: addresses end up in logs and histories. */
export function tokenOf({ handshake }: { readonly handshake: { readonly auth: object } }): string | null {
  const token: unknown = Reflect.get(handshake.auth, 'token')
  return typeof token === 'string' ? token : null
}

export function refusalOf(error: unknown, log: Logger): { readonly code: ErrorCode; readonly message: string } {
  if (error instanceof TwinError && error.code !== 'INTERNAL') return error
  log.error({ error }, 'asking for access failed')
  return { code: 'INTERNAL', message: 'a bug in edgetwin; its log tells more' }
}
