import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { anyEventValues } from '../testing/any-event.ts'
import { AT_MS, aDecision, aDecisionMade, anAcceleratorSampled, anEvent, aPlacement, aPodFailed, aPodStarted } from '../testing/events.ts'
import { DEAD_REASONS, type DeadReason, decodeEvent, encodeEvent, RECORD_LIMITS } from './codec.ts'
import { EVENT_TYPES, twinEventShape } from './events.ts'
import { TOPICS, topicOf } from './topics.ts'

const SEED = 20_262
const now = { nowMs: AT_MS }
const decode = (value: string | Uint8Array, headers: Record<string, string> = {}) => decodeEvent({ headers, value }, now)
const reasonOf = (value: string | Uint8Array, headers?: Record<string, string>) => {
  const decoded = decode(value, headers)
  return decoded.ok ? 'ok' : decoded.reason
}
const bytes = (text: string) => new TextEncoder().encode(text)
const sample = anAcceleratorSampled()
const sampleText = JSON.stringify(sample)
/** The sample with one number written as given. */
const withLoad = (text: string) => sampleText.replace('0.5', text)

describe('encode, then decode', () => {
  it.each(anyEventValues().map((anyValue, index) => [EVENT_TYPES[index] ?? '', anyValue] as const))(
    '%s comes back as it was',
    (type, anyValue) => {
      fc.assert(
        fc.property(anyValue, (value) => {
          const event = twinEventShape.parse(value)
          expect(event.type).toBe(type)
          const { headers, value: text } = encodeEvent(event, 'id-1')
          expect(decode(text, headers)).toEqual({ ok: true, event })
          expect(decode(bytes(text), headers)).toEqual({ ok: true, event })
        }),
        { seed: SEED, numRuns: 25 },
      )
    },
  )

  it('every type is one of a builder and travels on a topic of ours', () => {
    for (const type of EVENT_TYPES) {
      expect(twinEventShape.safeParse(anEvent(type)).success).toBe(true)
      expect(Object.values(TOPICS)).toContain(encodeEvent(anEvent(type), 'id-1').topic)
    }
  })

  it('a decision about 2,000 pods fits', () => {
    const placements = Array.from({ length: 2_000 }, (_, index) =>
      aPlacement({ pod: `request-${index}-infer`, request: `request-${index}` }),
    )
    const decision = aDecision({ placements, requests: placements.map(({ request }) => request) })
    const event = aDecisionMade({ decision })
    expect(decode(encodeEvent(event, 'id-1').value)).toEqual({ ok: true, event })
  })
})

describe('CloudEvents 1.0', () => {
  it('binary mode: attributes as headers, the event as the value, the site as the key', () => {
    const event = aPodFailed({ timeMs: Date.UTC(2026, 10, 21, 8, 30, 0, 250), site: 'dhs', source: 'cluster' })
    expect(encodeEvent(event, 'pod-17')).toEqual({
      topic: 'edgetwin.cluster.v1',
      key: 'dhs',
      headers: {
        ce_specversion: '1.0',
        ce_id: 'pod-17',
        ce_source: '/sites/dhs/cluster',
        ce_type: 'dev.edgetwin.pod.failed.v1',
        ce_time: '2026-11-21T08:30:00.250Z',
        'content-type': 'application/json',
      },
      value: JSON.stringify(event),
    })
  })

  it('structured mode is read', () => {
    const envelope = { specversion: '1.0', id: '1', source: '/sites/dhs/test', type: 'dev.edgetwin.accelerator.sampled.v1', data: sample }
    expect(decode(JSON.stringify(envelope))).toEqual({ ok: true, event: sample })
    expect(reasonOf(JSON.stringify({ ...envelope, type: 'dev.edgetwin.accelerator.sampled.v2' }))).toBe('unknown-version')
    expect(reasonOf(JSON.stringify({ ...envelope, specversion: '0.3' }))).toBe('unknown-version')
    // Such an object cannot even be turned into a string.
    expect(reasonOf(JSON.stringify({ ...envelope, specversion: { toString: 1, valueOf: 1 } }))).toBe('unknown-version')
    expect(reasonOf(JSON.stringify({ ...envelope, data: 'text' }))).toBe('schema')
  })

  it('an event without headers is read too', () => {
    expect(decodeEvent({ value: sampleText }, now)).toEqual({ ok: true, event: sample })
  })

  it.each([
    [{ ce_specversion: '2.0' }],
    [{ ce_type: 'dev.edgetwin.accelerator.sampled.v2' }],
    [{ ce_type: 'dev.edgetwin.accelerator.sampled' }],
    [{ ce_type: 'dev.edgetwin.newer.thing.v9' }],
  ])('headers %j are of a version we do not know', (headers) => {
    expect(reasonOf(sampleText, headers)).toBe('unknown-version')
  })
})

