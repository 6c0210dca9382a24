/** A piece of the journal as text, one event a line: to send to somebody, keep beside a bug report and replay. */
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'
import { type JournaledEvent, twinEventShape } from '../../models/events/events.ts'

const count = z.number().int().min(0)
const lineShape = z.object({
  sequence: count,
  position: z.object({ topic: z.string(), partition: count, offset: count }),
  event: twinEventShape,
})

export function* exportTrace(events: Iterable<JournaledEvent>): Iterable<string> {
  for (const event of events) yield JSON.stringify(event)
}

/**
 * Blank lines are skipped.
 *
 * @throws TwinError TEXT_INVALID with the line number.
 */
export function* importTrace(lines: Iterable<string>): Iterable<JournaledEvent> {
  let line = 0
  for (const text of lines) {
    line++
    if (text.trim() === '') continue
    const parsed = lineShape.safeParse(parseJson(text, line))
    if (!parsed.success) throw invalidLine(line, z.prettifyError(parsed.error).slice(0, 300))
    yield parsed.data
  }
}

function parseJson(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalidLine(line, error instanceof Error ? error.message.slice(0, 300) : 'not JSON')
  }
}

function invalidLine(line: number, reason: string): TwinError {
  const message = `Line ${line} of the trace is not a journaled event: ${reason}. Export the trace anew, or remove the line.`
  return new TwinError('TEXT_INVALID', message, { details: { line, reason } })
}
