/**
 * Which edgetwin of several may act on the cluster: the one that holds a Lease, as Kubernetes' own components elect theirs.
 *
 * Ages are measured on our own monotonic clock from what we saw change, so nobody's wall clock matters: we stop acting well before
 * another may begin. A process that was paused can still be late by one request; that the ledger's fence holds off, not this.
 */
import type { Logger, Stop } from '../../../models/ports.ts'
import type { KubeClient } from '../kube-client.ts'
import { type KubeFailure, orNull, toKubeFailure } from '../kube-failure.ts'
import { microTime } from './micro-time.ts'

export interface LeaderOptions {
  readonly client: KubeClient
  /** Of this process and no other, earlier ones of the same machine included. */
  readonly identity: string
  readonly namespace?: string
  readonly name?: string
  /** Milliseconds since the epoch: for people who read the lease. */
  readonly clock: () => number
  /** Milliseconds on a clock that never jumps. */
  readonly monotonic: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Draws in [0, 1). */
  readonly random: () => number
  readonly log: Logger
  /** Others wait for so long since they last saw the lease change. */
  readonly leaseMs?: number
  /** Without a renewal for so long we do not act. */
  readonly renewWithinMs?: number
  readonly retryMs?: number
  /** Nothing is written, so whoever leads keeps leading, and we do as if we did. */
  readonly isDryRun?: boolean
  /** A lead begins or has ended. */
  readonly onChange?: (leads: boolean) => void
}

export interface LeaderStatus {
  readonly identity: string
  /** Null: nobody that we know of. */
  readonly holder: string | null
  readonly leads: boolean
  readonly failure: KubeFailure | null
}

export interface Leader {
  readonly identity: string
  /** No other can hold the lease now. */
  mayAct(): boolean
  /** Who keeps us from acting, in words; null: we may. */
  waitsFor(): string | null
  /** Counts our leads; what was begun in one of them is to be looked at again in the next. */
  lead(): number
  /** How often the lease has changed hands. */
  transitions(): number
  /** The API server's time, carried on by our monotonic clock; null until it has told it. Wrong by at most what a renewal takes. */
  serverNowMs(): number | null
  status(): LeaderStatus
  /** Gives the lease back: another need not wait. Nothing may be under way any more. */
  readonly stop: Stop
}

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}
interface Lease {
  readonly apiVersion: 'coordination.k8s.io/v1'
  readonly kind: 'Lease'
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly resourceVersion?: string
    readonly managedFields?: readonly { readonly time?: string }[]
  }
  readonly spec?: LeaseSpec
}

