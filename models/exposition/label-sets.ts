/**
 * Reads `{a="b",…}` and gives equal sets the same object, whatever their order.
 *
 * Most sets repeat, so the raw text between the braces is looked up first; it is read only when it is new.
 * The look-up holds at most two texts a series.
 */
import type { ExpositionFormat, ExpositionLimits, Labels } from './format.ts'
import { CLOSE, COMMA, type Cursor, EQUALS, excerpt, labelNameEnd, OPEN, QUOTE, readQuoted, skipBlanks } from './scan.ts'

/** One object for equal sets within one text. */
export interface LabelSet {
  /** Without those of empty value, which Prometheus takes for absent. */
  readonly labels: Labels
  /** The first sample name seen with this set, and when its sample was taken: most sets have no other, and so need no look-up. */
  firstName: string | undefined
  firstTimestampMs: number | undefined
}

export interface BracedLabels {
  readonly set: LabelSet
  /** The metric name when it stands quoted inside the braces, which is how names beyond ASCII are written. */
  readonly metricName: string | undefined
}

export interface LabelSets {
  readonly empty: LabelSet
  /** `cursor.at` must be at the brace. Undefined leaves a fault. */
  read(cursor: Cursor): BracedLabels | undefined
}

export function createLabelSets(format: ExpositionFormat, limits: ExpositionLimits): LabelSets {
  const bracedByRaw = new Map<string, BracedLabels>()

  const addSet = (labels: Labels, plainest: string): BracedLabels => {
    const braced = { set: { labels, firstName: undefined, firstTimestampMs: undefined }, metricName: undefined }
    bracedByRaw.set(plainest, braced)
    return braced
  }

  const read = (cursor: Cursor): BracedLabels | undefined => {
    const start = cursor.at + 1
    const close = cursor.text.indexOf('}', start)
    const guess = close === -1 || close >= cursor.end ? '' : cursor.text.slice(start, close)
    // What was once read to its closing brace reads the same again.
    const guessed = bracedByRaw.get(guess)
    if (guessed !== undefined && close === start + guess.length) {
      cursor.at = close + 1
      return guessed
    }
    const labels = new Map<string, string>()
    const metricName = readBraced(cursor, labels, { format, limits })
    if (cursor.fault !== '') return undefined
    const isGuess = cursor.at - 1 === close
    const raw = isGuess ? guess : cursor.text.slice(start, cursor.at - 1)
    const known = isGuess ? undefined : bracedByRaw.get(raw)
    if (known !== undefined) return known
    if (isPlainest(labels, raw)) return addSet(labels, raw)
    const plainest = plainestText(labels)
    const { set } = bracedByRaw.get(plainest) ?? addSet(labels, plainest)
    const braced = { set, metricName }
    bracedByRaw.set(raw, braced)
    return braced
  }

  return { empty: addSet(new Map(), '').set, read }
}

/** Whether `raw` is what `plainestText` would give: sorted, and too short for blanks, escapes, quoted names and trailing commas. */
function isPlainest(labels: ReadonlyMap<string, string>, raw: string): boolean {
  let length = -1
  let previous = ''
  for (const [name, value] of labels) {
    if (name < previous || value === '') return false
    previous = name
    length += name.length + value.length + 4
  }
  return length === raw.length
}

/** Equal for equal sets and for no others: special characters are escaped, empty values taken out, of `labels` too. */
function plainestText(labels: Map<string, string>): string {
  for (const [name, value] of labels) if (value === '') labels.delete(name)
  return [...labels]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${isPlainName(name) ? name : `\n${name.length}${name}`}="${value.replace(/[\\"\n]/g, '\\$&')}"`)
    .join(',')
}

// A name that must be quoted is marked by a line feed, which no raw text holds: unquoted, it must not be found.
function isPlainName(name: string): boolean {
  return labelNameEnd(name, 0, name.length) === name.length
}

/** Fills `labels`; returns the quoted metric name if there is one. Faults stand in the cursor. */
function readBraced(
  cursor: Cursor,
  labels: Map<string, string>,
  { format, limits }: { readonly format: ExpositionFormat; readonly limits: ExpositionLimits },
): string | undefined {
  const { text, end } = cursor
  let metricName: string | undefined
  let isFirst = true
  if (text.charCodeAt(cursor.at) === OPEN) cursor.at++
  for (;;) {
    skipBlanks(cursor)
    if (cursor.at >= end) {
      cursor.fault = 'no closing brace'
      return undefined
    }
    if (text.charCodeAt(cursor.at) === CLOSE) break
    const isQuoted = text.charCodeAt(cursor.at) === QUOTE
    const name = readLabelName(cursor, format)
    if (name === undefined) return undefined
    skipBlanks(cursor)
    if (text.charCodeAt(cursor.at) === EQUALS && cursor.at < end) {
      if (!readLabelValue(cursor, { name, labels, format, limits })) return undefined
    } else if (isQuoted && isFirst) metricName = name
    else {
      cursor.fault = `no "=" after label ${excerpt(name)}`
      return undefined
    }
    isFirst = false
    skipBlanks(cursor)
    if (text.charCodeAt(cursor.at) === COMMA && cursor.at < end) cursor.at++
    else if (text.charCodeAt(cursor.at) !== CLOSE || cursor.at >= end) {
      cursor.fault = `no "," or "}" after label ${excerpt(name)}`
      return undefined
    }
  }
  cursor.at++
  return metricName
}

function readLabelName(cursor: Cursor, format: ExpositionFormat): string | undefined {
  const { text, end, at } = cursor
  if (text.charCodeAt(at) === QUOTE) {
    const name = readQuoted(cursor, format)
    if (name === '') cursor.fault = 'empty name'
    return cursor.fault === '' ? name : undefined
  }
  cursor.at = labelNameEnd(text, at, end)
  if (cursor.at > at) return text.slice(at, cursor.at)
  cursor.fault = `invalid label name at ${excerpt(text.slice(at, end))}`
  return undefined
}

function readLabelValue(
  cursor: Cursor,
  into: {
    readonly name: string
    readonly labels: Map<string, string>
    readonly format: ExpositionFormat
    readonly limits: ExpositionLimits
  },
): boolean {
  const { name, labels, format, limits } = into
  cursor.at++
  skipBlanks(cursor)
  if (cursor.at >= cursor.end || cursor.text.charCodeAt(cursor.at) !== QUOTE) {
    cursor.fault = `the value of label ${excerpt(name)} is not quoted`
    return false
  }
  const value = readQuoted(cursor, format)
  if (value === undefined) return false
  if (labels.has(name)) cursor.fault = `label ${excerpt(name)} stands twice`
  else if (labels.size >= limits.labels) cursor.fault = `more than ${limits.labels} labels`
  else if (value.length > limits.labelValueChars) {
    cursor.fault = `the value of label ${excerpt(name)} has ${value.length} characters; the limit is ${limits.labelValueChars}`
  } else labels.set(name, value)
  return cursor.fault === ''
}
