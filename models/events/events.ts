/**
 * The closed union of everything the twin can be told. A new fact is a new member here and a case in the fold;
 * adding an optional field is free, anything else is a new type.
 */
import { z } from 'zod'
import { decisionEventShapes } from './decision-events.ts'
import { deviceEventShapes } from './device-events.ts'
import type { Position } from './topics.ts'
import { workEventShapes } from './work-events.ts'

export const twinEventShape = z.discriminatedUnion('type', [...deviceEventShapes, ...workEventShapes, ...decisionEventShapes])

export type TwinEvent = z.infer<typeof twinEventShape>
export type TwinEventType = TwinEvent['type']
/** The member(s) of the union with type `T`. */
export type EventOf<T extends TwinEventType> = Extract<TwinEvent, { type: T }>

/** An event and where it stood in its source log. */
export interface PositionedEvent {
  readonly position: Position
  readonly event: TwinEvent
}

/** An event with its number in the journal's one total order; the first is 1. */
export interface JournaledEvent extends PositionedEvent {
  readonly sequence: number
}

export const EVENT_TYPES: readonly TwinEventType[] = twinEventShape.options.map((option) => option.shape.type.value)
