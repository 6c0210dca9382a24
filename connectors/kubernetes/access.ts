/**
 * Who somebody is and what they may do, as the cluster says: TokenReview and SubjectAccessReview of its API server.
 *
 * Answers are kept for seconds only, and never beyond the end of a token. While nobody can be asked, nobody new is let in
 * and nothing is decided; what was open for reading stays so for at most a minute more.
 */
import {
  ACCESS_GROUP,
  type Access,
  isDeciding,
  isReading,
  type Need,
  partsOf,
  RIGHTS,
  type Right,
  type Subject,
} from '../../models/contracts/access.ts'
import type { Check } from '../../models/contracts/api.ts'
import { TwinError } from '../../models/errors.ts'
import type { Clock } from '../../models/ports.ts'
import { grantYaml, OWN_RIGHTS_YAML } from './access-grant.ts'
import { expiryOf, type KubeUser, refusalOf, reviewOf, type TokenReview, tokenKey } from './access-review.ts'
import type { KubeClient } from './kube-client.ts'
import { KubeFailure } from './kube-failure.ts'
import { createRemembered } from './remembered.ts'

export interface KubeAccessOptions {
  readonly client: Pick<KubeClient, 'request' | 'server'>
  /** A token must be made out for one of them. */
  readonly audiences: readonly string[]
  readonly clock: Clock
}

export interface AccessQuestion {
  readonly user: KubeUser
  readonly right: Right
  /** Absent: in all namespaces. */
  readonly namespace?: string
}

export interface KubeVerdict {
  readonly allowed: boolean
  /** The API server's words. */
  readonly reason: string
}

export interface KubeAccess extends Access {
  /** @throws TwinError UNAUTHORIZED, ACCESS_UNAVAILABLE, OVERLOADED */
  authenticate(token: string | null, asking?: Asking): Promise<KubeUser>
  /** @throws TwinError ACCESS_UNAVAILABLE, OVERLOADED */
  allow(question: AccessQuestion, asking?: Asking): Promise<KubeVerdict>
  checks(): readonly Check[]
}

interface Asking {
  /** What was kept is not good enough. */
  readonly isFresh?: boolean
  /** What was kept will do for `GRACE_MS` more when nobody can be asked. */
  readonly hasGrace?: boolean
}

const YES_MS = 10_000
const NO_MS = 5_000
const GRACE_MS = 60_000
const KEPT_MAX = 2_000
const AT_ONCE_MAX = 64
const REVIEW_TIMEOUT_MS = 3_000

export function createKubeAccess({ client, audiences, clock }: KubeAccessOptions): KubeAccess {
  let trouble: string | null = null
  const limits = { clock, keptMax: KEPT_MAX, atOnceMax: AT_ONCE_MAX }
  const reviews = createRemembered<TokenReview>({ ...limits, keepMs: ({ user }) => (user === null ? NO_MS : YES_MS) })
  const verdicts = createRemembered<KubeVerdict>({ ...limits, keepMs: ({ allowed }) => (allowed ? YES_MS : NO_MS) })

  async function ask<T>(kind: 'TokenReview' | 'SubjectAccessReview', spec: object): Promise<T> {
    const group = kind === 'TokenReview' ? 'authentication.k8s.io' : 'authorization.k8s.io'
    try {
      const { status } = await client.request<{ status?: T }>({
        method: 'POST',
        path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
        body: { apiVersion: `${group}/v1`, kind, spec },
        timeoutMs: REVIEW_TIMEOUT_MS,
      })
      if (status === undefined) throw new KubeFailure('server', `${client.server} answered a ${kind} without a status`)
      trouble = null
      return status
    } catch (error) {
      const failure = unavailable(error, client.server)
      trouble = failure.message
      throw failure
    }
  }

  async function authenticate(token: string | null, asking: Asking = {}): Promise<KubeUser> {
    const refusal = refusalOf(token)
    if (token === null || refusal !== null) throw new TwinError('UNAUTHORIZED', refusal ?? '')
    const found = await reviews.get(tokenKey(token), {
      ask: async () => reviewOf(await ask('TokenReview', { token, audiences }), audiences),
      ...agesOf(asking),
    })
    const { user, why } = found.value
    if (user === null) throw new TwinError('UNAUTHORIZED', `the cluster does not accept the token: ${why}; ${howToGet(audiences)}`)
    const expiresMs = expiryOf(token)
    if (expiresMs !== null && expiresMs <= clock())
      throw new TwinError('UNAUTHORIZED', `the token ended at ${new Date(expiresMs).toISOString()}; ${howToGet(audiences)}`)
    return { ...user, expiresMs: earliest(expiresMs, found.graceEndMs) }
  }

  async function allow({ user, right, namespace }: AccessQuestion, asking: Asking = {}): Promise<KubeVerdict> {
    const { verb, resource, subresource } = partsOf(right)
    const resourceAttributes = { group: ACCESS_GROUP, verb, resource, subresource, ...(namespace === undefined ? {} : { namespace }) }
    const spec = { user: user.user, uid: user.uid, groups: user.groups, extra: user.extra, resourceAttributes }
    const found = await verdicts.get(tokenKey(JSON.stringify(spec)), {
      ask: async () => {
        const said = await ask<{ allowed?: boolean; reason?: string }>('SubjectAccessReview', spec)
        return { allowed: said.allowed === true, reason: (said.reason ?? '').slice(0, 300) }
      },
      ...agesOf(asking),
    })
    return found.value
  }

  async function admit(token: string | null, need: Exclude<Need, 'anyone'>, { isOpen = false } = {}): Promise<Subject> {
    const asking = { isFresh: isDeciding(need), hasGrace: isOpen && isReading(need) }
    const user = await authenticate(token, asking)
    if (need !== 'signed-in') {
      const { allowed, reason } = await allow({ user, right: need }, asking)
      if (!allowed) throw forbidden(user, need, reason)
    }
    return { user: user.user, groups: user.groups, expiresMs: user.expiresMs }
  }

  return {
    authenticate,
    allow,
    admit,
    checks: () => [
      {
        name: 'access',
        ok: trouble === null,
        detail: trouble ?? `the cluster at ${client.server} says who may do what`,
        remedy: trouble === null ? '' : 'until it answers nobody new is let in and no plan is approved',
      },
    ],
  }
}

const agesOf = ({ isFresh = false, hasGrace = false }: Asking) => ({ isFresh, graceMs: hasGrace ? GRACE_MS : 0 })
const earliest = (a: number | null, b: number | null): number | null => (a === null || b === null ? (a ?? b) : Math.min(a, b))
const howToGet = (audiences: readonly string[]) =>
  `get one with \`kubectl create token SERVICE_ACCOUNT --namespace NAMESPACE --audience ${audiences[0]}\``

function unavailable(error: unknown, server: string): TwinError {
  if (!(error instanceof KubeFailure)) throw error
  const isOurs = error.kind === 'forbidden'
  const why = isOurs ? `edgetwin may not ask ${server} who somebody is` : `${server} does not say who may do what`
  const remedy = isOurs ? `grant it:\n${OWN_RIGHTS_YAML}` : 'nobody new is let in until it does; try again'
  return new TwinError('ACCESS_UNAVAILABLE', `${why} (${error.message}); ${remedy}`, { cause: error })
}

function forbidden(user: KubeUser, right: Right, said: string): TwinError {
  const why = said === '' ? '' : `: ${said}`
  const message = `${user.user} may not ${RIGHTS[right]} (${right}${why}); ask whoever administers the cluster to grant it`
  return new TwinError('FORBIDDEN', message, { details: { user: user.user, right, grant: grantYaml(user.user, right) } })
}
