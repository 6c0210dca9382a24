/** Lines over a logarithmic axis, with a shaded band to hold them against. */
import { box, legend, line, PALE, type Series, svg, text, ticks } from '../../models/figures/svg.ts'

export interface LineChart {
  readonly title: string
  readonly unit: string
  readonly xTitle: string
  /** Above 0, rising. */
  readonly xs: readonly number[]
  /** A value for each x; null where there is none. */
  readonly lines: readonly (Series & { readonly values: readonly (number | null)[] })[]
  readonly band: { readonly from: number; readonly to: number; readonly label: string }
}

const WIDTH = 760
const HEIGHT = 380
const LEFT = 56
const RIGHT = 110
const TOP = 76
const BOTTOM = 58

export function lineChart({ title, unit, xTitle, xs, lines, band }: LineChart): string {
  const values = lines.flatMap((each) => each.values.filter((value) => value !== null))
  const steps = ticks({ from: Math.min(0, ...values), to: Math.max(...values, band.to) })
  const [low, high] = [steps[0]!, steps.at(-1)!]
  const yOf = (value: number) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM)
  const xOf = (x: number) => LEFT + (Math.log(x / xs[0]!) / Math.log(xs.at(-1)! / xs[0]!)) * (WIDTH - LEFT - RIGHT)
  return svg({ width: WIDTH, height: HEIGHT, title }, [
    text(title, { x: LEFT, y: 22, size: 15, isBold: true }),
    legend(lines, { x: LEFT, y: 46 }),
    text(unit, { x: LEFT - 8, y: TOP - 10, anchor: 'end', size: 11 }),
    box({ x: LEFT, y: yOf(band.to), width: WIDTH - LEFT - RIGHT, height: yOf(band.from) - yOf(band.to), colour: PALE, opacity: 0.25 }),
    text(band.label, { x: WIDTH - RIGHT + 6, y: yOf((band.from + band.to) / 2) + 4 }),
    ...steps.map(
      (step) =>
        line({ from: [LEFT, yOf(step)], to: [WIDTH - RIGHT, yOf(step)], width: step === 0 ? 1 : 0.4 }) +
        text(String(step), { x: LEFT - 8, y: yOf(step) + 4, anchor: 'end', size: 11 }),
    ),
    ...xs.map((x) => text(String(x), { x: xOf(x), y: HEIGHT - BOTTOM + 20, anchor: 'middle', size: 11 })),
    text(xTitle, { x: LEFT + (WIDTH - LEFT - RIGHT) / 2, y: HEIGHT - BOTTOM + 42, anchor: 'middle' }),
    ...lines.flatMap(({ colour, values: own }) => pathOf(own, { colour, place: (value, index) => [xOf(xs[index]!), yOf(value)] })),
  ])
}

interface Drawing {
  readonly colour: string
  readonly place: (value: number, index: number) => [x: number, y: number]
}

function pathOf(values: readonly (number | null)[], { colour, place }: Drawing): string[] {
  const points = values.map((value, index) => (value === null ? null : place(value, index)))
  return points.flatMap((point, index) => {
    if (point === null) return []
    const next = points[index + 1] ?? null
    const [x, y] = point
    const dot = box({ x: x - 3.5, y: y - 3.5, width: 7, height: 7, colour })
    return next === null ? [dot] : [line({ from: point, to: next, colour, width: 2.5 }), dot]
  })
}
