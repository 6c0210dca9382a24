/** Small strokes that the drawings of the map and the Gantt chart share. Widths of texts are remembered: measuring costs more than drawing. */
import type { Box } from './placed.ts'

const widths = new Map<string, number>()
const WIDTHS_MAX = 20_000

export interface TextStyle {
  readonly size: number
  readonly colour: string
  readonly weight?: number
  readonly align?: 'left' | 'right' | 'center'
}

export interface Pen {
  readonly context: CanvasRenderingContext2D
  readonly font: string
}

/** Draws on the baseline `y`; what does not fit in `maxWidth` ends in an ellipsis. @returns the width drawn. */
export function write(pen: Pen, text: string, at: { x: number; y: number; maxWidth?: number }, style: TextStyle): number {
  const { context } = pen
  context.font = `${style.weight ?? 400} ${style.size}px ${pen.font}`
  context.fillStyle = style.colour
  context.textAlign = style.align ?? 'left'
  context.textBaseline = 'alphabetic'
  const shown = at.maxWidth === undefined ? text : fitted(context, text, at.maxWidth)
  if (shown === '') return 0
  context.fillText(shown, at.x, at.y)
  return widthOf(context, shown)
}

function fitted(context: CanvasRenderingContext2D, text: string, maxWidth: number): string {
  if (maxWidth < 8) return ''
  if (widthOf(context, text) <= maxWidth) return text
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (widthOf(context, `${text.slice(0, middle)}…`) <= maxWidth) low = middle
    else high = middle - 1
  }
  return low === 0 ? '' : `${text.slice(0, low)}…`
}

function widthOf(context: CanvasRenderingContext2D, text: string): number {
  const key = `${context.font}|${text}`
  const known = widths.get(key)
  if (known !== undefined) return known
  if (widths.size > WIDTHS_MAX) widths.clear()
  const { width } = context.measureText(text)
  widths.set(key, width)
  return width
}

export function roundBox({ context }: Pen, box: Box, radius: number, { fill, stroke, lineWidth = 1, dash }: BoxStyle): void {
  context.beginPath()
  context.roundRect(box.x, box.y, box.width, box.height, radius)
  if (fill !== undefined) {
    context.fillStyle = fill
    context.fill()
  }
  if (stroke !== undefined) {
    context.setLineDash(dash ?? [])
    context.strokeStyle = stroke
    context.lineWidth = lineWidth
    context.stroke()
    context.setLineDash([])
  }
}
interface BoxStyle {
  readonly fill?: string
  readonly stroke?: string
  readonly lineWidth?: number
  readonly dash?: number[]
}

/** Right-aligned at `right`; solid for what is real, dashed for what is emulated. @returns its width. */
export function badge(pen: Pen, text: string, at: { right: number; middle: number }, style: { colour: string; isDashed: boolean }): number {
  const { context } = pen
  context.font = `600 9.5px ${pen.font}`
  const width = Math.ceil(widthOf(context, text)) + 12
  const box = { x: at.right - width + 0.5, y: at.middle - 7.5, width: width - 1, height: 15 }
  roundBox(pen, box, 7.5, style.isDashed ? { stroke: style.colour, dash: [2.5, 2] } : { stroke: style.colour })
  write(pen, text, { x: at.right - width / 2, y: at.middle + 3.5 }, { size: 9.5, weight: 600, colour: style.colour, align: 'center' })
  return width
}

export type Glyph = 'dot' | 'ring' | 'cross' | 'square' | 'squareOutline' | 'triangle' | 'dash'

/** A sign of state that reads without its colour. */
export function glyph({ context }: Pen, sign: Glyph, at: { x: number; y: number }, colour: string): void {
  const { x, y } = at
  context.fillStyle = colour
  context.strokeStyle = colour
  context.lineWidth = 1.8
  context.beginPath()
  switch (sign) {
    case 'dot':
      context.arc(x, y, 4, 0, 7)
      return context.fill()
    case 'ring':
      context.arc(x, y, 3.4, 0, 7)
      return context.stroke()
    case 'square':
      context.roundRect(x - 4, y - 4, 8, 8, 1.5)
      return context.fill()
    case 'squareOutline':
      context.roundRect(x - 3.5, y - 3.5, 7, 7, 1.5)
      return context.stroke()
    case 'triangle':
      context.moveTo(x, y - 4.5)
      context.lineTo(x + 4.8, y + 4)
      context.lineTo(x - 4.8, y + 4)
      return context.fill()
    case 'dash':
      context.moveTo(x - 4, y)
      context.lineTo(x + 4, y)
      return context.stroke()
    case 'cross':
      context.moveTo(x - 3.6, y - 3.6)
      context.lineTo(x + 3.6, y + 3.6)
      context.moveTo(x + 3.6, y - 3.6)
      context.lineTo(x - 3.6, y + 3.6)
      return context.stroke()
  }
}
