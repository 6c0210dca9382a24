/**
 * One process of several that share the sites: a member of a consumer group that reads nothing through it.
 *
 * Kafka's classic protocol takes every partition back at each change of the group, so nothing is acted upon from the
 * moment a new assignment is asked for (and what is under way is waited for) until the answer; what comes back goes on
 * as if nothing had been. Heartbeats run by themselves, however busy the reading is.
 */
import { Admin, Consumer, type GroupPartitionsAssigner } from '@platformatic/kafka'
import type { Check } from '../../models/contracts/api.ts'
import type { Logger, Stop } from '../../models/ports.ts'
import { trackOwnership } from './ownership.ts'
import { connectionOptions } from './platformatic-client.ts'
import { toFailure } from './platformatic-failure.ts'
import type { KafkaSettings } from './settings.ts'
import { assignPartitions, decodeClaim, encodeClaim } from './site-assignment.ts'

export interface SiteGroupOptions {
  /** `group` is the group that is joined. */
  readonly settings: KafkaSettings
  /** Full names, all of one partition count. */
  readonly topics: readonly string[]
  /** Where this process answers people and programs. */
  readonly url: string
  /** Partitions of the sites that only this process can act on. */
  readonly hosts?: readonly number[]
  /** Ours from now on; not to be acted on before all is read that stood in the log at this moment. */
  readonly onOwned: (partitions: readonly number[], generation: number) => void
  readonly onLost: (partitions: readonly number[]) => void
  /** Resolves when what was begun while we might act is done; waited for, up to a bound, before we ask to join anew. */
  readonly settle: () => Promise<void>
  readonly limits?: Partial<GroupLimits>
  readonly log: Logger
}

export interface GroupLimits {
  /** A member that is silent for so long has lost its partitions; brokers take 6 s at least. */
  readonly sessionMs: number
  readonly heartbeatMs: number
  /** A member that has not asked to join anew by then has lost them too. */
  readonly rebalanceMs: number
}
const LIMITS: GroupLimits = { sessionMs: 10_000, heartbeatMs: 1_000, rebalanceMs: 15_000 }
const RETRY_MS_MAX = 2_000
const WATCH_MS = 500
const JOIN_RETRIES = 10

export interface Owner {
  readonly partition: number
  readonly url: string
  readonly isHere: boolean
}

export interface SiteGroup {
  /** Whether the partition is ours beyond doubt at this moment, so that something may be begun. */
  readonly mayAct: (partition: number) => boolean
  /** Whether what was begun may still leave the process. */
  readonly mayFinish: (partition: number) => boolean
  readonly generation: () => number
  /** Asks the group's coordinator, so it is right also for a process that is out of the group. @throws KafkaFailure */
  readonly owners: () => Promise<readonly Owner[]>
  readonly checks: () => readonly Check[]
  readonly status: () => {
    readonly generation: number
    readonly partitionCount: number
    readonly joinCount: number
    readonly restartCount: number
  }
  /** Leaves the group, so that the others need not wait for the end of the session. */
  readonly stop: Stop
}

export function joinSiteGroup(options: SiteGroupOptions): SiteGroup {
  const { settings, log, url, hosts = [] } = options
  const limits = { ...LIMITS, ...options.limits }
  const ownership = trackOwnership({ sessionTimeoutMs: limits.sessionMs, nowMs: steadyClock() })
  let member: Member | null = null
  let joinCount = 0
  let restartCount = 0
  let lastError = ''
  let isStopped = false
  let retryTimer: NodeJS.Timeout | undefined

  const claim = async (): Promise<Buffer> => {
    ownership.pausing()
    await Promise.race([options.settle(), pause(limits.rebalanceMs / 3)])
    ownership.joining()
    return Buffer.from(encodeClaim({ url, owned: ownership.partitions(), generation: ownership.generation(), hosts }))
  }
  const onJoined = (generation: number, partitions: readonly number[]): void => {
    const { lost, owned } = ownership.joined({ generation, partitions })
    joinCount++
    lastError = ''
    log.info({ group: settings.group, generation, partitions, lost, owned }, 'sites shared out')
    if (lost.length > 0) options.onLost(lost)
    if (owned.length > 0) options.onOwned(owned, generation)
  }
  const start = (): void => {
    if (isStopped) return
    const own = joinAsMember({ settings, topics: options.topics, limits, claim, onJoined, ownership })
    member = own
    own.failed.then((error) => {
      if (member === own) restart(error)
    })
  }
  const restart = (error: unknown): void => {
    const old = member
    member = null
    lastError = toFailure(error).message
    restartCount++
    ownership.joining()
    log.warn({ group: settings.group, reason: lastError }, 'membership of the group lost, joining anew')
    void old?.close()
    retryTimer = setTimeout(start, Math.random() * Math.min(RETRY_MS_MAX, 100 * 2 ** Math.min(restartCount, 10)))
  }
  const watch = setInterval(() => {
    // Who asks to join may have to wait for all the others.
    const silentMsMax = limits.sessionMs + (ownership.isJoining() ? limits.rebalanceMs : 0)
    if (member !== null && ownership.silentMs() > silentMsMax) restart(new Error('the group does not answer'))
  }, WATCH_MS)
  start()

  return {
    mayAct: ownership.mayAct,
    mayFinish: ownership.mayFinish,
    generation: ownership.generation,
    owners: () => ownersOf(settings, member?.id() ?? null),
    checks: () => {
      const isMember = joinCount > 0 && lastError === '' && ownership.silentMs() < limits.sessionMs
      return [checkMember({ isMember, lastError, settings })]
    },
    status: () => ({ generation: ownership.generation(), partitionCount: ownership.partitions().length, joinCount, restartCount }),
    async stop() {
      isStopped = true
      clearTimeout(retryTimer)
      clearInterval(watch)
      ownership.pausing()
      await options.settle()
      ownership.joining()
      const own = member
      member = null
      await own?.close()
    },
  }
}

