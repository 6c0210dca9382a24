/**
 * The smallest pieces of an exposition line: blanks, names, quoted strings, numbers.
 *
 * A reader moves `cursor.at` past what it has read, or leaves a reason in `cursor.fault`; it never passes `cursor.end`.
 */
import type { ExpositionFormat } from './format.ts'

export interface Cursor {
  text: string
  at: number
  end: number
  /** Why the line cannot be read; empty while it can. */
  fault: string
}

const TAB = 9
const SPACE = 32
export const QUOTE = 34
export const HASH = 35
export const COMMA = 44
export const EQUALS = 61
const BACKSLASH = 92
export const OPEN = 123
export const CLOSE = 125

const METRIC_START = charTable('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:')
const METRIC_NEXT = charTable('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:0123456789')
const COLON = 58
/** 10^k is exact up to 22, so a mantissa below 2^53 scaled by it rounds once: the nearest double. */
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, k) => Number(`1e${k}`))
const DIGITS_EXACT = 15

function charTable(chars: string): Uint8Array {
  const table = new Uint8Array(65_536)
  for (const char of chars) table[char.charCodeAt(0)] = 1
  return table
}

export function skipBlanks(cursor: Cursor): void {
  const { text, end } = cursor
  let at = cursor.at
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code !== SPACE && code !== TAB) break
    at++
  }
  cursor.at = at
}

/** The index after the token that starts at `cursor.at`: the next blank, or the end. */
export function tokenEnd(cursor: Cursor): number {
  const { text, end } = cursor
  let at = cursor.at
  while (at < end) {
    const code = text.charCodeAt(at)
    if (code === SPACE || code === TAB) break
    at++
  }
  return at
}

/** The index after an unquoted metric name at `at`; `at` itself when there is none. */
export function metricNameEnd(text: string, at: number, end: number): number {
  if (at >= end || METRIC_START[text.charCodeAt(at)] === 0) return at
  let next = at + 1
  while (next < end && METRIC_NEXT[text.charCodeAt(next)] === 1) next++
  return next
}

export function continuesMetricName(text: string, at: number, end: number): boolean {
  return at < end && METRIC_NEXT[text.charCodeAt(at)] === 1
}

/** As `metricNameEnd`, for label names: these have no colon. */
export function labelNameEnd(text: string, at: number, end: number): number {
  const next = metricNameEnd(text, at, end)
  for (let i = at; i < next; i++) if (text.charCodeAt(i) === COLON) return i
  return next
}

/** Reads a quoted string at `cursor.at`, which must be at the opening quote. Undefined leaves a fault. */
export function readQuoted(cursor: Cursor, format: ExpositionFormat): string | undefined {
  const { text, end } = cursor
  const start = cursor.at + 1
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      cursor.at = at + 1
      return unescapeText(text.slice(start, at), cursor, { format, quotes: 'escaped' })
    }
    if (code === BACKSLASH) at++
  }
  cursor.fault = `no closing quote after ${excerpt(text.slice(cursor.at, end))}`
  return undefined
}

/**
 * Resolves `\\`, `\n` and, where quotes are escaped, `\"`. OpenMetrics keeps an unknown escape as it stands; 0.0.4 knows no such thing.
 */
export function unescapeText(
  raw: string,
  cursor: Cursor,
  { format, quotes }: { readonly format: ExpositionFormat; readonly quotes: 'escaped' | 'plain' },
): string | undefined {
  if (!raw.includes('\\')) return raw
  let unknown = ''
  const resolved = raw.replace(/\\(.?)/gs, (sequence, char: string) => {
    if (char === 'n') return '\n'
    if (char === '\\' || (char === '"' && quotes === 'escaped')) return char
    unknown ||= sequence
    return sequence
  })
  if (unknown === '' || format === 'openmetrics') return resolved
  cursor.fault = `invalid escape ${unknown}: write \\\\, \\n or \\"`
  return undefined
}

/**
 * The number in [at, end): decimal as Go's ParseFloat reads it, without hexadecimal and underscores; NaN and Inf in any case.
 *
 * @returns undefined when it is not a number or does not fit a double.
 */
export function readNumber(text: string, at: number, end: number): number | undefined {
  let i = at
  const signCode = text.charCodeAt(i)
  if (signCode === 45 || signCode === 43) i++
  let mantissa = 0
  let exponent = 0
  const whole = i
  for (; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) break
    mantissa = mantissa * 10 + digit
  }
  let digitCount = i - whole
  if (i < end && text.charCodeAt(i) === 46) {
    const fraction = ++i
    for (; i < end; i++) {
      const digit = text.charCodeAt(i) - 48
      if (digit < 0 || digit > 9) break
      mantissa = mantissa * 10 + digit
    }
    exponent = fraction - i
    digitCount -= exponent
  }
  if (digitCount === 0) return readSpecial(text.slice(at, end))
  if (i < end) {
    if (!/^e[+-]?\d{1,9}$/i.test(text.slice(i, end))) return undefined
    exponent += Number(text.slice(i + 1, end))
  }
  const scale = POWERS_OF_TEN[exponent < 0 ? -exponent : exponent]
  if (digitCount > DIGITS_EXACT || scale === undefined) {
    const value = Number(text.slice(at, end))
    return Number.isFinite(value) ? value : undefined
  }
  const value = exponent < 0 ? mantissa / scale : mantissa * scale
  return signCode === 45 ? -value : value
}

function readSpecial(token: string): number | undefined {
  switch (token.length <= 9 ? token.toLowerCase() : '') {
    case 'nan':
      return Number.NaN
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Number.POSITIVE_INFINITY
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY
    default:
      return undefined
  }
}

/** A piece of the text for a message: quoted, controls escaped, at most 60 characters. */
export function excerpt(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
