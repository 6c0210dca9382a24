/** The values inside a scenario's parentheses: names, references, counts and quantities, each refused at its own word. */
import type { z } from 'zod'
import { acceleratorNameShape, bytesPerSecondShape, idShape, nameShape } from '../events/shapes.ts'
import { thresholdShape } from './scenario.ts'
import { DURATION_UNITS, NUMBER, RATE_UNIT_NAMES, toBytesPerSecond } from './units.ts'
import type { Reader, Word } from './words.ts'

const NAME = 'a name of lower-case letters, digits, "-" or "."'
const QUANTITY = new RegExp(`^(${NUMBER})([A-Za-z/]*)$`)

export function parseCount(reader: Reader, { prefix, max, expected }: { prefix: string; max: number; expected: string }): number {
  const word = reader.next()
  const [, digits] = new RegExp(`^${prefix}(\\d{1,9})$`).exec(word.text) ?? []
  const count = Number(digits)
  return count >= 1 && count <= max ? count : reader.fail(word, expected)
}

/** `node/edge-1`, `accelerator/edge-1/gpu0` */
export function parseReference<K extends string>(reader: Reader, kinds: readonly K[]): { kind: K; name: string } {
  const word = reader.next()
  const slash = word.text.indexOf('/')
  const kind = kinds.find((each) => each === word.text.slice(0, Math.max(0, slash)))
  const forms = kinds.map((each) => `${each}/${each === 'accelerator' ? 'node/device' : 'name'}`)
  const rest = word.kind === 'word' ? word.text.slice(slash + 1) : ''
  if (kind === undefined) {
    return reader.fail(
      word,
      forms.join(' or '),
      kinds.map((each) => `${each}/${rest}`),
    )
  }
  const shape: z.ZodType<string> = kind === 'accelerator' ? acceleratorNameShape : nameShape
  return { kind, name: reader.checked(shape, rest, { word, expected: `${forms[kinds.indexOf(kind)]}, with ${NAME}` }) }
}

export function parseName(reader: Reader, what: string): string {
  const word = reader.next()
  return word.kind === 'word' ? reader.checked(nameShape, word.text, { word, expected: `${what}: ${NAME}` }) : reader.fail(word, what)
}

export function parseModel(reader: Reader): string {
  const word = reader.next()
  const expected = 'a device model such as jetson-tx2'
  return word.kind === 'word' ? reader.checked(idShape, word.text, { word, expected }) : reader.fail(word, expected)
}

export function parseRate(reader: Reader): number {
  const expected = 'a rate such as 20 Mbit/s (at most 8000 Gbit/s)'
  const { word, number, unit } = parseQuantity(reader, { expected, units: RATE_UNIT_NAMES })
  return reader.checked(bytesPerSecondShape, toBytesPerSecond(number, unit), { word, expected })
}

/** @returns ms */
export function parseDuration(reader: Reader, { shape, expected }: { shape: z.ZodType<number>; expected: string }): number {
  const { word, number, unit } = parseQuantity(reader, { expected, units: [...DURATION_UNITS.keys()] })
  return reader.checked(shape, Number(number) * (DURATION_UNITS.get(unit) ?? 1), { word, expected })
}

/** A number and its unit, with or without a space between. */
function parseQuantity(
  reader: Reader,
  { expected, units }: { expected: string; units: readonly string[] },
): { word: Word; number: string; unit: string } {
  const word = reader.next()
  const [, number, joined] = (word.kind === 'word' ? QUANTITY.exec(word.text) : null) ?? []
  if (number === undefined || joined === undefined) return reader.fail(word, expected)
  return { word, number, unit: parseUnit(reader, { word, joined, units }) }
}

/** The unit that ends the word of its number, else the next word. */
export function parseUnit(reader: Reader, { word, joined, units }: { word: Word; joined: string; units: readonly string[] }): string {
  if (joined === '') return reader.choice(units)
  const unit = { ...word, text: joined, offset: word.offset + word.text.length - joined.length }
  return units.includes(joined) ? joined : reader.fail(unit, `one of ${units.join(', ')}`, units)
}

/** A number ≥ 0 that stands alone. */
export function parseThreshold(reader: Reader): number {
  const word = reader.next()
  const number = new RegExp(`^${NUMBER}$`).test(word.text) ? Number(word.text) : null
  return reader.checked(thresholdShape, number, { word, expected: 'a number from 0 to 1000000' })
}
