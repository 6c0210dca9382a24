/** What is well with Kafka, what is not, and what to do about it. Cheap: last known, nothing is asked. */
import type { Check } from '../../models/contracts/api.ts'
import type { KafkaFailure } from './client.ts'
import type { PublishingStatus } from './publishing.ts'
import type { ReadingStatus } from './reading.ts'
import { REMEDIES } from './remedies.ts'
import type { KafkaSettings } from './settings.ts'

export interface CheckOptions {
  readonly settings: KafkaSettings
  /** null before anybody reads. */
  readonly reading: ReadingStatus | null
  readonly publishing: PublishingStatus
}

export function kafkaChecks({ settings, reading, publishing }: CheckOptions): readonly Check[] {
  const checks = [checkPublishing(publishing, settings)]
  return reading === null ? checks : [checkReading(reading, settings), checkTaking(reading), checkGaps(reading), ...checks]
}

function checkReading({ isReading, failure, lagRecords, restarts }: ReadingStatus, { brokers }: KafkaSettings): Check {
  const lag = Object.values(lagRecords).reduce((sum, records) => sum + records, 0)
  const detail = `reads from ${brokers.join(', ')}, ${lag} records behind, ${restarts} restarts`
  if (failure !== null) return { name: 'kafka-read', ok: false, ...told(failure, brokers) }
  return {
    name: 'kafka-read',
    ok: isReading,
    detail: isReading ? detail : `connecting to ${brokers.join(', ')}`,
    remedy: REMEDIES.unreachable,
  }
}

function checkTaking({ refusal, duplicates }: ReadingStatus): Check {
  const detail = refusal === null ? `every record read is taken, ${duplicates} were there twice` : `records are not taken: ${refusal}`
  return {
    name: 'kafka-take',
    ok: refusal === null,
    detail,
    remedy: 'mend what the reason names; they are handed over again by themselves',
  }
}

/** What is gone stays gone, and reading has gone on: worth knowing, but what is shown is no older for it. */
function checkGaps({ gaps }: ReadingStatus): Check {
  const last = gaps.at(-1)
  const [what, remedy] =
    last?.reason === 'retention'
      ? ['Kafka had deleted', 'keep records longer (retention.ms) than edgetwin is ever down; what the cluster lists has been read anew']
      : ['was made anew after', 'delete topics only together with the journal; what the cluster lists has been read anew']
  const detail =
    last === undefined
      ? 'nothing was gone before it was read'
      : `${gaps.length} gaps, the last: ${last.topic}/${last.partition} ${what} offset ${last.wantedOffset}, read on from ${last.beginOffset}`
  return { name: 'kafka-gaps', ok: last === undefined, advisory: true, detail, remedy }
}

function checkPublishing({ published, refused, waiting, failure }: PublishingStatus, { brokers }: KafkaSettings): Check {
  if (failure !== null) return { name: 'kafka-write', ok: false, ...told(failure, brokers) }
  const detail = `${published} events written, ${waiting} wait, ${refused} refused`
  return { name: 'kafka-write', ok: true, detail, remedy: REMEDIES.unreachable }
}

function told({ kind, message }: KafkaFailure, brokers: readonly string[]): Pick<Check, 'detail' | 'remedy'> {
  return { detail: `${kind} (${brokers.join(', ')}): ${message}`, remedy: REMEDIES[kind] }
}
