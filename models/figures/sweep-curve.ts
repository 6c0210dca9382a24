/**
 * A sweep as a picture: the makespan of every algorithm along the swept value, who wins in a strip below, and a line
 * where the winner changes. What no algorithm can place leaves a gap.
 */
import { ALGORITHM_NAMES, type AlgorithmName } from '../contracts/what-if.ts'
import type { SweepAnswer } from '../scenario/answers.ts'
import { readScenario } from '../scenario/read.ts'
import { seriesOf } from './algorithm-colours.ts'
import { type Axis, axis } from './axis.ts'
import { box, GREY, legend, line, PALE, path, shortened, svg, text } from './svg.ts'
import { formatSwept, SWEPT_TITLES, shownValue } from './swept-value.ts'

const WIDTH = 800
const HEIGHT = 440
const LEFT = 64
const RIGHT = 24
const TOP = 108
const BOTTOM = 78
const STRIP = 10
const DOTTED_MAX = 60
/** Baselines above the plot. */
const LABEL_ROWS = [TOP - 8, TOP - 22]
/** Width of one, generously. */
const CHARACTER = 6.6
/** Beyond this, small values would lie on the axis. */
const LINEAR_RATIO_MAX = 30
const SUBTITLE_MAX = 115

export function sweepCurve(answer: SweepAnswer): string {
  const { points, scenario } = answer
  const shown = points.map(({ x }) => shownValue(x, answer.unit))
  const algorithms = ALGORITHM_NAMES.filter((name) => points.some(({ makespanMsByAlgorithm }) => makespanMsByAlgorithm[name] !== undefined))
  const plot = { x: xAxis(shown, scenario), y: yAxis(points.flatMap(({ makespanMsByAlgorithm }) => Object.values(makespanMsByAlgorithm))) }
  return svg({ width: WIDTH, height: HEIGHT, title: 'Makespan along a sweep', description: inWords(answer) }, [
    text('Makespan along a sweep, and who wins', { x: LEFT, y: 22, size: 15, isBold: true }),
    text(shortened(scenario, SUBTITLE_MAX), { x: LEFT, y: 42 }),
    legend(algorithms.map(seriesOf), { x: LEFT + 9, y: 66 }),
    ...grid(plot, SWEPT_TITLES[answer.unit]),
    ...algorithms.flatMap((algorithm) => curve(answer, algorithm, plot)),
    ...winnerStrip(answer, plot.x),
    ...breakLines(answer, plot.x),
  ])
}

/** The same in words, for the description and for programs that read aloud. */
export function inWords({ scenario, points, breakPoints, unit }: SweepAnswer): string {
  const nameOf = (winner: AlgorithmName | null) => winner ?? 'no algorithm'
  const changes = breakPoints.map(({ x, to }) => `from ${formatSwept(x, unit)} ${nameOf(to)}`)
  return `${scenario}: ${[nameOf(points[0]?.winner ?? null), ...changes].join(', ')}.`
}

interface Plot {
  readonly x: Axis
  readonly y: Axis
}

function xAxis(shown: readonly number[], scenario: string): Axis {
  const { low, high } = spread(shown)
  return axis({ low, high, scale: readScenario(scenario).sweep?.scale ?? 'linear', start: LEFT, end: WIDTH - RIGHT })
}

function yAxis(values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0)
  const high = Math.max(1, ...positive) * 1.05
  const low = Math.min(high, ...positive) / 1.1
  const isWide = high / low > LINEAR_RATIO_MAX && positive.length === values.length
  return axis({ low: isWide ? low : 0, high, scale: isWide ? 'log' : 'linear', start: HEIGHT - BOTTOM, end: TOP })
}

/** Never empty, so that an axis has a length. */
function spread(values: readonly number[]): { low: number; high: number } {
  const low = values[0] ?? 0
  const high = values.at(-1) ?? 1
  return high > low ? { low, high } : { low, high: low + 1 }
}

function grid({ x, y }: Plot, xTitle: string): string[] {
  return [
    text('ms', { x: LEFT - 8, y: TOP - 8, anchor: 'end', size: 11 }),
    ...y.marks.map(
      (mark) =>
        line({ from: [LEFT, y.at(mark)], to: [WIDTH - RIGHT, y.at(mark)], width: 0.4 }) +
        text(String(mark), { x: LEFT - 8, y: y.at(mark) + 4, anchor: 'end', size: 11 }),
    ),
    line({ from: [LEFT, HEIGHT - BOTTOM], to: [WIDTH - RIGHT, HEIGHT - BOTTOM] }),
    ...x.marks.map((mark) => text(String(mark), { x: x.at(mark), y: HEIGHT - BOTTOM + STRIP + 22, anchor: 'middle', size: 11 })),
    text(xTitle, { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 18, anchor: 'middle' }),
  ]
}

function curve({ points, unit }: SweepAnswer, algorithm: AlgorithmName, { x, y }: Plot): string[] {
  const { colour, dashes } = seriesOf(algorithm)
  const runs: (readonly [number, number])[][] = [[]]
  for (const point of points) {
    const makespanMs = point.makespanMsByAlgorithm[algorithm]
    if (makespanMs === undefined) runs.push([])
    else runs.at(-1)!.push([x.at(shownValue(point.x, unit)), y.at(makespanMs)])
  }
  const dots = points.length > DOTTED_MAX ? [] : runs.flat()
  return [
    ...runs.filter((run) => run.length > 1).map((run) => path({ points: run, colour, width: 2.5, dashes })),
    ...dots.map(([atX, atY]) => box({ x: atX - 2.5, y: atY - 2.5, width: 5, height: 5, colour })),
  ]
}

function winnerStrip({ points, breakPoints, unit }: SweepAnswer, x: Axis): string[] {
  const starts = [
    ...points.slice(0, 1).map((first) => ({ x: first.x, winner: first.winner })),
    ...breakPoints.map((at) => ({ x: at.x, winner: at.to })),
  ]
  return starts.map((start, index) => {
    const from = x.at(shownValue(start.x, unit))
    const next = starts[index + 1]
    const to = next === undefined ? WIDTH - RIGHT : x.at(shownValue(next.x, unit))
    const tip = start.winner === null ? 'no algorithm finds a schedule' : `${start.winner} wins from ${formatSwept(start.x, unit)}`
    const colour = start.winner === null ? PALE : seriesOf(start.winner).colour
    return box({ x: from, y: HEIGHT - BOTTOM + 1, width: to - from, height: STRIP, colour, opacity: start.winner === null ? 0.3 : 1, tip })
  })
}

/** Labels stand in two rows; one that fits in neither is left out, since its strip and the description say the same. */
function breakLines({ breakPoints, unit }: SweepAnswer, x: Axis): string[] {
  const takenTo = LABEL_ROWS.map(() => 0)
  return breakPoints.map((point) => {
    const at = x.at(shownValue(point.x, unit))
    const mark = line({ from: [at, TOP - 4], to: [at, HEIGHT - BOTTOM + STRIP + 1], colour: GREY, width: 1.5, dashes: '4 3' })
    const label = `${point.to ?? 'none'} from ${formatSwept(point.x, unit)}`
    const width = label.length * CHARACTER
    const from = Math.min(at, WIDTH - RIGHT - width)
    const row = takenTo.findIndex((end) => end <= from)
    if (row === -1) return mark
    takenTo[row] = from + width + 6
    return mark + text(label, { x: from, y: LABEL_ROWS[row]!, size: 11 })
  })
}
