/**
 * The event log on Kafka, whichever library speaks to it.
 *
 * Topics of positions are those of the events, without the prefix; a topic that was made anew counts as another (`topic#2`).
 */

import type { Check } from '../../models/contracts/api.ts'
import { TwinError } from '../../models/errors.ts'
import type { Clock, EventLog, Logger } from '../../models/ports.ts'
import type { KafkaClient } from './client.ts'
import { kafkaChecks } from './kafka-checks.ts'
import { runPublishing } from './publishing.ts'
import { type Reading, type ReadingOptions, runReading } from './reading.ts'
import type { KafkaSettings } from './settings.ts'
import type { Gap } from './starting-points.ts'

export interface KafkaLogOptions extends Pick<ReadingOptions, 'wasTaken' | 'partitions' | 'madeAnewAfterMs'> {
  readonly client: KafkaClient
  readonly settings: KafkaSettings
  readonly clock: Clock
  /** In [0, 1): jitter, and what makes the ids of this process its own. */
  readonly random: () => number
  readonly logger: Logger
  readonly onGap?: (gap: Gap) => void
  /** How long an event may wait to be taken. Default 30 s. */
  readonly publishWithinMs?: number
  readonly waitingEventsMax?: number
}

/** Plain numbers for gauges and counters. */
export interface KafkaLogStatus {
  readonly isReading: boolean
  readonly lagRecords: Readonly<Record<string, number>>
  readonly restarts: number
  readonly duplicates: number
  readonly gapCount: number
  readonly published: number
  readonly refused: number
  readonly waiting: number
  /** Time stamp of the newest record taken; null before the first. */
  readonly newestRecordMs: number | null
  readonly lastError: string | null
}

export interface KafkaLog extends EventLog {
  readonly checks: () => readonly Check[]
  readonly status: () => KafkaLogStatus
}

export function createKafkaLog(options: KafkaLogOptions): KafkaLog {
  const { client, settings, clock, random, logger, onGap } = options
  const { topicPrefix: prefix, group } = settings
  const instance = `${settings.clientId}-${clock().toString(36)}-${Math.floor(random() * 2 ** 32).toString(36)}`
  const { publishWithinMs: withinMs, waitingEventsMax } = options
  const publishing = runPublishing({ client, prefix, instance, random, logger, withinMs, waitingEventsMax })
  let reading: Reading | null = null

  const tellGap = (gap: Gap): void => {
    logger.error({ ...gap }, gap.reason === 'retention' ? 'records are gone before they were read' : 'a topic was made anew')
    onGap?.(gap)
  }

  return {
    publish: publishing.publish,
    async subscribe({ resumeAfter, onRecords }) {
      if (reading !== null) throw new TwinError('INTERNAL', 'The event log has one subscriber at a time: stop the other one first.')
      const { wasTaken, partitions, madeAnewAfterMs } = options
      const reader = { resumeAfter, onRecords, onGap: tellGap, wasTaken, partitions, madeAnewAfterMs }
      const own = runReading({ client, prefix, group, clock, random, logger, ...reader })
      reading = own
      return async () => {
        await own.stop()
        if (reading === own) reading = null
      }
    },
    async close() {
      await Promise.all([publishing.close(), reading?.stop()])
    },
    checks: () => kafkaChecks({ settings, reading: reading?.status() ?? null, publishing: publishing.status() }),
    status: () => statusOf(reading?.status() ?? null, publishing.status()),
  }
}

function statusOf(reading: ReturnType<Reading['status']> | null, publishing: ReturnType<ReturnType<typeof runPublishing>['status']>) {
  const { published, refused, waiting } = publishing
  return {
    isReading: reading?.isReading ?? false,
    lagRecords: reading?.lagRecords ?? {},
    restarts: reading?.restarts ?? 0,
    duplicates: reading?.duplicates ?? 0,
    gapCount: reading?.gaps.length ?? 0,
    published,
    refused,
    waiting,
    newestRecordMs: reading?.newestRecordMs ?? null,
    lastError: reading?.failure?.message ?? reading?.refusal ?? publishing.failure?.message ?? null,
  }
}
