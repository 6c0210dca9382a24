/** Rows of numbers as Markdown and CSV. Decimals are fixed, so equal results are equal bytes. */
import { ALGORITHM_NAMES } from '../../models/scheduling/algorithms.ts'
import { CAMERAS } from './dhs-arrivals.ts'
import type { Run } from './dhs-runs.ts'
import type { ClassSummary } from './dhs-summary.ts'
import type { SweepPoint } from './dhs-sweeps.ts'

/** Columns of numbers to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const isNumeric = (column: number) => rows.every((cells) => /^[-–\d]/.test(cells[column] ?? ''))
  return [row(head), row(head.map((_, column) => (isNumeric(column) ? '---:' : '---'))), ...rows.map(row)].join('\n')
}

export function ms(value: number): string {
  return value.toFixed(1)
}

/** 0.291 → 29.1 */
export function percent(ratio: number): string {
  // Without the sum, a rounded −0 would show its sign.
  return (Math.round(ratio * 1000) / 10 + 0).toFixed(1)
}

/** By how much less DHS takes than `over`, as a ratio. */
export function gainOver({ ratioToLocal }: ClassSummary, over: 'local' | 'edge'): number {
  return 1 - ratioToLocal.dhs / ratioToLocal[over]
}

export function arrivalsCsv(runs: readonly Run[]): string {
  const timings = ['planned', 'played'] as const
  const delays = timings.flatMap((timing) => ALGORITHM_NAMES.map((algorithm) => ({ timing, algorithm })))
  const head = [
    'load,arrivals,class,dispatched_to',
    ...CAMERAS,
    ...CAMERAS.map((camera) => `t_seconds_${camera}`),
    ...delays.map(({ timing, algorithm }) => `${algorithm}_${timing}_makespan_ms`),
    ...delays.map(({ timing, algorithm }) => `${algorithm}_${timing}_mean_latency_ms`),
  ]
  return csv([
    head.join(','),
    ...runs.map(({ load, weight, loadClass, requests, cameraLoadsSeconds, delays: byAlgorithm }) =>
      [
        load,
        weight,
        loadClass.className,
        loadClass.algorithm,
        ...CAMERAS.map((camera) => requests.flatMap((request) => (request.camera === camera ? request.application : [])).join(' ')),
        ...cameraLoadsSeconds.map((seconds) => seconds.toFixed(4)),
        ...delays.map(({ timing, algorithm }) => byAlgorithm[algorithm][timing].makespanMs.toFixed(2)),
        ...delays.map(({ timing, algorithm }) => byAlgorithm[algorithm][timing].meanLatencyMs.toFixed(2)),
      ].join(','),
    ),
  ])
}

export function sweepsCsv(points: readonly SweepPoint[]): string {
  return csv([
    [
      'assumption,value,default,class,arrivals,of',
      ...ALGORITHM_NAMES.map((name) => `${name}_mean_ms`),
      'dhs_to_local,edge_to_local,dhs_to_local_min,dhs_to_local_median,dhs_to_local_max,best',
    ].join(','),
    ...points.flatMap(({ assumption, label, isBase, classes }) =>
      classes.map((summary) =>
        [
          assumption,
          label,
          isBase ? 'yes' : 'no',
          summary.className,
          summary.weight,
          summary.ofWeight,
          ...ALGORITHM_NAMES.map((name) => summary.meanMs[name].toFixed(4)),
          ...[summary.ratioToLocal.dhs, summary.ratioToLocal.edge].map((ratio) => ratio.toFixed(6)),
          ...[summary.dhsRatioMin, summary.dhsRatioMedian, summary.dhsRatioMax].map((ratio) => ratio.toFixed(6)),
          summary.best.join(' '),
        ].join(','),
      ),
    ),
  ])
}

function csv(rows: readonly string[]): string {
  return `${rows.join('\n')}\n`
}
