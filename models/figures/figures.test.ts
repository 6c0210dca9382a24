/** Every picture is well-formed, repeats, has words for who cannot see it, and puts things where their numbers say. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { SweepAnswer } from '../scenario/answers.ts'
import { axis } from './axis.ts'
import { type Gantt, gantt } from './gantt.ts'
import { escapeXml, shortened } from './svg.ts'
import { sweepCurve } from './sweep-curve.ts'
import { formatSwept } from './swept-value.ts'

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  /** Of `<title>` inside, or the text. */
  readonly content: string
}

/** Reads the XML we write: elements, attributes in double quotes, the five entities; throws at anything else. */
function elementsOf(xml: string): Element[] {
  const open: { name: string; attributes: Record<string, string>; content: string }[] = []
  const elements: Element[] = []
  let at = 0
  for (const match of xml.matchAll(/<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<]*")*)(\/?)>/g)) {
    const before = xml.slice(at, match.index)
    if (/[<>]|&(?!(?:amp|lt|gt);)|[^\P{Cc}\n]/u.test(before)) throw new Error(`bad text: ${before}`)
    for (const each of open.slice(-2)) each.content += before
    const [whole, end, name = '', attributeText = '', selfEnd] = match
    at = match.index + whole.length
    const attributes = Object.fromEntries(
      [...attributeText.matchAll(/ ([a-zA-Z0-9-]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!]),
    )
    if (end === '/') {
      const closed = open.pop()
      if (closed?.name !== name) throw new Error(`</${name}> closes <${closed?.name}>`)
      elements.push(closed)
    } else if (selfEnd === '/') elements.push({ name, attributes, content: '' })
    else open.push({ name, attributes, content: '' })
  }
  if (open.length > 0 || xml.slice(at).trim() !== '') throw new Error('not closed')
  return elements
}

const numbersOf = ({ attributes }: Element) =>
  Object.fromEntries(['x', 'y', 'width', 'height', 'x1', 'x2'].map((key) => [key, Number(attributes[key])])) as Record<string, number>

const sweep: SweepAnswer = {
  scenario: 'sweep link(cam-3) 5..500 Mbit/s steps 3 log',
  basis: { sequence: 1, timeMs: 0, stateHash: '' },
  unit: 'B/s',
  points: [
    { x: 625_000, winner: 'local', makespanMsByAlgorithm: { local: 300, heft: 600, dhs: 300 } },
    { x: 6_250_000, winner: 'local', makespanMsByAlgorithm: { local: 300, dhs: 300 } },
    { x: 62_500_000, winner: 'heft', makespanMsByAlgorithm: { local: 300, heft: 100, dhs: 100 } },
  ],
  breakPoints: [{ xLow: 19_999_000, xHigh: 20_001_000, x: 20_000_000, from: 'local', to: 'heft' }],
  toleranceRatio: 1e-4,
  unrefinedCount: 0,
  warnings: [],
}

const chart: Gantt = {
  title: 'heft against local',
  subtitle: 'lose(node/<edge-1>) & more',
  description: 'Schedules as played.',
  rows: [
    { name: 'tx2-1/gpu0', busyMs: 0 },
    { name: 'pi-1/cpu0', busyMs: 50 },
  ],
  panels: [
    {
      title: 'heft: 100 ms',
      makespanMs: 100,
      bars: [{ row: 'tx2-1/gpu0', startMs: 20, finishMs: 100, label: 'r-1', group: 'alexnet', tip: 'r-1 heft' }],
    },
    {
      title: 'local: 200 ms',
      makespanMs: 200,
      bars: [{ row: 'pi-1/cpu0', startMs: 50, finishMs: 200, label: 'r-1', group: 'alexnet', tip: 'r-1 local' }],
    },
  ],
}

describe.each([
  ['the curve of a sweep', () => sweepCurve(sweep)],
  ['a Gantt chart', () => gantt(chart)],
])('%s', (_, draw) => {
  it('is well-formed, the same bytes each time, with a title, a description, and colours for both schemes', () => {
    const svg = draw()
    expect(draw()).toBe(svg)
    const elements = elementsOf(svg)
    const root = elements.at(-1)!
    expect(root).toMatchObject({ name: 'svg', attributes: { role: 'img', fill: 'currentColor' } })
    for (const name of ['title', 'desc']) expect(elements.find((element) => element.name === name)!.content).not.toBe('')
    expect(svg).toContain('prefers-color-scheme:dark')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
  it('keeps everything on the canvas', () => {
    const elements = elementsOf(draw())
    const { width, height } = numbersOf(elements.at(-1)!)
    for (const rect of elements.filter(({ name }) => name === 'rect').map(numbersOf)) {
      expect(rect.width).toBeGreaterThanOrEqual(0)
      expect(rect.x! >= 0 && rect.x! + rect.width! <= width! && rect.y! >= 0 && rect.y! + rect.height! <= height!).toBe(true)
    }
  })
})

describe('sweepCurve', () => {
  const elements = elementsOf(sweepCurve(sweep))
  const strip = elements.filter(({ name, content }) => name === 'rect' && content.includes('wins from'))
  it('marks the winner up to the break point and from it, on the log scale', () => {
    expect(strip.map(({ content }) => content)).toEqual(['local wins from 5 Mbit/s', 'heft wins from 160 Mbit/s'])
    const [first, second] = strip.map(numbersOf)
    expect(second!.x).toBeCloseTo(first!.x! + first!.width!, 1)
    const share = first!.width! / (first!.width! + second!.width!)
    expect(share).toBeCloseTo(Math.log(160 / 5) / Math.log(500 / 5), 3)
    const breakLine = elements.filter(({ attributes }) => attributes['stroke-dasharray'] === '4 3').map(numbersOf)
    expect(breakLine.map(({ x1 }) => x1)).toEqual([second!.x])
  })
  it('leaves a gap where an algorithm has no schedule', () => {
    const points = elements.filter(({ name }) => name === 'polyline').map(({ attributes }) => attributes.points!.split(' ').length)
    expect(points).toEqual([3, 3])
  })
  it('puts no label on another, wherever the breaks are', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 625_000, max: 62_500_000, noNaN: true }), { maxLength: 30 }), (xs) => {
        const breakPoints = xs
          .sort((a, b) => a - b)
          .map((x) => ({ xLow: x, xHigh: x, x, from: 'local' as const, to: 'portfolio' as const }))
        const labels = elementsOf(sweepCurve({ ...sweep, breakPoints })).filter(
          ({ name, content }) => name === 'text' && content.includes(' from '),
        )
        const ends = new Map<number, number>()
        for (const label of labels) {
          const { x, y } = numbersOf(label)
          expect(x! + label.content.length * 6.5).toBeLessThanOrEqual(800)
          expect(x).toBeGreaterThanOrEqual(ends.get(y!) ?? 0)
          ends.set(y!, x! + label.content.length * 6.5)
        }
        expect(labels.length).toBeGreaterThanOrEqual(Math.min(2, xs.length))
      }),
    )
  })
  it('says it in words', () => {
    expect(elements.find(({ name }) => name === 'desc')!.content).toBe(`${sweep.scenario}: local, from 160 Mbit/s heft.`)
  })
  it('has a picture for nothing at all, and for wide ranges', () => {
    elementsOf(sweepCurve({ ...sweep, points: [{ x: 1, winner: null, makespanMsByAlgorithm: {} }], breakPoints: [] }))
    const wide = sweep.points.map((point, index) => ({ ...point, makespanMsByAlgorithm: { heft: 10 ** (1 + index * 2) } }))
    expect(sweepCurve({ ...sweep, points: wide })).toMatch(/>1000<\/text>/)
  })
})

