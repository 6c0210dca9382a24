/** Reads a YAML text of a known shape; every fault is named with its line and column, and any fault refuses the whole. */
import { isNode, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type ErrorCode, TwinError } from '../../models/errors.ts'

export interface YamlTextOptions {
  readonly code: ErrorCode
  /** For the message: `profile x.yaml`. */
  readonly source: string
  /** A file that shows how it is done. */
  readonly example: string
}

const ALIASES_MAX = 100

/** @throws TwinError with the given code; `details.faults` has line, column and reason of each. */
export function parseYaml<Shape extends z.ZodType>(
  text: string,
  shape: Shape,
  { code, source, example }: YamlTextOptions,
): z.output<Shape> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const refuse = (faults: readonly { readonly at: number; readonly reason: string }[]): never => {
    const placed = faults.map(({ at, reason }) => ({ line: lines.linePos(at).line, column: lines.linePos(at).col, reason }))
    const list = placed.map(({ line, column, reason }) => `line ${line}, column ${column}: ${reason}`).join('; ')
    throw new TwinError(code, `The ${source} cannot be used: ${list}. Correct it; ${example} is an example.`, {
      details: { source, faults: placed },
    })
  }
  if (document.errors.length > 0)
    refuse(document.errors.map(({ pos, message }) => ({ at: pos[0], reason: message.split(/ at line |\n/)[0] ?? message })))
  const plain = (): unknown => {
    try {
      return document.toJS({ maxAliasCount: ALIASES_MAX })
    } catch (error) {
      // Aliases of aliases can make a short text endless.
      return refuse([{ at: 0, reason: error instanceof Error ? error.message : String(error) }])
    }
  }
  const parsed = shape.safeParse(plain())
  if (parsed.success) return parsed.data
  return refuse(
    parsed.error.issues.map(({ path, message }) => {
      // A missing key has no place of its own: the nearest thing around it has.
      let depth = path.length
      let node = document.getIn(path, true)
      while (!isNode(node) && depth > 0) node = document.getIn(path.slice(0, --depth), true)
      return { at: (isNode(node) && node.range?.[0]) || 0, reason: `${path.join('.') || 'the text'}: ${message}` }
    }),
  )
}
