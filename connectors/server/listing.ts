/** Pages of a list: `limit` items and an opaque `continue` that asks for the rest. */
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
  continue: z.string().max(512).optional().describe('What the page before said; empty for the first page.'),
}

export const pageShape = <T extends z.ZodType>(item: T) =>
  z.object({
    /** Journal sequence that the items are at least as new as. */
    sequence: z.number().int(),
    items: z.array(item).readonly(),
    /** Null on the last page. */
    continue: z.string().nullable(),
  })

export interface PageQuery {
  readonly limit: number
  readonly continue?: string | undefined
}

/**
 * The items whose key comes after the one where the page before ended; between two pages of a live list items may
 * come and go, but none that stays is shown twice or left out.
 *
 * @param items Sorted by key.
 */
export function pageOf<T>(
  items: readonly T[],
  query: PageQuery,
  keyOf: (item: T) => string,
): { items: readonly T[]; continue: string | null } {
  const after = query.continue ? fromToken(query.continue) : null
  const first = after === null ? 0 : items.findIndex((item) => keyOf(item) > after)
  const page = first < 0 ? [] : items.slice(first, first + query.limit)
  const isLast = first < 0 || first + query.limit >= items.length
  return { items: page, continue: isLast ? null : toToken(keyOf(page.at(-1)!)) }
}

export function toToken(key: string): string {
  return Buffer.from(JSON.stringify([key])).toString('base64url')
}

/** @throws TwinError QUERY_INVALID */
export function fromToken(token: string): string {
  try {
    return tokenShape.parse(JSON.parse(Buffer.from(token, 'base64url').toString()))[0]
  } catch (cause) {
    const message = `continue=${JSON.stringify(token)} is not from a page before; start without it`
    throw new TwinError('QUERY_INVALID', message, { cause })
  }
}

const tokenShape = z.tuple([z.string()])
