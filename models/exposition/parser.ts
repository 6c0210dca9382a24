/**
 * A strict, streaming parser of the Prometheus text format 0.0.4 and OpenMetrics 1.0.
 *
 * A line that cannot be read is one error with its number and costs no other line. Line ends are line feeds, as both specifications
 * say: a carriage return is an error. White space between tokens is read as in 0.0.4 in both formats.
 */
import { EXPOSITION_LIMITS, type ExpositionFormat, type ExpositionLimits, type ExpositionStop, type Family, type Sample } from './format.ts'
import { readMetadata } from './metadata.ts'
import { createSampleReader } from './sample-line.ts'
import { type Cursor, HASH, skipBlanks } from './scan.ts'

export interface ExpositionParserOptions {
  readonly onSample: (sample: Sample) => void
  /** @param line From 1. */
  readonly onError?: (line: number, reason: string) => void
  /** Default `prometheus`. */
  readonly format?: ExpositionFormat
  readonly limits?: Partial<ExpositionLimits>
}

export interface ExpositionSummary {
  readonly families: readonly Family[]
  readonly sampleCount: number
  readonly errorCount: number
  /** Set when a limit ended the reading: what follows was not looked at. */
  readonly stoppedBy?: ExpositionStop
}

export interface ExpositionParser {
  /** Chunks may end anywhere, but not inside a surrogate pair's UTF-8 sequence: decode with a streaming decoder. */
  push(chunk: string): void
  /** Reads the last line, which may lack its line feed, and says what was found. */
  end(): ExpositionSummary
}

const CARRIAGE_RETURN = 13

export function createExpositionParser({
  onSample,
  onError,
  format = 'prometheus',
  limits: given,
}: ExpositionParserOptions): ExpositionParser {
  const limits = { ...EXPOSITION_LIMITS, ...given }
  const readSample = createSampleReader(format, limits)
  const cursor: Cursor = { text: '', at: 0, end: 0, fault: '' }
  let rest = ''
  let bodyChars = 0
  let line = 0
  let sampleCount = 0
  let errorCount = 0
  let isInLongLine = false
  let hasEnded = false
  let stoppedBy: ExpositionStop | undefined

  const fail = (reason: string): void => {
    errorCount++
    onError?.(line, reason)
    if (errorCount < limits.errors || stoppedBy !== undefined) return
    stoppedBy = 'errors'
    onError?.(line, `${limits.errors} errors; the rest was not read`)
  }
  const stop = (by: ExpositionStop, reason: string): void => {
    stoppedBy = by
    fail(reason)
  }

  const readComment = (): void => {
    const found = readMetadata(cursor, format)
    if (cursor.fault !== '') fail(cursor.fault)
    else if (found === 'eof') hasEnded = true
    else if (found !== undefined) {
      const reason = readSample.families.describe(found.kind, found.name, found.value)
      if (reason !== '') fail(reason)
    }
  }

  const readLine = (text: string, at: number, end: number): void => {
    cursor.text = text
    cursor.at = at
    cursor.end = end
    cursor.fault = ''
    skipBlanks(cursor)
    if (end - at > limits.lineChars) fail(`the line has ${end - at} characters; the limit is ${limits.lineChars}`)
    else if (text.charCodeAt(end - 1) === CARRIAGE_RETURN && end > at)
      fail('carriage return at the end of the line: end lines with a line feed alone')
    else if (hasEnded) fail('a line after # EOF')
    else if (cursor.at === end) {
      if (format === 'openmetrics') fail('empty line')
    } else if (text.charCodeAt(cursor.at) === HASH) readComment()
    else readSampleLine()
  }

  const readSampleLine = (): void => {
    const sample = readSample.read(cursor)
    if (cursor.fault !== '') fail(cursor.fault)
    if (sample === undefined) return
    if (sampleCount === limits.series) {
      stop('series', `more than ${limits.series} series; the rest was not read`)
      return
    }
    sampleCount++
    onSample(sample)
  }

  const push = (chunk: string): void => {
    if (stoppedBy !== undefined) return
    bodyChars += chunk.length
    if (bodyChars > limits.bodyChars) {
      stop('body', `the body is above ${limits.bodyChars} characters; the rest was not read`)
      return
    }
    const text = rest === '' ? chunk : rest + chunk
    let at = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
      if (isInLongLine) isInLongLine = false
      else {
        line++
        readLine(text, at, end)
        if (stoppedBy !== undefined) return
      }
      at = end + 1
    }
    rest = text.slice(at)
    if (rest.length > limits.lineChars || isInLongLine) {
      if (!isInLongLine) {
        line++
        fail(`the line has more than ${limits.lineChars} characters`)
      }
      isInLongLine = true
      rest = ''
    }
  }

  const end = (): ExpositionSummary => {
    if (stoppedBy === undefined && rest !== '') {
      line++
      readLine(rest, 0, rest.length)
      rest = ''
    }
    if (stoppedBy === undefined && format === 'openmetrics' && !hasEnded) {
      line++
      fail('the text ends without # EOF: it may have been cut off')
    }
    const families = readSample.families.list()
    return { families, sampleCount, errorCount, ...(stoppedBy === undefined ? {} : { stoppedBy }) }
  }

  return { push, end }
}
