/** Every assumption varied alone, all others at their defaults. */
import { type Run, runAll } from './dhs-runs.ts'
import { ASSUMPTIONS, BASE, isBase, type Settings, type Study } from './dhs-settings.ts'
import { type ClassSummary, summarise } from './dhs-summary.ts'

export interface SweepPoint {
  readonly assumption: string
  readonly label: string
  readonly isBase: boolean
  readonly change: Partial<Study>
  readonly classes: readonly ClassSummary[]
}

/** @param onPoint Told before each point what comes, and how many of how many are done. */
export function sweepAll(onPoint: (what: string, done: number, count: number) => void): SweepPoint[] {
  const points = ASSUMPTIONS.flatMap(({ name, values }) => values.map((value) => ({ assumption: name, ...value })))
  const known = new Map<string, readonly Run[]>()
  return points.map(({ assumption, label, change }, done) => {
    onPoint(`${assumption} ${label}`, done, points.length)
    const study = { ...BASE, ...change }
    const { timing, delay, average, ...settings } = study
    const runs = known.get(keyOf(settings)) ?? runAll(settings)
    known.set(keyOf(settings), runs)
    return { assumption, label, isBase: isBase(change), change, classes: summarise(runs, { timing, delay, average }) }
  })
}

function keyOf(settings: Settings): string {
  return JSON.stringify(settings)
}
