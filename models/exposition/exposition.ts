/** A whole exposition text at once: for files, tests and `metrics check`. Scrapes use the streaming parser. */
import type { ExpositionError, ExpositionFormat, ExpositionLimits, ExpositionStop, Family, Sample } from './format.ts'
import { createExpositionParser } from './parser.ts'

export interface ParseExpositionOptions {
  /** Without it the text decides: see `detectFormat`. */
  readonly format?: ExpositionFormat
  readonly limits?: Partial<ExpositionLimits>
}

export interface Exposition {
  readonly samples: readonly Sample[]
  readonly families: readonly Family[]
  readonly errors: readonly ExpositionError[]
  readonly stoppedBy?: ExpositionStop
}

export function parseExposition(text: string, { format = detectFormat(text), limits = {} }: ParseExpositionOptions = {}): Exposition {
  const samples: Sample[] = []
  const errors: ExpositionError[] = []
  const parser = createExpositionParser({
    onSample: (sample) => samples.push(sample),
    onError: (line, reason) => errors.push({ line, reason }),
    format,
    limits,
  })
  parser.push(text)
  const { families, stoppedBy } = parser.end()
  return { samples, families, errors, ...(stoppedBy === undefined ? {} : { stoppedBy }) }
}

/** OpenMetrics when a line says what only OpenMetrics says; a file has no content type to tell. */
export function detectFormat(text: string): ExpositionFormat {
  return /^# (?:EOF$|UNIT |TYPE \S+ (?:unknown|info|stateset|gaugehistogram)$)/m.test(text) ? 'openmetrics' : 'prometheus'
}

export interface ExpositionCheck {
  readonly samples: number
  readonly families: number
  readonly errors: readonly ExpositionError[]
}

export function checkExposition(text: string, options: ParseExpositionOptions = {}): ExpositionCheck {
  const { samples, families, errors } = parseExposition(text, options)
  return { samples: samples.length, families: families.length, errors }
}
