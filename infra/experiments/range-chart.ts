/** One row an assumption: for each series the span of its values, with a dot where the default is. */
import { box, legend, line, PALE, type Series, svg, text, ticks } from '../../models/figures/svg.ts'

export interface RangeChart {
  readonly title: string
  readonly xTitle: string
  readonly series: readonly Series[]
  /** Spans by series; null where there is none. */
  readonly rows: readonly {
    readonly label: string
    readonly spans: readonly ({ readonly from: number; readonly to: number; readonly base: number | null } | null)[]
  }[]
  readonly band: { readonly from: number; readonly to: number; readonly label: string }
}

const WIDTH = 760
const LEFT = 130
const RIGHT = 30
const TOP = 80
const BOTTOM = 50
const ROW = 36

export function rangeChart({ title, xTitle, series, rows, band }: RangeChart): string {
  const height = TOP + rows.length * ROW + BOTTOM
  const floor = height - BOTTOM
  const ends = rows.flatMap(({ spans }) => spans.flatMap((span) => (span === null ? [] : [span.from, span.to])))
  const steps = ticks({ from: Math.min(0, ...ends), to: Math.max(band.to, ...ends) })
  const [low, high] = [steps[0]!, steps.at(-1)!]
  const xOf = (value: number) => LEFT + ((value - low) / (high - low)) * (WIDTH - LEFT - RIGHT)
  return svg({ width: WIDTH, height, title }, [
    text(title, { x: 16, y: 22, size: 15, isBold: true }),
    legend(series, { x: LEFT, y: 46 }),
    box({ x: xOf(band.from), y: TOP, width: xOf(band.to) - xOf(band.from), height: floor - TOP, colour: PALE, opacity: 0.25 }),
    text(band.label, { x: xOf((band.from + band.to) / 2), y: TOP - 8, anchor: 'middle', size: 11 }),
    ...steps.map(
      (step) =>
        line({ from: [xOf(step), TOP], to: [xOf(step), floor], width: step === 0 ? 1 : 0.4 }) +
        text(String(step), { x: xOf(step), y: floor + 17, anchor: 'middle', size: 11 }),
    ),
    text(xTitle, { x: LEFT + (WIDTH - LEFT - RIGHT) / 2, y: floor + 38, anchor: 'middle' }),
    ...rows.flatMap(({ label, spans }, row) => [
      text(label, { x: LEFT - 12, y: TOP + (row + 0.5) * ROW + 4, anchor: 'end' }),
      line({ from: [LEFT, TOP + (row + 1) * ROW], to: [WIDTH - RIGHT, TOP + (row + 1) * ROW], width: 0.3 }),
      ...spans.flatMap((span, index) => {
        if (span === null) return []
        const y = TOP + row * ROW + (ROW * (index + 1)) / (spans.length + 1)
        const { colour } = series[index]!
        const bar = line({ from: [xOf(span.from) - 1, y], to: [xOf(span.to) + 1, y], colour, width: 3 })
        return span.base === null ? [bar] : [bar, box({ x: xOf(span.base) - 4, y: y - 4, width: 8, height: 8, colour })]
      }),
    ]),
  ])
}
