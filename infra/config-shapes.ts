/** The shapes that settings share: a flag or a variable is text, whatever it means. */
import { z } from 'zod'

export const text = z.string().min(1)

/** An empty text, `true` or a bare `port:` in a file is no number, where coercion would see 0 or 1. */
const number = (shape: z.ZodNumber) =>
  z.preprocess((given) => (typeof given === 'string' && given.trim() !== '' ? Number(given) : given), shape)
export const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => number(z.number().int().min(min).max(max))
export const decimal = (min: number, max = Number.MAX_SAFE_INTEGER) => number(z.number().min(min).max(max))

export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((given) => given === 'true')])