export function runLeader(options: LeaderOptions): Leader {
  const { client, identity, namespace = 'edgetwin-system', name = 'edgetwin', clock, monotonic, wait, random, log } = options
  const { leaseMs = 15_000, renewWithinMs = 10_000, retryMs = 2_000, isDryRun = false, onChange = () => {} } = options
  const folder = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const path = `${folder}/${name}`
  const query = isDryRun ? { dryRun: 'All' } : {}
  const timeoutMs = Math.floor(renewWithinMs / 2)
  let seen: { readonly text: string; readonly lease: Lease; readonly changedMs: number } | null = null
  /** On the monotonic clock, when the last renewal that was granted was asked for. */
  let renewedMs: number | null = null
  let serverAheadMs: number | null = null
  let failure: KubeFailure | null = null
  let leads = 0
  let isStopping = false
  let wake = (): void => {}

  const mayAct = () => !isStopping && renewedMs !== null && monotonic() - renewedMs < renewWithinMs
  const look = (lease: Lease): void => {
    const text = JSON.stringify(lease.spec ?? {})
    if (seen?.text !== text) seen = { text, lease, changedMs: monotonic() }
    else seen = { ...seen, lease }
  }
  const heldByAnother = (): boolean => {
    const { holderIdentity, leaseDurationSeconds } = seen?.lease.spec ?? {}
    if (isDryRun || seen === null || !holderIdentity || holderIdentity === identity) return false
    return monotonic() - seen.changedMs < (leaseDurationSeconds ?? leaseMs / 1_000) * 1_000
  }
  const whyWaiting = (): string => {
    const holder = seen?.lease.spec?.holderIdentity
    if (!holder) return 'nobody leads'
    return holder === identity ? `${identity} led until it could not renew its lease` : `${holder} leads, this one (${identity}) does not`
  }
  const begin = (atMs: number): void => {
    const isNew = renewedMs === null
    renewedMs = atMs
    if (!isNew) return
    leads++
    log.info({ identity, lease: path, leads }, 'leading')
    onChange(true)
  }
  const end = (reason: string): void => {
    if (renewedMs === null) return
    renewedMs = null
    log.warn({ identity, lease: path, reason }, 'no longer leading')
    onChange(false)
  }
  const claim = (): Lease => {
    const { spec = {} } = seen?.lease ?? {}
    const isOurs = spec.holderIdentity === identity
    const now = microTime(clock())
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...withoutFields(seen?.lease.metadata), name, namespace },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseMs / 1_000),
        acquireTime: isOurs ? (spec.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: (spec.leaseTransitions ?? 0) + (isOurs || seen === null ? 0 : 1),
      },
    }
  }
  const round = async (): Promise<void> => {
    const lease = await orNull(client.request<Lease>({ path, timeoutMs }))
    if (lease === null) seen = null
    else look(lease)
    if (heldByAnother()) return end(`${lease?.spec?.holderIdentity} holds the lease`)
    const askedMs = monotonic()
    const granted = await client.request<Lease>({
      method: lease === null ? 'POST' : 'PUT',
      path: lease === null ? folder : path,
      query,
      body: claim(),
      timeoutMs,
    })
    if (!isDryRun) look(granted)
    const serverMs = serverTimeOf(granted)
    // Had we been stopped meanwhile, nobody could tell when it was that time.
    if (serverMs !== null && monotonic() - askedMs <= timeoutMs) serverAheadMs = serverMs - askedMs
    begin(askedMs)
  }
  const run = async (): Promise<void> => {
    while (!isStopping) {
      try {
        await round()
        failure = null
      } catch (error) {
        if (failure === null) log.warn({ lease: path, reason: toKubeFailure(error).message }, 'lease not renewed')
        failure = toKubeFailure(error)
      }
      if (renewedMs !== null && !mayAct() && !isStopping) end('it could not be renewed in time')
      // Those who wait for it come at different times.
      if (!isStopping) await pause(retryMs * (renewedMs === null ? 1 + random() : 1))
    }
  }
  /** Each turn has a promise of its own: one that lives as long as we do would remember every turn. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve, reject) => {
      wake = resolve
      wait(ms).then(resolve, reject)
    })
  const running = run()

  return {
    identity,
    mayAct,
    waitsFor: () => (mayAct() ? null : whyWaiting()),
    lead: () => leads,
    transitions: () => seen?.lease.spec?.leaseTransitions ?? 0,
    serverNowMs: () => (serverAheadMs === null ? null : Math.round(monotonic() + serverAheadMs)),
    status: () => ({ identity, holder: seen?.lease.spec?.holderIdentity || null, leads: mayAct(), failure }),
    async stop() {
      if (isStopping) return running
      const held = renewedMs !== null
      isStopping = true
      wake()
      await running
      if (!held || seen === null || seen.lease.spec?.holderIdentity !== identity || isDryRun) return
      const body = claim()
      const released = { ...body, spec: { ...body.spec, holderIdentity: '', leaseDurationSeconds: 1 } }
      await client.request({ method: 'PUT', path, body: released, timeoutMs }).catch((error: unknown) => {
        log.warn({ lease: path, reason: toKubeFailure(error).message }, 'lease not given back; others wait until it has run out')
      })
    },
  }
}

/** When the server last took a change of the object; null when it does not say. */
function serverTimeOf({ metadata: { managedFields = [] } }: Lease): number | null {
  const times = managedFields.map(({ time }) => Date.parse(time ?? '')).filter(Number.isFinite)
  return times.length === 0 ? null : Math.max(...times)
}

function withoutFields(metadata: Lease['metadata'] | undefined) {
  if (metadata === undefined) return {}
  const { managedFields: _, ...rest } = metadata
  return rest
}
