/**
 * Lines with a sample: name, labels, value, and perhaps a time and an exemplar.
 *
 * Syntax, then the family's rules, then duplicates; the first fault found is the one reported.
 */
import { createFamilies, type SampleName } from './families.ts'
import type { Exemplar, ExpositionFormat, ExpositionLimits, Sample } from './format.ts'
import { createLabelSets, type LabelSet, type LabelSets } from './label-sets.ts'
import { type Cursor, continuesMetricName, excerpt, HASH, metricNameEnd, OPEN, readNumber, skipBlanks, tokenEnd } from './scan.ts'

const EXEMPLAR_CHARS_MAX = 128

/** Reads sample lines. With a fault and a sample, the line is reported and yet believed; without a sample it is dropped. */
export function createSampleReader(format: ExpositionFormat, limits: ExpositionLimits) {
  const families = createFamilies(format)
  const labelSets = createLabelSets(format, limits)
  // Lines of one name follow each other, so the last name is tried before any look-up.
  let last: SampleName | undefined

  const readName = (cursor: Cursor): SampleName | undefined => {
    const { text, at, end } = cursor
    if (last !== undefined && text.startsWith(last.name, at) && !continuesMetricName(text, at + last.name.length, end)) {
      cursor.at = at + last.name.length
      return last
    }
    cursor.at = metricNameEnd(text, at, end)
    if (cursor.at > at) return families.sampleName(text.slice(at, cursor.at))
    cursor.fault = `invalid metric name at ${excerpt(text.slice(at, end))}`
    return undefined
  }

  const read = (cursor: Cursor): Sample | undefined => {
    const { text, end } = cursor
    let name: SampleName | undefined
    let set: LabelSet = labelSets.empty
    if (text.charCodeAt(cursor.at) !== OPEN) {
      name = readName(cursor)
      if (name === undefined) return undefined
      if (cursor.at < end && text.charCodeAt(cursor.at) !== OPEN) skipBlanks(cursor)
    }
    if (cursor.at < end && text.charCodeAt(cursor.at) === OPEN) {
      const braced = labelSets.read(cursor)
      if (braced === undefined) return undefined
      set = braced.set
      if ((name === undefined) === (braced.metricName === undefined)) {
        cursor.fault = name === undefined ? 'no metric name' : `second metric name ${excerpt(braced.metricName ?? '')}`
        return undefined
      }
      name ??= families.sampleName(braced.metricName ?? '')
    }
    if (name === undefined) return undefined
    last = name
    const sample = readValues(cursor, name, set)
    return sample === undefined ? undefined : accept(cursor, name, { set, sample })
  }

  const readValues = (cursor: Cursor, { name }: SampleName, { labels }: LabelSet): Sample | undefined => {
    const { text } = cursor
    const value = readToken(cursor, 'value')
    if (value === undefined) return undefined
    if (cursor.at === cursor.end) return { name, labels, value }
    let timestampMs: number | undefined
    if (text.charCodeAt(cursor.at) !== HASH) {
      timestampMs = readTimestampMs(cursor, format)
      if (timestampMs === undefined) return undefined
      if (cursor.at === cursor.end) return { name, labels, value, timestampMs }
    }
    const exemplar = readExemplar(cursor, name, labelSets)
    if (exemplar === undefined) return undefined
    return { name, labels, value, ...(timestampMs === undefined ? {} : { timestampMs }), exemplar }
  }

  const accept = (
    cursor: Cursor,
    name: SampleName,
    { set, sample }: { readonly set: LabelSet; readonly sample: Sample },
  ): Sample | undefined => {
    if (name.fault !== '') cursor.fault = name.fault
    else if (name.numberLabel !== '') cursor.fault = checkNumberLabel(name.numberLabel, set)
    if (cursor.fault !== '') return undefined
    if (!isNewSeries(name, set, { timestampMs: sample.timestampMs, format })) {
      cursor.fault = `series ${excerpt(name.name)} with these labels stands twice`
      return undefined
    }
    name.family.sampleCount++
    cursor.fault = families.enter(name.family)
    return sample
  }

  return { read, families }
}

