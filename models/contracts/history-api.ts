/** What REST answers of the history: what was asked, made absolute, and what the store told. */
import { z } from 'zod'
import { timeMsShape } from '../events/shapes.ts'
import { historySeriesShape, historyTransitionsShape, SERIES_KINDS, TRANSITION_KINDS } from './history.ts'

const askedShape = { name: z.string(), fromMs: timeMsShape, toMs: timeMsShape }

export const seriesAnswerShape = z.object({ kind: z.enum(SERIES_KINDS), field: z.string(), ...askedShape, ...historySeriesShape.shape })
export type SeriesAnswer = Readonly<z.infer<typeof seriesAnswerShape>>

export const transitionsAnswerShape = z.object({ kind: z.enum(TRANSITION_KINDS), ...askedShape, ...historyTransitionsShape.shape })
export type TransitionsAnswer = Readonly<z.infer<typeof transitionsAnswerShape>>
