/**
 * Writes points into InfluxDB and finds out exactly which it took.
 *
 * A 400 is a *partial* write: the good points of the request are stored. InfluxDB says how many it dropped, but of the
 * first shard only, so a request never spans two; where it says nothing, the points are halved until the bad are alone.
 */
import type { IPoint } from 'influx'
import type { Inserted } from './history-store.ts'
import { ERROR_PARTIAL } from './influx-problems.ts'
import { floorTo, HOUR_MS } from './tiers.ts'

export interface TimedPoint {
  readonly timeMs: number
  readonly point: IPoint
}
type Write = (points: readonly IPoint[]) => Promise<void>

/** A shard is some whole hours long. */
export async function writeExactly(write: Write, points: readonly TimedPoint[]): Promise<Inserted> {
  let refusedCount = 0
  let problem: string | null = null
  for (const ofHour of Map.groupBy(points, ({ timeMs }) => floorTo(timeMs, HOUR_MS)).values()) {
    const inserted = await writeSome(
      write,
      ofHour.map(({ point }) => point),
    )
    refusedCount += inserted.refusedCount
    problem = inserted.problem ?? problem
  }
  return { refusedCount, problem }
}

async function writeSome(write: Write, points: readonly IPoint[]): Promise<Inserted> {
  try {
    await write(points)
    return { refusedCount: 0, problem: null }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const partial = ERROR_PARTIAL.exec(problem)
    if (partial === null) throw error
    const droppedCount = Number(partial[1])
    if (droppedCount > 0) return { refusedCount: droppedCount, problem }
    if (points.length === 1) return { refusedCount: 1, problem }
    const half = Math.ceil(points.length / 2)
    const first = await writeSome(write, points.slice(0, half))
    const second = await writeSome(write, points.slice(half))
    return { refusedCount: first.refusedCount + second.refusedCount, problem: first.problem ?? second.problem }
  }
}
