/**
 * The sites of this process, one of several that share them all: what the group gives us we run, what it takes we end.
 *
 * A site is acted on only while its partition is ours beyond doubt and read up to where the log ended when we got it.
 * The old owner's journal stays with the old owner: the log is what both have in common.
 */
import type { SiteGroup } from '../connectors/kafka/site-group.ts'
import type { Check } from '../models/contracts/api.ts'
import type { Position } from '../models/events/topics.ts'
import type { Clock, EventLog, Logger, Stop } from '../models/ports.ts'
import { type Gate, makeGate } from './gate.ts'
import { type RunningPartition, runPartition, type SiteHere } from './run-partition.ts'

export interface GroupHooks {
  readonly onOwned: (partitions: readonly number[]) => void
  readonly onLost: (partitions: readonly number[]) => void
  readonly settle: () => Promise<void>
}

export interface SitesOptions {
  readonly joinGroup: (hooks: GroupHooks) => Pick<SiteGroup, 'mayAct' | 'mayFinish' | 'checks' | 'stop'>
  /** A log of one partition, that writes only while it may. */
  readonly openLog: (partition: number, mayWrite: () => boolean) => EventLog
  readonly endPositions: (partition: number) => Promise<readonly Position[]>
  readonly partitionOf: (site: string) => number
  /** With a journal here, or that must have a twin. */
  readonly knownSites: () => readonly string[]
  readonly startSite: (site: string, means: SiteMeans) => Promise<SiteHere>
  readonly clock: Clock
  readonly log: Logger
}

export interface SiteMeans {
  /** Shut while the site is not ours to act for. */
  readonly gate: Gate
  readonly publish: EventLog['publish']
}

export interface RunningSites {
  readonly sites: () => readonly SiteStatus[]
  readonly checks: () => readonly Check[]
  /** Ends and snapshots the twins, then leaves the group. */
  readonly stop: Stop
}

export interface SiteStatus {
  readonly site: string
  readonly partition: number
  readonly url: string
  readonly isActing: boolean
}

export function runSites(options: SitesOptions): RunningSites {
  const { partitionOf, clock, log } = options
  const running = new Map<number, RunningPartition>()
  const gates = new Map<string, Gate>()
  /** A partition that comes back is started when it has ended. */
  let ending: Promise<unknown> = Promise.resolve()

  const isReady = (partition: number): boolean => running.get(partition)?.isCaughtUp() === true && group.mayAct(partition)
  const gateOf = (site: string): Gate => {
    const gate = gates.get(site) ?? makeGate(site, () => isReady(partitionOf(site)))
    gates.set(site, gate)
    return gate
  }
  const settle = async (): Promise<void> => {
    await Promise.all([...gates.values()].map((gate) => gate.settle()))
  }
  const end = (partitions: readonly number[]): void => {
    const ended = partitions.flatMap((partition) => running.get(partition) ?? [])
    for (const partition of partitions) running.delete(partition)
    ending = Promise.all([ending, ...ended.map(({ stop }) => stop())])
  }
  const begin = (partition: number): RunningPartition => {
    const earlier = ending
    return runPartition({
      partition,
      openLog: () => options.openLog(partition, () => group.mayFinish(partition)),
      endPositions: async () => {
        await earlier
        return options.endPositions(partition)
      },
      knownSites: options.knownSites().filter((site) => partitionOf(site) === partition),
      startSite: (site, publish) => options.startSite(site, { gate: gateOf(site), publish }),
      clock,
      log,
    })
  }
  const group = options.joinGroup({
    onOwned: (partitions) => {
      for (const partition of partitions) running.set(partition, begin(partition))
    },
    onLost: end,
    settle,
  })

  return {
    sites: () =>
      [...running].flatMap(([partition, { sites }]) =>
        sites().map(({ site, url }) => ({ site, partition, url, isActing: isReady(partition) })),
      ),
    checks: () => [...group.checks(), ...[...running.values()].flatMap(({ checks }) => checks())],
    async stop() {
      end([...running.keys()])
      await ending
      await group.stop()
    },
  }
}
