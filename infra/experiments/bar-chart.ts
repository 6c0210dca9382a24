/** Bars in groups, each with its value above it and, if given, a mark for a second value to hold it against. */
import { box, GREY, legend, line, type Series, svg, text, ticks } from '../../models/figures/svg.ts'

export interface BarChart {
  readonly title: string
  readonly unit: string
  readonly series: readonly Series[]
  /** Values by series; `marks` likewise, null for none. */
  readonly groups: readonly {
    readonly label: string
    readonly note: string
    readonly values: readonly number[]
    readonly marks: readonly (number | null)[]
  }[]
  /** What the marks mean. */
  readonly markName: string
  readonly reference?: { readonly value: number; readonly label: string }
}

const WIDTH = 760
const HEIGHT = 380
const LEFT = 56
const RIGHT = 60
const TOP = 76
const BOTTOM = 58
const BAR = 34
const GAP = 14
const LABEL_SPACE = 20

export function barChart({ title, unit, series, groups, markName, reference }: BarChart): string {
  const largest = Math.max(...groups.flatMap(({ values, marks }) => [...values, ...marks.map((mark) => mark ?? 0)]), reference?.value ?? 0)
  const steps = ticks({ from: 0, to: largest * 1.05 })
  const yOf = (value: number) => HEIGHT - BOTTOM - (value / steps.at(-1)!) * (HEIGHT - TOP - BOTTOM)
  const groupWidth = (WIDTH - LEFT - RIGHT) / groups.length
  const markX = LEFT + series.reduce((sum, { name }) => sum + 34 + name.length * 7, 0)
  return svg({ width: WIDTH, height: HEIGHT, title }, [
    text(title, { x: LEFT, y: 22, size: 15, isBold: true }),
    legend(series, { x: LEFT, y: 46 }),
    line({ from: [markX, 42], to: [markX + 18, 42], colour: GREY, width: 3 }) + text(markName, { x: markX + 24, y: 46 }),
    text(unit, { x: LEFT - 8, y: TOP - 10, anchor: 'end', size: 11 }),
    ...steps.map(
      (step) =>
        line({ from: [LEFT, yOf(step)], to: [WIDTH - RIGHT, yOf(step)], width: step === 0 ? 1 : 0.4 }) +
        text(String(step), { x: LEFT - 8, y: yOf(step) + 4, anchor: 'end', size: 11 }),
    ),
    ...groups.flatMap((group, index) => {
      const middle = LEFT + (index + 0.5) * groupWidth
      return [
        ...bars(group, { middle, yOf, series }),
        text(group.label, { x: middle, y: HEIGHT - BOTTOM + 20, anchor: 'middle', isBold: true }),
        text(group.note, { x: middle, y: HEIGHT - BOTTOM + 37, anchor: 'middle', size: 11 }),
      ]
    }),
    ...(reference
      ? [
          line({ from: [LEFT, yOf(reference.value)], to: [WIDTH - RIGHT, yOf(reference.value)], colour: GREY, dashes: '6 4' }),
          text(reference.label, { x: WIDTH - RIGHT + 6, y: yOf(reference.value) + 4 }),
        ]
      : []),
  ])
}

interface Placing {
  readonly middle: number
  readonly yOf: (value: number) => number
  readonly series: readonly Series[]
}

function bars({ values, marks }: BarChart['groups'][number], { middle, yOf, series }: Placing): string[] {
  const pitch = BAR + GAP
  return values.map((value, index) => {
    const x = middle - (values.length * pitch - GAP) / 2 + index * pitch
    const mark = marks[index] ?? null
    // The number stands on its bar, or on the mark when that is where it would stand.
    const isCovered = mark !== null && yOf(value) - yOf(mark) > 0 && yOf(value) - yOf(mark) < LABEL_SPACE
    const top = yOf(isCovered ? mark : value)
    return (
      box({ x, y: yOf(value), width: BAR, height: yOf(0) - yOf(value), colour: series[index]!.colour, opacity: 0.85 }) +
      (mark === null ? '' : line({ from: [x - 5, yOf(mark)], to: [x + BAR + 5, yOf(mark)], colour: GREY, width: 3 })) +
      text(value.toFixed(value < 100 ? 1 : 0), { x: x + BAR / 2, y: top - 6, anchor: 'middle', size: 11 })
    )
  })
}
