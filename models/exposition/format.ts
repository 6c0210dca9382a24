/**
 * What an exposition text says, as plain data, and the limits within which it is believed.
 *
 * Prometheus text format 0.0.4 and OpenMetrics 1.0; times are milliseconds here, whatever the text's unit.
 */

export type ExpositionFormat = 'prometheus' | 'openmetrics'

/** Labels by name, escapes resolved. A map, since `__proto__` is a lawful label name. */
export type Labels = ReadonlyMap<string, string>

export interface Exemplar {
  readonly labels: Labels
  readonly value: number
  readonly timestampMs?: number
}

export interface Sample {
  readonly name: string
  readonly labels: Labels
  /** May be NaN or ±Infinity: the format allows them. */
  readonly value: number
  readonly timestampMs?: number
  readonly exemplar?: Exemplar
}

export interface Family {
  readonly name: string
  /** `untyped` when the text does not say. */
  readonly type: string
  readonly help: string | undefined
  readonly unit: string | undefined
  readonly sampleCount: number
}

/** Which limit ended the reading early. */
export type ExpositionStop = 'body' | 'series' | 'errors'

export interface ExpositionError {
  /** From 1. */
  readonly line: number
  readonly reason: string
}

/** Characters, not bytes: a character has at least one byte, and whoever reads the socket counts those. */
export interface ExpositionLimits {
  readonly bodyChars: number
  readonly lineChars: number
  readonly series: number
  readonly labels: number
  readonly labelValueChars: number
  /** Reading ends here, so that a garbage body costs no more than a good one. */
  readonly errors: number
}

export const EXPOSITION_LIMITS: ExpositionLimits = {
  bodyChars: 8 * 1024 * 1024,
  lineChars: 256 * 1024,
  series: 20_000,
  labels: 64,
  labelValueChars: 1024,
  errors: 1_000,
}
