/** The experiment's four pictures. */

import { COLOURS } from '../../models/figures/svg.ts'
import { barChart } from './bar-chart.ts'
import { PAPER_GAIN } from './dhs-paper.ts'
import { ASSUMPTIONS, LINK_SPEEDS } from './dhs-settings.ts'
import { CLASS_NAMES, type ClassSummary } from './dhs-summary.ts'
import type { SweepPoint } from './dhs-sweeps.ts'
import { gainOver } from './dhs-tables.ts'
import { lineChart } from './line-chart.ts'
import { rangeChart } from './range-chart.ts'

const PAPER_BAND = { from: PAPER_GAIN.least.ratio * 100, to: PAPER_GAIN.most.ratio * 100, label: 'the paper' }
const CLASS_SERIES = CLASS_NAMES.map((name, index) => ({ name, colour: COLOURS[index]! }))

/** @param planned The same classes as `played`, as the schedulers planned them. */
export function delayChart(played: readonly ClassSummary[], planned: readonly ClassSummary[]): string {
  const names = ['heft', 'cpop', 'peft'] as const
  return barChart({
    title: 'Fig. 1: mean delay of each scheduler by load class',
    unit: 'ms',
    series: names.map((name, index) => ({ name: name.toUpperCase(), colour: COLOURS[index]! })),
    markName: 'as planned, links not shared',
    groups: played.map(({ className, meanMs, weight, ofWeight }, index) => ({
      label: className,
      note: `${weight} of ${ofWeight} arrivals`,
      values: names.map((name) => meanMs[name]),
      marks: names.map((name) => planned[index]!.meanMs[name]),
    })),
  })
}

export function againstLocalChart(played: readonly ClassSummary[]): string {
  const { least, most } = PAPER_GAIN
  return barChart({
    title: 'Fig. 2: delay of DHS and Edge in percent of Local',
    unit: '%',
    series: ['DHS', 'Edge'].map((name, index) => ({ name, colour: COLOURS[index]! })),
    markName: 'DHS in the paper (given for two classes)',
    reference: { value: 100, label: 'Local' },
    groups: played.map(({ className, ratioToLocal, weight, ofWeight }) => ({
      label: className,
      note: `${weight} of ${ofWeight} arrivals`,
      values: [100 * ratioToLocal.dhs, 100 * ratioToLocal.edge],
      marks: [className === least.className ? 100 * (1 - least.ratio) : className === most.className ? 100 * (1 - most.ratio) : null, null],
    })),
  })
}

export function linkSpeedChart(points: readonly SweepPoint[]): string {
  const own = points.filter(({ assumption }) => assumption === 'Link speed')
  return lineChart({
    title: 'How much less DHS takes than Local, by link speed',
    unit: '%',
    xTitle: 'link of every host, Mbit/s',
    xs: LINK_SPEEDS,
    lines: CLASS_SERIES.map((series) => ({ ...series, values: own.map(({ classes }) => gainPercent(classes, series.name)) })),
    band: PAPER_BAND,
  })
}

export function assumptionsChart(points: readonly SweepPoint[]): string {
  return rangeChart({
    title: 'How much less DHS takes than Local, each assumption varied alone',
    xTitle: 'percent; square: the default, line: all values tried',
    series: CLASS_SERIES,
    band: PAPER_BAND,
    rows: ASSUMPTIONS.map(({ name }) => {
      const own = points.filter(({ assumption }) => assumption === name)
      return {
        label: name,
        spans: CLASS_NAMES.map((className) => {
          const gains = own.flatMap(({ classes }) => gainPercent(classes, className) ?? [])
          const base = own.find(({ isBase }) => isBase)
          if (gains.length === 0) return null
          return { from: Math.min(...gains), to: Math.max(...gains), base: base ? gainPercent(base.classes, className) : null }
        }),
      }
    }),
  })
}

function gainPercent(classes: readonly ClassSummary[], className: string): number | null {
  const summary = classes.find((each) => each.className === className)
  return summary ? 100 * gainOver(summary, 'local') : null
}