describe('what cannot be used goes to the dead letters with its reason', () => {
  const DAY_MS = 86_400_000
  const table: readonly [string, string | Uint8Array, DeadReason][] = [
    ['nothing', '', 'bad-json'],
    ['half an event', sampleText.slice(0, 40), 'bad-json'],
    ['NaN', withLoad('NaN'), 'bad-json'],
    ['Infinity', withLoad('-Infinity'), 'bad-json'],
    ['bytes that are no UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 'bad-encoding'],
    ['half a character', bytes('{"a":"é"}').subarray(0, 7), 'bad-encoding'],
    ['10 MB of text', `"${'x'.repeat(10_000_000)}"`, 'too-large'],
    ['10 MB of bytes', new Uint8Array(10_000_000), 'too-large'],
    ['one byte more than the limit', ' '.repeat(RECORD_LIMITS.valueBytes + 1), 'too-large'],
    ['100,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [index, 0]))), 'too-large'],
    ['100,000 items', `[${'1,'.repeat(99_999)}1]`, 'too-large'],
    ['a string longer than the limit', JSON.stringify({ a: 'x'.repeat(RECORD_LIMITS.stringLength + 1) }), 'too-large'],
    ['depth 10,000 of lists', '['.repeat(10_000) + ']'.repeat(10_000), 'too-deep'],
    ['depth 100,000 of objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'too-deep'],
    ['depth one above the limit', '['.repeat(RECORD_LIMITS.depth + 1) + ']'.repeat(RECORD_LIMITS.depth + 1), 'too-deep'],
    ['__proto__', withLoad('0.5,"__proto__":{"isAdmin":true}'), 'forbidden-key'],
    ['__proto__ in escapes', withLoad('0.5,"\\u005f\\u005fproto__":{}'), 'forbidden-key'],
    ['constructor', '{"constructor":{"prototype":{}}}', 'forbidden-key'],
    ['prototype in a list', '[[{"prototype":1}]]', 'forbidden-key'],
    ['a number that overflows', withLoad('1e999'), 'not-finite'],
    ['utilisation 400 %', withLoad('4'), 'implausible'],
    ['utilisation −1e308', withLoad('-1e308'), 'implausible'],
    ['negative bytes', sampleText.replace('"utilizationRatio":0.5', '"memoryUsedBytes":-1'), 'implausible'],
    ['900 °C', sampleText.replace('"utilizationRatio":0.5', '"temperatureCelsius":900'), 'implausible'],
    ['a time after the end of dates', JSON.stringify({ ...sample, timeMs: 9e15 }), 'implausible'],
    ['a time two years ago', JSON.stringify({ ...sample, timeMs: AT_MS - 730 * DAY_MS }), 'time-implausible'],
    ['a time in seconds', JSON.stringify({ ...sample, timeMs: AT_MS / 1_000 }), 'time-implausible'],
    ['a time tomorrow', JSON.stringify({ ...sample, timeMs: AT_MS + DAY_MS }), 'time-implausible'],
    ['a half millisecond', JSON.stringify({ ...sample, timeMs: AT_MS + 0.5 }), 'schema'],
    ['text for a number', withLoad('"0.5"'), 'schema'],
    ['a missing field', JSON.stringify({ type: 'pod.started', site: 'dhs', timeMs: AT_MS, source: 'test' }), 'schema'],
    ['a name that is no name', JSON.stringify(aPodStarted({ name: '<script>' })), 'schema'],
    ['a name of 254 letters', JSON.stringify(aPodStarted({ name: 'a'.repeat(254) })), 'schema'],
    ['no event at all', 'null', 'schema'],
    ['a list', '[]', 'schema'],
    ['a type that is a number', '{"type":7}', 'schema'],
    ['a type nobody knows', '{"type":"pod.exploded"}', 'unknown-type'],
    ['a type of Object', '{"type":"toString"}', 'unknown-type'],
  ]
  it.each(table)('%s', (_, value, reason) => {
    expect(reasonOf(value)).toBe(reason)
  })

  it('every reason is reached', () => {
    const reached = new Set<string>([...table.map(([, , reason]) => reason), 'unknown-version'])
    expect([...reached].sort()).toEqual([...DEAD_REASONS].sort())
  })

  it('a prototype stays as it is', () => {
    decode(withLoad('0.5,"__proto__":{"isAdmin":true}'))
    expect(Reflect.get({}, 'isAdmin')).toBeUndefined()
  })

  it.each([
    ['the limit of depth', `${'['.repeat(RECORD_LIMITS.depth)}${']'.repeat(RECORD_LIMITS.depth)}`],
    ['the limit of keys', `[${'1,'.repeat(RECORD_LIMITS.keys - 1)}1]`],
    ['the limit of bytes', ' '.repeat(RECORD_LIMITS.valueBytes - 2).concat('[]')],
    ['the limit of a string', JSON.stringify(['x'.repeat(RECORD_LIMITS.stringLength)])],
  ])('exactly %s passes on to the schema', (_, value) => {
    expect(reasonOf(value)).toBe('schema')
  })

  it('a device may be an hour ahead or a year behind', () => {
    for (const timeMs of [AT_MS + 3_600_000, AT_MS - 366 * DAY_MS]) expect(reasonOf(JSON.stringify({ ...sample, timeMs }))).toBe('ok')
    for (const timeMs of [AT_MS + 3_600_001, AT_MS - 366 * DAY_MS - 1])
      expect(reasonOf(JSON.stringify({ ...sample, timeMs }))).toBe('time-implausible')
  })
})

describe('whatever comes, the answer is a value', () => {
  const isAnswer = (value: string | Uint8Array, headers: Record<string, string> = {}) => {
    const decoded = decode(value, headers)
    if (!decoded.ok) {
      expect(DEAD_REASONS).toContain(decoded.reason)
      expect(decoded.detail.length).toBeLessThanOrEqual(400)
    }
  }

  it('for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (value) => isAnswer(value)),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  it('for any JSON, with any headers', () => {
    const headers = fc.dictionary(fc.constantFrom('ce_type', 'ce_specversion', 'other'), fc.string())
    const envelope = fc.record({ specversion: fc.jsonValue(), type: fc.jsonValue(), data: fc.jsonValue() }, { requiredKeys: [] })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          envelope.map((value) => JSON.stringify(value)),
        ),
        headers,
        isAnswer,
      ),
      { seed: SEED, numRuns: 2_000 },
    )
  })

  it('for an event of which one member is anything', () => {
    const spoilt = fc.oneof(...anyEventValues()).chain((value) => {
      const keys = Object.keys(value ?? {})
      return fc.tuple(fc.constantFrom(...keys), fc.jsonValue()).map(([key, member]) => JSON.stringify({ ...Object(value), [key]: member }))
    })
    fc.assert(
      fc.property(spoilt, (value) => isAnswer(value)),
      { seed: SEED, numRuns: 2_000 },
    )
  })
})

it.each([
  ['node.sampled', TOPICS.metrics],
  ['exporter.lost', TOPICS.metrics],
  ['clock.ticked', TOPICS.metrics],
  ['node.observed', TOPICS.cluster],
  ['pod.bound', TOPICS.cluster],
  ['inference.requested', TOPICS.requests],
  ['job.statusChanged', TOPICS.requests],
  ['placement.applied', TOPICS.decisions],
  ['decision.made', TOPICS.decisions],
  ['loop.modeChanged', TOPICS.decisions],
])('%s travels on %s', (type, topic) => {
  expect(topicOf(type)).toBe(topic)
})
