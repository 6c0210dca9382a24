/**
 * Generated events of every type, made from the very schemas that the codec checks: a new event or field needs no work here.
 * Only the kinds of schema that events use are known; another one is a loud error.
 */
import fc from 'fast-check'
import { z } from 'zod'
import { twinEventShape } from '../events/events.ts'
import { acceleratorNameShape, nameShape, timeMsShape } from '../events/shapes.ts'
import { AT_MS } from './events.ts'

/** Shapes whose text rule a generator cannot guess, by their pattern. */
const NAME_PATTERNS = new Map<string, fc.Arbitrary<string>>([
  [patternOf(nameShape), fc.stringMatching(/^[a-z0-9][-a-z0-9.]{0,8}[a-z0-9]$/)],
  [patternOf(acceleratorNameShape), fc.stringMatching(/^[a-z0-9]{1,6}\/[a-z0-9]{1,6}$/)],
])

/** Valid values of JSON type; their times lie at most a day before AT_MS. */
export function anyEventValues(): fc.Arbitrary<unknown>[] {
  return twinEventShape.options.map((option) => anyOf(option))
}

function anyOf(shape: z.core.$ZodType): fc.Arbitrary<unknown> {
  if (shape === timeMsShape) return fc.integer({ min: AT_MS - 86_400_000, max: AT_MS })
  if (shape instanceof z.ZodObject) {
    const entries: [string, z.core.$ZodType][] = Object.entries(shape.shape)
    const optional = entries.filter(([, member]) => member instanceof z.ZodOptional).map(([key]) => key)
    const required = entries.map(([key]) => key).filter((key) => !optional.includes(key))
    return fc.record(Object.fromEntries(entries.map(([key, member]) => [key, anyOf(member)])), { requiredKeys: required })
  }
  if (shape instanceof z.ZodOptional) return anyOf(shape.unwrap())
  if (shape instanceof z.ZodNullable) return fc.option(anyOf(shape.unwrap()))
  if (shape instanceof z.ZodArray) return fc.array(anyOf(shape.element), { maxLength: 4 })
  if (shape instanceof z.ZodEnum) return fc.constantFrom(...shape.options)
  if (shape instanceof z.ZodLiteral) return fc.constantFrom(...shape.values)
  if (shape instanceof z.ZodBoolean) return fc.boolean()
  if (shape instanceof z.ZodNumber) return anyNumber(shape)
  if (shape instanceof z.ZodString) {
    const minLength = shape.minLength ?? 0
    return NAME_PATTERNS.get(patternOf(shape)) ?? fc.string({ minLength, maxLength: 30, unit: 'binary' })
  }
  throw new Error(`no generator for a ${shape._zod.def.type}`)
}

function anyNumber(shape: z.ZodNumber): fc.Arbitrary<number> {
  const min = shape.minValue ?? 0
  const max = shape.maxValue ?? 1e15
  if (shape.format === 'safeint') return fc.integer({ min, max: Math.min(max, Number.MAX_SAFE_INTEGER) })
  // JSON knows one zero.
  return fc.double({ min, max, noNaN: true }).map((value) => value + 0)
}

function patternOf(shape: z.ZodString): string {
  const checks = shape._zod.def.checks ?? []
  return checks.map((check) => ('pattern' in check._zod.def ? String(check._zod.def.pattern) : '')).join('')
}
