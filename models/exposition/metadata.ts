/**
 * Lines that begin with a hash: HELP, TYPE, UNIT, EOF, or a comment.
 *
 * In 0.0.4 every other such line is a comment and ignored, UNIT and EOF included; OpenMetrics has no comments.
 */
import type { MetadataKind } from './families.ts'
import type { ExpositionFormat } from './format.ts'
import { type Cursor, excerpt, metricNameEnd, QUOTE, readQuoted, skipBlanks, tokenEnd, unescapeText } from './scan.ts'

export interface Metadata {
  readonly kind: MetadataKind
  readonly name: string
  readonly value: string
}

/** `cursor.at` must be at the hash. Undefined is a comment or, with a fault, an error. */
export function readMetadata(cursor: Cursor, format: ExpositionFormat): Metadata | 'eof' | undefined {
  const { text, end } = cursor
  const hash = cursor.at
  cursor.at++
  skipBlanks(cursor)
  const start = cursor.at
  cursor.at = tokenEnd(cursor)
  const word = start === hash + 1 ? '' : text.slice(start, cursor.at)
  skipBlanks(cursor)
  if (format === 'openmetrics' && word === 'EOF' && cursor.at === end) return 'eof'
  if (word === 'HELP' || word === 'TYPE' || (word === 'UNIT' && format === 'openmetrics')) return readDescription(cursor, word, format)
  if (format === 'openmetrics')
    cursor.fault = `${excerpt(text.slice(hash, end))} is no HELP, TYPE, UNIT or EOF: OpenMetrics has no comments`
  return undefined
}

function readDescription(cursor: Cursor, kind: MetadataKind, format: ExpositionFormat): Metadata | undefined {
  const { text, at, end } = cursor
  const isQuoted = at < end && text.charCodeAt(at) === QUOTE
  const name = isQuoted ? readQuoted(cursor, format) : text.slice(at, metricNameEnd(text, at, end))
  if (!isQuoted) cursor.at = at + (name?.length ?? 0)
  const next = cursor.at
  skipBlanks(cursor)
  if (name === undefined) return undefined
  if (name === '' || (cursor.at === next && next < end)) {
    cursor.fault = `${kind} with an invalid metric name at ${excerpt(text.slice(at, end))}`
    return undefined
  }
  const rest = text.slice(cursor.at, end)
  if (kind === 'HELP') {
    const value = unescapeText(rest, cursor, { format, quotes: format === 'openmetrics' ? 'escaped' : 'plain' })
    return value === undefined ? undefined : { kind, name, value }
  }
  const value = rest.trimEnd()
  if (kind === 'TYPE' && value === '') cursor.fault = `TYPE for ${excerpt(name)} names no type`
  else if (/[ \t]/.test(value)) cursor.fault = `${kind} for ${excerpt(name)} has more than one word: ${excerpt(value)}`
  return cursor.fault === '' ? { kind, name, value } : undefined
}
