/**
 * Where reading for several sites goes on: where the one that has read least stands. Pure.
 *
 * A log that begins anew counts its topic up (`topic#2`), and offsets of two counts cannot be compared: who knows only
 * the older has read nothing of the newer.
 */
import type { Position } from '../models/events/topics.ts'

/** @param positionsOfSites Of each site, its journal's. @returns At most one position per topic and partition; without one: from the start. */
export function resumePoints(positionsOfSites: readonly (readonly Position[])[]): Position[] {
  const byLog = Map.groupBy(positionsOfSites.flat(), ({ topic, partition }) => `${baseOf(topic)}:${partition}`)
  return [...byLog.values()].flatMap((positions) => {
    const newest = positions.reduce((a, b) => (countOf(b.topic) > countOf(a.topic) ? b : a))
    const { topic, partition } = newest
    const offsets = positionsOfSites.map(
      (own) => own.find((position) => position.topic === topic && position.partition === partition)?.offset ?? -1,
    )
    const offset = Math.min(...offsets)
    return offset === -1 && countOf(topic) === 1 ? [] : [{ topic, partition, offset }]
  })
}

export function baseOf(topic: string): string {
  return topic.split('#')[0] ?? topic
}

function countOf(topic: string): number {
  return Number(topic.split('#')[1] ?? 1)
}
