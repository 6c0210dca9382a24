/**
 * Who somebody is and what they may do, as the cluster says: TokenReview and SubjectAccessReview of its API server.
 *
 * Answers are kept for seconds only, and never beyond the end of a token. While nobody can be asked, nobody new is let in
 * and nothing is decided; what was open for reading stays so for at most a minute more.
 */
import {
  ACCESS_GROUP,
  type Access,
  type AdmitOptions,
  isDeciding,
  isReading,
  type Need,
  partsOf,
  RIGHTS,
  type Right,
  type Scope,
  type Subject,
} from '../../../models/contracts/access.ts'
import type { Check } from '../../../models/contracts/api.ts'
import { TwinError } from '../../../models/errors.ts'
import type { Clock } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { grantYaml, OWN_RIGHTS_YAML } from './access-grant.ts'
import { allowedAmong, NAMESPACES_ASKED_MAX, worthAsking } from './access-namespaces.ts'
import { expiryOf, type KubeUser, refusalOf, reviewOf, type TokenReview, tokenKey } from './access-review.ts'
import { createRemembered } from './remembered.ts'

export interface KubeAccessOptions {
  readonly client: Pick<KubeClient, 'request' | 'server'>
  /** A token must be made out for one of them. */
  readonly audiences: readonly string[]
  readonly clock: Clock
  /** Namespaces in which something runs: of many they are asked about first. */
  readonly busyNamespaces?: (() => Iterable<string>) | undefined
}

export interface AccessQuestion {
  readonly user: KubeUser
  readonly right: Right
  /** Absent: in all namespaces. */
  readonly namespace?: string | undefined
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
/** Users at once whose namespaces are asked for: each is up to a hundred questions. */
const SEARCHES_AT_ONCE_MAX = 32
const REVIEW_TIMEOUT_MS = 3_000

export function createKubeAccess({ client, audiences, clock, busyNamespaces = () => [] }: KubeAccessOptions): KubeAccess {
  let trouble: string | null = null
  const limits = { clock, keptMax: KEPT_MAX, atOnceMax: AT_ONCE_MAX }
  const reviews = createRemembered<TokenReview>({ ...limits, keepMs: ({ user }) => (user === null ? NO_MS : YES_MS) })
  const verdicts = createRemembered<KubeVerdict>({ ...limits, keepMs: ({ allowed }) => (allowed ? YES_MS : NO_MS) })
  const lists = createRemembered<readonly string[]>({ ...limits, keepMs: () => YES_MS })
  const searches = createRemembered<readonly string[]>({
    ...limits,
    atOnceMax: SEARCHES_AT_ONCE_MAX,
    keepMs: ({ length }) => (length > 0 ? YES_MS : NO_MS),
  })

  function ask<T>(kind: 'TokenReview' | 'SubjectAccessReview', spec: object): Promise<T> {
    const group = kind === 'TokenReview' ? 'authentication.k8s.io' : 'authorization.k8s.io'
    return heard(async () => {
      const { status } = await client.request<{ status?: T }>({
        method: 'POST',
        path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
        body: { apiVersion: `${group}/v1`, kind, spec },
        timeoutMs: REVIEW_TIMEOUT_MS,
      })
      if (status === undefined) throw new KubeFailure('server', `${client.server} answered a ${kind} without a status`)
      return status
    })
  }

  /** Takes note of whether it was answered. */
  async function heard<T>(asking: () => Promise<T>): Promise<T> {
    try {
      const answer = await asking()
      trouble = null
      return answer
    } catch (error) {
      const failure = unavailable(error, client.server)
      trouble = failure.message
      throw failure
    }
  }

  /** Without the right to list them: those that are known otherwise. */
  function listNamespaces(): Promise<readonly string[]> {
    const path = `/api/v1/namespaces?limit=${NAMESPACES_ASKED_MAX}`
    return heard(async () => {
      try {
        const { items = [] } = await client.request<NamespaceList>({ method: 'GET', path, timeoutMs: REVIEW_TIMEOUT_MS })
        return items.flatMap(({ metadata }) => metadata?.name ?? [])
      } catch (error) {
        if (error instanceof KubeFailure && error.kind === 'forbidden') return []
        throw error
      }
    })
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

  async function review({ user, right, namespace }: AccessQuestion): Promise<KubeVerdict> {
    const { allowed, reason = '' } = await ask<{ allowed?: boolean; reason?: string }>(
      'SubjectAccessReview',
      reviewSpec({ user, right, namespace }),
    )
    return { allowed: allowed === true, reason: reason.slice(0, 300) }
  }

  async function allow(question: AccessQuestion, asking: Asking = {}): Promise<KubeVerdict> {
    const key = tokenKey(JSON.stringify(reviewSpec(question)))
    return (await verdicts.get(key, { ask: () => review(question), ...agesOf(asking) })).value
  }

  /** Where the user has the right that it has not in all namespaces at once. */
  async function namespacesOf(user: KubeUser, right: Right, asking: Asking): Promise<readonly string[]> {
    const search = async () => {
      const listed = await lists.get('', { ask: listNamespaces, ...agesOf(asking) })
      const worth = worthAsking(user, [...busyNamespaces(), ...listed.value])
      return allowedAmong(worth, async (namespace) => (await review({ user, right, namespace })).allowed)
    }
    const key = tokenKey(JSON.stringify(reviewSpec({ user, right })))
    return (await searches.get(key, { ask: search, ...agesOf(asking) })).value
  }

  async function admit(
    token: string | null,
    need: Exclude<Need, 'anyone'>,
    { isOpen = false, scope = 'cluster' }: AdmitOptions = {},
  ): Promise<Subject> {
    const asking = { isFresh: isDeciding(need), hasGrace: isOpen && isReading(need) }
    const user = await authenticate(token, asking)
    const subject = { user: user.user, groups: user.groups, expiresMs: user.expiresMs }
    if (need === 'signed-in') return { ...subject, namespaces: [] }
    const { allowed, reason } = await allow({ user, right: need }, asking)
    if (allowed) return { ...subject, namespaces: 'all' }
    const namespaces = scope === 'rows' ? await namespacesOf(user, need, asking) : []
    if (namespaces.length === 0) throw forbidden(user, need, { scope, said: reason })
    return { ...subject, namespaces }
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

function forbidden(user: KubeUser, right: Right, { scope, said }: { readonly scope: Scope; readonly said: string }): TwinError {
  const why = said === '' ? '' : `: ${said}`
  const where = scope === 'rows' ? 'there is no namespace in which it may' : 'this is of all namespaces and needs the right in all of them'
  const message = `${user.user} may not ${RIGHTS[right]} (${right}${why}); ${where}; ask whoever administers the cluster to grant it`
  return new TwinError('FORBIDDEN', message, { details: { user: user.user, right, grant: grantYaml(user.user, right) } })
}

function reviewSpec({ user, right, namespace }: AccessQuestion): object {
  const { verb, resource, subresource } = partsOf(right)
  const resourceAttributes = { group: ACCESS_GROUP, verb, resource, subresource, ...(namespace === undefined ? {} : { namespace }) }
  return { user: user.user, uid: user.uid, groups: user.groups, extra: user.extra, resourceAttributes }
}

interface NamespaceList {
  readonly items?: readonly { readonly metadata?: { readonly name?: string } }[]
}
