/**
 * Parts of the charts: one canvas, one legend, one way to write numbers.
 * Greys and hues of middle brightness on no background, so a chart reads on a dark page and on a light one; same input, same bytes.
 */

export interface Series {
  readonly name: string
  readonly colour: string
}

export const GREY = '#7d7d7d'
export const PALE = '#9a9a9a'
/** Blue, orange, green, purple: told apart by the colour-blind too (Okabe and Ito). */
export const COLOURS = ['#2a82c0', '#d98c00', '#159a74', '#b8679a'] as const

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
  const dashed = dashes === undefined ? '' : ` stroke-dasharray="${dashes}"`
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
}

export function box({ x, y, width, height, colour, opacity = 1 }: BoxOptions): string {
  const size = `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`
  return `<rect ${size} fill="${colour}"${opacity === 1 ? '' : ` fill-opacity="${opacity}"`}/>`
}

/** Side by side from `x`. */
export function legend(series: readonly Series[], { x, y }: { x: number; y: number }): string {
  let at = x
  return series
    .map(({ name, colour }) => {
      const entry = box({ x: at, y: y - 9, width: 11, height: 11, colour }) + text(name, { x: at + 16, y })
      at += 34 + name.length * 7
      return entry
    })
    .join('')
}

export function svg({ width, height, title }: { width: number; height: number; title: string }, parts: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img"`
  const style = `font-family="system-ui, sans-serif" font-size="12" fill="${GREY}"`
  return `${open} ${style}>\n<title>${escapeXml(title)}</title>\n${parts.join('\n')}\n</svg>\n`
}

/** Multiples of 1, 2 or 5 × 10ⁿ that cover from…to in about five steps. */
export function ticks({ from, to }: { from: number; to: number }): number[] {
  const rough = (to - from) / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const first = Math.floor(from / step)
  return Array.from({ length: Math.ceil(to / step) - first + 1 }, (_, index) => (first + index) * step)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
