/**
 * Cuts the text of a scenario into words and reads them one by one. Names may hold almost anything, so what a word means
 * is for the reader to say; here it only ends at space, comma, parenthesis or plus.
 */
import type { z } from 'zod'
import { nearestNames, TwinError } from '../errors.ts'

export interface Word {
  readonly text: string
  /** In the whole text, from 0. */
  readonly offset: number
  readonly kind: 'word' | 'symbol' | 'end'
}

const TEXT_LENGTH_MAX = 20_000
const SHOWN_MAX = 100
// The zone of a time may hold a plus.
const WORD = /\s+|("(?:[^"\\]|\\.)*")|(\d{4}-\d\d-\d\dT[\d:.]+\+\d\d:\d\d|[^\s(),+"]+)|([(),+])/y

/** A word that stands for this text; quoted when it would fall apart, or out of a URL come back as something else. */
export function quotedIfNeeded(text: string): string {
  return /^[^\s(),+"\p{C}]+$/u.test(text) ? text : JSON.stringify(text)
}

/** @throws TwinError QUERY_INVALID */
export function wordsOf(text: string): Word[] {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new TwinError('QUERY_INVALID', `a scenario of ${text.length} characters is above the limit of ${TEXT_LENGTH_MAX}; shorten it`)
  }
  const words: Word[] = []
  let offset = 0
  while (offset < text.length) {
    WORD.lastIndex = offset
    const match = WORD.exec(text)
    const [whole, quoted, plain, symbol] = match ?? []
    const content = quoted === undefined ? (plain ?? symbol) : unquoted(quoted)
    if (whole === undefined || content === null) throw faultAt(text, offset, { expected: 'a closed quotation', found: text[offset] ?? '' })
    if (content !== undefined) words.push({ text: content, offset, kind: symbol === undefined ? 'word' : 'symbol' })
    offset += whole.length
  }
  return [...words, { text: 'the end', offset: text.trimEnd().length, kind: 'end' }]
}

function unquoted(quoted: string): string | null {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return null
  }
}

export interface Fault {
  readonly expected: string
  readonly found: string
  /** Names that could have been meant. */
  readonly known?: readonly string[]
}

/** 'expected … at column 6, found …; did you mean …?' with the line and a caret under the column. Columns count from 1. */
export function faultAt(text: string, offset: number, { expected, found, known = [] }: Fault): TwinError {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const line = text.slice(0, lineStart).split('\n').length
  const column = offset - lineStart + 1
  const [whole = ''] = text.slice(lineStart).split('\n')
  // Of a long line only what is around the fault.
  const from = Math.max(0, column - 1 - SHOWN_MAX / 2)
  const shown = whole.slice(from, from + SHOWN_MAX)
  const caret = `${shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ')}^`
  const near = nearestNames(found, known)
  const place = line === 1 ? `column ${column}` : `line ${line}, column ${column}`
  const remedy = near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''
  const message = `expected ${expected} at ${place}, found ${found === 'the end' ? found : `'${found.slice(0, 60)}'`}${remedy}`
  return new TwinError('QUERY_INVALID', `${message}\n${shown}\n${caret}`, { details: { line, column, expected, near } })
}

/** A cursor over the words; every refusal points at a word. */
export interface Reader {
  peek(ahead?: number): Word
  next(): Word
  /** Takes the next word if it is this one. */
  accept(text: string): boolean
  /** @throws TwinError QUERY_INVALID unless the next word is this one. */
  expect(text: string): void
  /** @throws TwinError QUERY_INVALID always */
  fail(word: Word, expected: string, known?: readonly string[]): never
  /** The value if the shape allows it. @throws TwinError QUERY_INVALID at the word */
  checked<T>(shape: z.ZodType<T>, value: unknown, at: { readonly word: Word; readonly expected: string }): T
  /** One of these. @throws TwinError QUERY_INVALID with the nearest */
  choice<const T extends string>(choices: readonly T[], expected?: string): T
}

export function createReader(text: string): Reader {
  const words = wordsOf(text)
  const end = words[words.length - 1]!
  let index = 0
  const reader: Reader = {
    peek: (ahead = 0) => words[index + ahead] ?? end,
    next: () => words[index++] ?? end,
    accept: (wanted) => {
      const isIt = reader.peek().kind !== 'end' && reader.peek().text === wanted
      if (isIt) index++
      return isIt
    },
    expect: (wanted) => {
      if (!reader.accept(wanted)) reader.fail(reader.peek(), `'${wanted}'`, [wanted])
    },
    fail: (word, expected, known) => {
      throw faultAt(text, word.offset, { expected, found: word.text, ...(known === undefined || word.kind === 'end' ? {} : { known }) })
    },
    checked: (shape, value, { word, expected }) => {
      const parsed = shape.safeParse(value)
      return parsed.success ? parsed.data : reader.fail(word, expected)
    },
    choice: (choices, expected = `one of ${choices.join(', ')}`) => {
      const word = reader.next()
      const choice = word.kind === 'word' ? choices.find((each) => each === word.text) : undefined
      return choice ?? reader.fail(word, expected, choices)
    },
  }
  return reader
}