function readExemplar(cursor: Cursor, name: string, labelSets: LabelSets): Exemplar | undefined {
  const { text } = cursor
  if (text.charCodeAt(cursor.at) !== HASH) cursor.fault = `unexpected ${excerpt(text.slice(cursor.at, cursor.end))} after the timestamp`
  else if (!/_(?:bucket|total)$/.test(name)) cursor.fault = 'an exemplar may follow only a bucket or a counter'
  if (cursor.fault !== '') return undefined
  cursor.at++
  skipBlanks(cursor)
  if (text.charCodeAt(cursor.at) !== OPEN || cursor.at >= cursor.end) {
    cursor.fault = 'an exemplar needs labels in braces'
    return undefined
  }
  const labels = labelSets.read(cursor)?.set.labels
  if (labels === undefined) return undefined
  let chars = 0
  for (const [label, text] of labels) chars += label.length + text.length
  if (chars > EXEMPLAR_CHARS_MAX) cursor.fault = `the exemplar's labels have ${chars} characters; the limit is ${EXEMPLAR_CHARS_MAX}`
  const value = cursor.fault === '' ? readToken(cursor, 'exemplar value') : undefined
  if (value === undefined) return undefined
  if (cursor.at === cursor.end) return { labels, value }
  const timestampMs = readTimestampMs(cursor, 'openmetrics')
  if (timestampMs !== undefined && cursor.at < cursor.end)
    cursor.fault = `unexpected ${excerpt(text.slice(cursor.at, cursor.end))} after the exemplar`
  return timestampMs === undefined || cursor.fault !== '' ? undefined : { labels, value, timestampMs }
}

/** Notes the series. OpenMetrics may give several points of one, in order of time: a later one counts as new. */
function isNewSeries(
  name: SampleName,
  set: LabelSet,
  { timestampMs, format }: { readonly timestampMs: number | undefined; readonly format: ExpositionFormat },
): boolean {
  const isFirst = set.firstName === undefined || set.firstName === name.name
  const isKnown = isFirst ? set.firstName !== undefined : name.seen?.has(set) === true
  if (isKnown) {
    const before = isFirst ? set.firstTimestampMs : name.seen?.get(set)
    if (format !== 'openmetrics' || before === undefined || timestampMs === undefined || timestampMs <= before) return false
  }
  if (isFirst) {
    set.firstName = name.name
    set.firstTimestampMs = timestampMs
  } else {
    name.seen ??= new Map()
    name.seen.set(set, timestampMs)
  }
  return true
}

function checkNumberLabel(label: 'le' | 'quantile', { labels }: LabelSet): string {
  const text = labels.get(label)
  if (text === undefined) return `label ${label} is missing`
  const value = readNumber(text, 0, text.length)
  const isGood = value !== undefined && (label === 'le' ? !Number.isNaN(value) : value >= 0 && value <= 1)
  return isGood ? '' : `label ${label} is ${excerpt(text)}, not a ${label === 'le' ? 'number' : 'number from 0 to 1'}`
}

/** Reads a number and the blanks around it. */
function readToken(cursor: Cursor, what: string): number | undefined {
  skipBlanks(cursor)
  const stop = tokenEnd(cursor)
  const value = stop === cursor.at ? undefined : readNumber(cursor.text, cursor.at, stop)
  if (value === undefined) {
    cursor.fault = stop === cursor.at ? `no ${what}` : `the ${what} ${excerpt(cursor.text.slice(cursor.at, stop))} is not a number`
    return undefined
  }
  cursor.at = stop
  skipBlanks(cursor)
  return value
}

/** 0.0.4 writes whole milliseconds, OpenMetrics seconds. */
function readTimestampMs(cursor: Cursor, format: ExpositionFormat): number | undefined {
  const start = cursor.at
  const value = readToken(cursor, 'timestamp')
  if (value === undefined) return undefined
  if (Number.isFinite(value) && (format === 'openmetrics' || /^[+-]?\d+[ \t]*$/.test(cursor.text.slice(start, cursor.at)))) {
    return format === 'openmetrics' ? value * 1000 : value
  }
  cursor.fault = `the timestamp ${excerpt(cursor.text.slice(start, cursor.at))} is not ${format === 'openmetrics' ? 'finite' : 'a whole number of milliseconds'}`
  return undefined
}
