/**
 * Parts of the charts: one canvas, one legend, one way to write numbers.
 * Hues of middle brightness on no background, so a chart reads on a dark page and on a light one; same input, same bytes.
 */

export interface Series {
  readonly name: string
  readonly colour: string
  /** Of a line; the legend then shows a piece of it. */
  readonly dashes?: string
}

export const GREY = '#7d7d7d'
export const PALE = '#9a9a9a'
/** Blue, orange, green, purple, vermilion, sky, olive: the first four told apart by the colour-blind too (Okabe and Ito). */
export const COLOURS = ['#2a82c0', '#d98c00', '#159a74', '#b8679a', '#d0562a', '#4fa9d6', '#8a8128'] as const

/** Writes in the page's own colour where the picture is part of a page, else black on light and white on dark. */
const ADAPTIVE = `<style>.edgetwin-figure{color:#24292f}@media (prefers-color-scheme:dark){.edgetwin-figure{color:#e6edf3}}</style>`

export interface TextOptions {
  readonly x: number
  readonly y: number
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly size?: number
  readonly isBold?: boolean
  /** Degrees, about its own position. */
  readonly turn?: number
}

export function text(content: string, { x, y, anchor = 'start', size = 12, isBold = false, turn }: TextOptions): string {
  const bold = isBold ? ' font-weight="600"' : ''
  const turned = turn === undefined ? '' : ` transform="rotate(${turn} ${round(x)} ${round(y)})"`
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-size="${size}"${bold}${turned}>${escapeXml(content)}</text>`
}

export interface LineOptions {
  readonly from: readonly [x: number, y: number]
  readonly to: readonly [x: number, y: number]
  readonly colour?: string
  readonly width?: number
  readonly dashes?: string
}

export function line({ from, to, colour = PALE, width = 1, dashes }: LineOptions): string {
  const dashed = dashes === undefined || dashes === '' ? '' : ` stroke-dasharray="${dashes}"`
  const ends = `x1="${round(from[0])}" y1="${round(from[1])}" x2="${round(to[0])}" y2="${round(to[1])}"`
  return `<line ${ends} stroke="${colour}" stroke-width="${width}"${dashed}/>`
}

export interface BoxOptions {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly colour: string
  readonly opacity?: number
  /** What a pointer resting on it is told. */
  readonly tip?: string
}

export function box({ x, y, width, height, colour, opacity = 1, tip }: BoxOptions): string {
  const size = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  const open = `<rect ${size} fill="${colour}"${opacity === 1 ? '' : ` fill-opacity="${opacity}"`}`
  return tip === undefined ? `${open}/>` : `${open}><title>${escapeXml(tip)}</title></rect>`
}

export interface PathOptions {
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly colour: string
  readonly width: number
  readonly dashes: string
}

export function path({ points, colour, width, dashes }: PathOptions): string {
  const dashed = dashes === '' ? '' : ` stroke-dasharray="${dashes}"`
  const places = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')
  return `<polyline points="${places}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"${dashed}/>`
}

/** Side by side from `x`. */
export function legend(series: readonly Series[], { x, y }: { x: number; y: number }): string {
  let at = x
  return series
    .map(({ name, colour, dashes }) => {
      const mark =
        dashes === undefined
          ? box({ x: at, y: y - 9, width: 11, height: 11, colour })
          : line({ from: [at - 9, y - 4], to: [at + 12, y - 4], colour, width: 2.5, dashes })
      const entry = mark + text(name, { x: at + 16, y })
      at += 34 + name.length * 7
      return entry
    })
    .join('')
}

export interface Canvas {
  readonly width: number
  readonly height: number
  readonly title: string
  /** For who cannot see it. With it the text takes the colour of the page or of the reader's scheme; without, it is grey. */
  readonly description?: string
}

export function svg({ width, height, title, description }: Canvas, parts: readonly string[]): string {
  const look = description === undefined ? ['', GREY] : [' class="edgetwin-figure"', 'currentColor']
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"${look[0]}`
  const style = `font-family="system-ui, sans-serif" font-size="12" fill="${look[1]}"`
  const about = description === undefined ? [] : [`<desc>${escapeXml(description)}</desc>`, ADAPTIVE]
  return `${[`${open} ${style}>`, `<title>${escapeXml(title)}</title>`, ...about, ...parts, '</svg>'].join('\n')}\n`
}

/** At most so many characters. */
export function shortened(content: string, lengthMax: number): string {
  const characters = [...content]
  return characters.length <= lengthMax ? content : `${characters.slice(0, lengthMax - 1).join('')}…`
}

/** Multiples of 1, 2 or 5 × 10ⁿ that cover from…to in about five steps. */
export function ticks({ from, to }: { from: number; to: number }): number[] {
  const rough = (to - from) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const first = Math.floor(from / step)
  return Array.from({ length: Math.ceil(to / step) - first + 1 }, (_, index) => (first + index) * step)
}

/** To a hundredth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

export function escapeXml(content: string): string {
  // XML 1.0 has no place for control characters, not even escaped.
  return content
    .replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}
