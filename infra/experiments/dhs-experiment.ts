/** Runs the DHS experiment and returns the files it consists of, by name; writes nothing. */
import { againstLocalChart, assumptionsChart, delayChart, linkSpeedChart } from './dhs-charts.ts'
import { checkGold } from './dhs-gold.ts'
import { toPage } from './dhs-page.ts'
import { runAll } from './dhs-runs.ts'
import { BASE } from './dhs-settings.ts'
import { summarise } from './dhs-summary.ts'
import { sweepAll } from './dhs-sweeps.ts'
import { arrivalsCsv, sweepsCsv } from './dhs-tables.ts'

export interface ExperimentOptions {
  /** Text of the fixed scenarios. */
  readonly gold: string
  /** Leaves out what varies the assumptions. */
  readonly isQuick: boolean
  readonly onProgress: (what: string, done: number, count: number) => void
}

/** @throws TwinError when a fixed scenario is not reproduced */
export function runExperiment({ gold: goldText, isQuick, onProgress }: ExperimentOptions): Map<string, string> {
  const gold = checkGold(goldText)
  onProgress('the default setting', 0, 1)
  const runs = runAll(BASE)
  const played = summarise(runs, BASE)
  const planned = summarise(runs, { ...BASE, timing: 'planned' })
  const sweeps = isQuick ? null : sweepAll(onProgress)
  return new Map([
    ['dhs.md', toPage({ gold, runs, played, planned, sweeps })],
    ['dhs/arrivals.csv', arrivalsCsv(runs)],
    ['dhs/fig1.svg', delayChart(played, planned)],
    ['dhs/fig2.svg', againstLocalChart(played)],
    ...(sweeps
      ? ([
          ['dhs/sensitivity.csv', sweepsCsv(sweeps)],
          ['dhs/link-speed.svg', linkSpeedChart(sweeps)],
          ['dhs/assumptions.svg', assumptionsChart(sweeps)],
        ] as const)
      : []),
  ])
}
