/**
 * Schedules as bars: a row for each accelerator, a panel for each schedule, one time scale for all panels so that lengths compare.
 * A panel ends in a line at its makespan; what runs already is a pale bar before the rest.
 */
import { axis } from './axis.ts'
import { box, COLOURS, GREY, legend, line, PALE, type Series, shortened, svg, text } from './svg.ts'

export interface GanttBar {
  /** Of the panel's rows. */
  readonly row: string
  readonly startMs: number
  readonly finishMs: number
  readonly label: string
  /** Bars of one group have one colour. */
  readonly group: string
  readonly tip: string
}

export interface GanttPanel {
  readonly title: string
  readonly makespanMs: number
  readonly bars: readonly GanttBar[]
}

export interface Gantt {
  readonly title: string
  readonly subtitle: string
  readonly description: string
  /** Top to bottom, in every panel. `busyMs`: until when it runs what it had before. */
  readonly rows: readonly { readonly name: string; readonly busyMs: number }[]
  readonly panels: readonly GanttPanel[]
}

const WIDTH = 900
const RIGHT = 28
const TOP = 84
const ROW = 24
const BAR = 18
const PANEL_HEAD = 30
const PANEL_FOOT = 34
const ROW_NAME_MAX = 28
const SUBTITLE_MAX = 120
const CHARACTER = 6.6

export function gantt({ title, subtitle, description, rows, panels }: Gantt): string {
  const left = 24 + CHARACTER * Math.max(8, ...rows.map(({ name }) => shortened(name, ROW_NAME_MAX).length))
  const high = Math.max(1, ...panels.map(({ makespanMs }) => makespanMs), ...rows.map(({ busyMs }) => busyMs))
  const time = axis({ low: 0, high: high * 1.02, scale: 'linear', start: left, end: WIDTH - RIGHT })
  const groups = [...new Set(panels.flatMap(({ bars }) => bars.map(({ group }) => group)))].sort()
  const series = groups.map((name, index) => ({ name, colour: COLOURS[index % COLOURS.length]! }))
  const panelHeight = PANEL_HEAD + rows.length * ROW + PANEL_FOOT
  return svg({ width: WIDTH, height: TOP + panels.length * panelHeight, title, description }, [
    text(title, { x: 16, y: 24, size: 15, isBold: true }),
    text(shortened(subtitle, SUBTITLE_MAX), { x: 16, y: 44 }),
    legend([...series, ...(rows.some(({ busyMs }) => busyMs > 0) ? [{ name: 'runs already', colour: PALE }] : [])], { x: 16, y: 68 }),
    ...panels.flatMap((panel, index) => drawPanel(panel, { rows, series, time, left, top: TOP + index * panelHeight })),
  ])
}

interface Drawing {
  readonly rows: Gantt['rows']
  readonly series: readonly Series[]
  readonly time: ReturnType<typeof axis>
  readonly left: number
  readonly top: number
}

function drawPanel({ title, makespanMs, bars }: GanttPanel, { rows, series, time, left, top }: Drawing): string[] {
  const first = top + PANEL_HEAD
  const bottom = first + rows.length * ROW
  const rowTop = new Map(rows.map(({ name }, index) => [name, first + index * ROW + (ROW - BAR) / 2]))
  const end = time.at(makespanMs)
  return [
    text(title, { x: 16, y: top + 18, isBold: true }),
    ...time.marks.map(
      (mark) =>
        line({ from: [time.at(mark), first], to: [time.at(mark), bottom], width: 0.4 }) +
        text(`${mark} ms`, { x: time.at(mark), y: bottom + 16, anchor: 'middle', size: 11 }),
    ),
    ...rows.map(({ name, busyMs }) => {
      const y = rowTop.get(name)!
      const busy =
        busyMs > 0
          ? box({
              x: left,
              y,
              width: time.at(busyMs) - left,
              height: BAR,
              colour: PALE,
              opacity: 0.3,
              tip: `${name} is busy until ${busyMs} ms`,
            })
          : ''
      return text(shortened(name, ROW_NAME_MAX), { x: left - 10, y: y + 13, anchor: 'end' }) + busy
    }),
    ...bars.flatMap((bar) =>
      drawBar(bar, { time, y: rowTop.get(bar.row), colour: series.find(({ name }) => name === bar.group)?.colour ?? GREY }),
    ),
    line({ from: [end, first - 4], to: [end, bottom], colour: GREY, width: 1.5, dashes: '4 3' }),
  ]
}

/** Pale with one strong edge, so that the text on it reads on any page. */
function drawBar(
  { startMs, finishMs, label, tip }: GanttBar,
  { time, y, colour }: { time: Drawing['time']; y: number | undefined; colour: string },
): string[] {
  if (y === undefined) return []
  const x = time.at(startMs)
  const width = Math.max(1, time.at(finishMs) - x)
  const fits = width >= label.length * CHARACTER + 10
  return [
    box({ x, y, width, height: BAR, colour, opacity: 0.4, tip }) +
      box({ x, y, width: Math.min(3, width), height: BAR, colour }) +
      (fits ? text(label, { x: x + 7, y: y + 13, size: 11 }) : ''),
  ]
}