describe('gantt', () => {
  const elements = elementsOf(gantt(chart))
  const barOf = (tip: string) => numbersOf(elements.find(({ name, content }) => name === 'rect' && content === tip)!)
  it('has one time scale for all panels', () => {
    const [heft, local] = [barOf('r-1 heft'), barOf('r-1 local')]
    expect(heft.width! / local.width!).toBeCloseTo(80 / 150, 3)
    expect(local.x! - heft.x!).toBeCloseTo(local.width! / 5, 1)
    expect(local.y).toBeGreaterThan(heft.y! + heft.height!)
  })
  it('ends each panel where its last bar ends, and shows what runs already before', () => {
    const ends = elements.filter(({ attributes }) => attributes['stroke-dasharray'] === '4 3').map(numbersOf)
    expect(ends.map(({ x1 }) => x1)).toEqual(['r-1 heft', 'r-1 local'].map((tip) => expect.closeTo(barOf(tip).x! + barOf(tip).width!, 1)))
    const busy = barOf('pi-1/cpu0 is busy until 50 ms')
    expect(busy.x! + busy.width!).toBeCloseTo(barOf('r-1 local').x!, 1)
  })
  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const rows = [{ name, busyMs: 1 }]
        const panels = [{ title: name, makespanMs: 1, bars: [{ row: name, startMs: 0, finishMs: 1, label: name, group: name, tip: name }] }]
        elementsOf(gantt({ title: name, subtitle: name, description: name, rows, panels }))
      }),
    )
  })
})

it('axis: marks are round, ascending and inside', () => {
  const scales = fc.constantFrom('linear' as const, 'log' as const)
  fc.assert(
    fc.property(
      fc.double({ min: 0.001, max: 1e6, noNaN: true }),
      fc.double({ min: 1.01, max: 1e6, noNaN: true }),
      scales,
      (low, factor, scale) => {
        const { marks, at } = axis({ low, high: low * factor, scale, start: 0, end: 100 })
        expect(marks).toEqual([...marks].sort((a, b) => a - b))
        expect(marks.length).toBeLessThanOrEqual(13)
        for (const mark of marks) expect(at(mark) >= 0 && at(mark) <= 100).toBe(true)
      },
    ),
  )
})

it.each([
  [12_500_000, 'B/s', '100 Mbit/s'],
  [0.3333333, 'factor', 'x0.3333'],
  [4, 'requests', 'x4'],
  [0.1, 's', '0.1 s'],
  [1.5, 'requests/camera', '1.5'],
] as const)('formatSwept(%d, %s) is %s', (x, unit, text) => expect(formatSwept(x, unit)).toBe(text))

it('shortens by characters and escapes what XML cannot hold', () => {
  expect(shortened('😀😀😀', 2)).toBe('😀…')
  expect(escapeXml('a<b>&\u0000\ud800')).toBe('a&lt;b&gt;&amp;  ')
})