interface Member {
  readonly id: () => string | null
  /** Resolves to why it is a member no more. */
  readonly failed: Promise<unknown>
  readonly close: () => Promise<void>
}

interface MemberOptions {
  readonly settings: KafkaSettings
  readonly topics: readonly string[]
  readonly limits: GroupLimits
  readonly claim: () => Promise<Buffer>
  readonly onJoined: (generation: number, partitions: readonly number[]) => void
  readonly ownership: { heartbeatSent(): void; heartbeatAnswered(): void }
}

function joinAsMember({ settings, topics, limits, claim, onJoined, ownership }: MemberOptions): Member {
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>()
  const consumer = new Consumer({
    ...connectionOptions(settings),
    groupId: settings.group,
    sessionTimeout: limits.sessionMs,
    heartbeatInterval: limits.heartbeatMs,
    rebalanceTimeout: limits.rebalanceMs,
    retries: JOIN_RETRIES,
    // The answer to a join comes when the last member has asked, or at the end of the rebalance.
    requestTimeout: limits.rebalanceMs + limits.sessionMs,
    protocols: [{ name: 'edgetwin-sites', version: 0 }],
    protocolsMetadata: claim,
    partitionAssigner: toAssigner(topics),
  })
  consumer.on('consumer:heartbeat:start', ownership.heartbeatSent)
  consumer.on('consumer:heartbeat:end', ownership.heartbeatAnswered)
  consumer.on('consumer:group:join', ({ generationId = -1, assignments = [] }) => {
    onJoined(generationId, assignments.find(({ topic }) => topic === topics[0])?.partitions ?? [])
  })
  consumer.on('error', fail)
  consumer.topics.trackAll(...topics)
  consumer.joinGroup({}).catch(fail)
  return { id: () => consumer.memberId, failed, close: () => consumer.close(true).catch(() => {}) }
}

/** Number p of every topic to the same member. */
function toAssigner(topics: readonly string[]): GroupPartitionsAssigner {
  return (_, members, __, metadata) => {
    const claims = new Map([...members].map(([id, { metadata: userData }]) => [id, decodeClaim(String(userData ?? ''))]))
    const partitionCount = Math.min(...topics.map((topic) => metadata.topics.get(topic)?.partitionsCount ?? 0))
    return [...assignPartitions(claims, partitionCount)].map(([memberId, partitions]) => ({
      memberId,
      assignments: new Map(topics.map((topic) => [topic, { topic, partitions }])),
    }))
  }
}

async function ownersOf(settings: KafkaSettings, ownId: string | null): Promise<Owner[]> {
  const admin = new Admin(connectionOptions(settings))
  try {
    const group = (await admin.describeGroups({ groups: [settings.group] })).get(settings.group)
    return [...(group?.members.values() ?? [])]
      .flatMap(({ id, metadata, assignments }) => {
        const { url } = decodeClaim(String(metadata?.metadata ?? ''))
        const partitions = assignments?.values().next().value?.partitions ?? []
        return partitions.map((partition) => ({ partition, url, isHere: id === ownId }))
      })
      .sort((a, b) => a.partition - b.partition)
  } catch (error) {
    throw toFailure(error)
  } finally {
    await admin.close().catch(() => {})
  }
}

function checkMember(now: { readonly isMember: boolean; readonly lastError: string; readonly settings: KafkaSettings }): Check {
  const { isMember, lastError, settings } = now
  return {
    name: 'site-group',
    ok: isMember,
    detail: isMember ? `member of ${settings.group}` : `not in group ${settings.group}: ${lastError === '' ? 'joining' : lastError}`,
    remedy: 'sites are watched but not acted on until the group takes us again; see whether the Kafka brokers answer',
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })

/** Goes on while the process or the machine is stopped, and never back: the larger of what both clocks say. */
function steadyClock(): () => number {
  let nowMs = 0
  let [steadyMs, wallMs] = [performance.now(), Date.now()]
  return () => {
    const [steady, wall] = [performance.now(), Date.now()]
    nowMs += Math.max(steady - steadyMs, wall - wallMs)
    ;[steadyMs, wallMs] = [steady, wall]
    return nowMs
  }
}
