/**
 * Where reading starts, from what the journal has and what the topics hold. Pure.
 *
 * A topic that ends before what was read from it is not the one it was: it was deleted and made anew, or has lost its end.
 * Its offsets begin again, so its records get positions of their own, `topic#2`, and are never taken for old ones.
 */
import type { Position } from '../../models/events/topics.ts'
import type { PartitionRange } from './client.ts'

export interface StartingPoint {
  /** As Kafka has it. */
  readonly topic: string
  readonly partition: number
  /** The topic of its positions: without the prefix, and with the number of the topic if it was made anew. */
  readonly positionTopic: string
  /** The last offset that was taken; one less than the first there is when none was. */
  readonly takenOffset: number
  readonly gap: Gap | null
}

/** Records that we never read and cannot read any more. */
export interface Gap {
  readonly topic: string
  readonly partition: number
  readonly reason: 'retention' | 'made-anew'
  readonly wantedOffset: number
  /** What there is now: from here, up to before there. */
  readonly beginOffset: number
  readonly endOffset: number
}

export interface StartingPointOptions {
  readonly prefix: string
  readonly ranges: readonly PartitionRange[]
  readonly taken: readonly Position[]
  /** Known to be made anew though it has as many records as we have read: `topic:partition` of the position. */
  readonly madeAnew?: ReadonlySet<string>
}

export function startingPoints({ prefix, ranges, taken, madeAnew = new Set() }: StartingPointOptions): StartingPoint[] {
  return ranges.map((range) => {
    const { topic, partition, beginOffset, endOffset } = range
    const name = topic.slice(prefix.length)
    const held = newestOf(taken, { name, partition })
    const start = { topic, partition, positionTopic: held?.topic ?? name }
    if (held === undefined) return { ...start, takenOffset: beginOffset - 1, gap: null }
    const gap = { topic, partition, wantedOffset: held.offset + 1, beginOffset, endOffset }
    if (held.offset >= endOffset || madeAnew.has(positionKey(held))) {
      const positionTopic = `${name}#${numberOf(held.topic) + 1}`
      return { ...start, positionTopic, takenOffset: beginOffset - 1, gap: { ...gap, reason: 'made-anew' } }
    }
    if (held.offset + 1 < beginOffset) return { ...start, takenOffset: beginOffset - 1, gap: { ...gap, reason: 'retention' } }
    return { ...start, takenOffset: held.offset, gap: null }
  })
}

export function positionKey({ topic, partition }: Pick<Position, 'topic' | 'partition'>): string {
  return `${topic}:${partition}`
}

function newestOf(taken: readonly Position[], { name, partition }: { readonly name: string; readonly partition: number }) {
  const ofPartition = taken.filter((position) => position.partition === partition && position.topic.split('#')[0] === name)
  return ofPartition.sort((a, b) => numberOf(b.topic) - numberOf(a.topic))[0]
}

function numberOf(positionTopic: string): number {
  return Number(positionTopic.split('#')[1] ?? 1)
}
