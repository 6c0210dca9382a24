/**
 * Bytes to events and back: CloudEvents 1.0 binary mode with a JSON value (structured mode is read too).
 *
 * Nothing about a record is believed: whatever cannot be used is a reason code for the dead-letter log,
 * never an exception, so one bad producer cannot stop the stream.
 */
import type { ZodError } from 'zod'
import { EVENT_TYPES, type TwinEvent, type TwinEventType, twinEventShape } from './events.ts'
import { topicOf } from './topics.ts'

export const DEAD_REASONS = [
  'bad-encoding',
  'bad-json',
  'too-large',
  'too-deep',
  'forbidden-key',
  'unknown-type',
  'unknown-version',
  'schema',
  'not-finite',
  'implausible',
  'time-implausible',
] as const
export type DeadReason = (typeof DEAD_REASONS)[number]

export type Decoded =
  | { readonly ok: true; readonly event: TwinEvent }
  | { readonly ok: false; readonly reason: DeadReason; readonly detail: string }

export interface EncodedEvent {
  readonly topic: string
  /** The site, so that one site keeps one order. */
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: string
}

/** Limits on one record: unbounded input is a fault. A decision of 2,000 placements still fits; Kafka takes 1 MiB by default. */
export const RECORD_LIMITS = { valueBytes: 1024 * 1024, depth: 20, keys: 40_000, stringLength: 4_096 } as const

/** Clocks of devices may be wrong by this much before we refuse their word. */
const FUTURE_MS_MAX = 3_600_000
const PAST_MS_MAX = 366 * 86_400_000

const TYPE_PREFIX = 'dev.edgetwin.'
const KNOWN_TYPES: ReadonlySet<string> = new Set<TwinEventType>(EVENT_TYPES)
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @param id Unique per source, chosen by the caller: the core draws no randomness. */
export function encodeEvent(event: TwinEvent, id: string): EncodedEvent {
  return {
    topic: topicOf(event.type),
    key: event.site,
    headers: {
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: `/sites/${event.site}/${event.source}`,
      ce_type: `${TYPE_PREFIX}${event.type}.v1`,
      ce_time: new Date(event.timeMs).toISOString(),
      'content-type': 'application/json',
    },
    value: JSON.stringify(event),
  }
}

/** @param nowMs When the record was received: what lies years from it is not a time stamp. */
export function decodeEvent(
  record: { readonly headers?: Readonly<Record<string, string>>; readonly value: string | Uint8Array },
  { nowMs }: { readonly nowMs: number },
): Decoded {
  if (record.value.length > RECORD_LIMITS.valueBytes) {
    return dead('too-large', `${record.value.length} bytes, at most ${RECORD_LIMITS.valueBytes} are read`)
  }
  let text: string
  try {
    text = typeof record.value === 'string' ? record.value : utf8.decode(record.value)
  } catch {
    return dead('bad-encoding', 'the value is not UTF-8')
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    return dead('bad-json', error instanceof Error ? error.message.slice(0, 200) : 'not JSON')
  }
  const structureFault = checkStructure(parsed)
  if (structureFault) return structureFault
  const versionFault = checkVersion(record.headers ?? {}, parsed)
  if (versionFault) return versionFault
  const body = isRecord(parsed) && 'specversion' in parsed && 'data' in parsed ? parsed.data : parsed
  if (!isRecord(body) || typeof body.type !== 'string') return dead('schema', 'an event is an object with a type')
  if (!KNOWN_TYPES.has(body.type)) return dead('unknown-type', `type ${body.type.slice(0, 100)} is not known`)
  const result = twinEventShape.safeParse(body)
  if (!result.success) return schemaFault(result.error)
  const aheadMs = result.data.timeMs - nowMs
  if (aheadMs > FUTURE_MS_MAX || aheadMs < -PAST_MS_MAX) {
    return dead('time-implausible', `timeMs ${result.data.timeMs} lies ${Math.round(aheadMs / 1000)} s from the time of receipt`)
  }
  return { ok: true, event: result.data }
}

function checkVersion(headers: Readonly<Record<string, string>>, parsed: unknown): Decoded | null {
  const specversion = headers.ce_specversion ?? (isRecord(parsed) ? parsed.specversion : undefined)
  if (specversion !== undefined && specversion !== '1.0') {
    // An object of a stranger may not even be turned into a string.
    const shown = typeof specversion === 'string' ? specversion.slice(0, 100) : `version of type ${typeof specversion}`
    return dead('unknown-version', `CloudEvents ${shown} is not 1.0`)
  }
  const type = headers.ce_type ?? (isRecord(parsed) && 'data' in parsed ? parsed.type : undefined)
  if (typeof type !== 'string' || !type.startsWith(TYPE_PREFIX)) return null
  const version = type.slice(type.lastIndexOf('.') + 1)
  return version === 'v1' ? null : dead('unknown-version', `type ${type.slice(0, 100)} is not of version v1`)
}

function checkStructure(parsed: unknown): Decoded | null {
  let keyCount = 0
  const visit = (value: unknown, depth: number): Decoded | null => {
    if (typeof value === 'number' && !Number.isFinite(value)) return dead('not-finite', 'a number overflows')
    if (typeof value === 'string' && value.length > RECORD_LIMITS.stringLength)
      return dead('too-large', `a string of ${value.length} characters`)
    if (typeof value !== 'object' || value === null) return null
    if (depth > RECORD_LIMITS.depth) return dead('too-deep', `nested deeper than ${RECORD_LIMITS.depth}`)
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.has(key)) return dead('forbidden-key', `key ${key} is not taken`)
      if (++keyCount > RECORD_LIMITS.keys) return dead('too-large', `more than ${RECORD_LIMITS.keys} keys`)
      const fault = visit(Reflect.get(value, key), depth + 1)
      if (fault) return fault
    }
    return null
  }
  return visit(parsed, 1)
}

function schemaFault(error: ZodError): Decoded {
  const issue = error.issues[0]
  if (!issue) return dead('schema', 'the event breaks its schema')
  const detail = `${issue.path.join('.') || 'event'}: ${issue.message}`.slice(0, 300)
  const outOfRange = (issue.code === 'too_big' || issue.code === 'too_small') && (issue.origin === 'number' || issue.origin === 'int')
  return dead(outOfRange ? 'implausible' : 'schema', detail)
}

function dead(reason: DeadReason, detail: string): Decoded {
  return { ok: false, reason, detail }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
