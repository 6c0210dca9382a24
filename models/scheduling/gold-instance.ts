/**
 * Reads scheduling instances from text: one JSON object, an array of them, or one object a line.
 *
 * Only shapes are checked here, with the instance and field named; `createProblem` checks the numbers.
 * Format: gold/README.md.
 */
import { TwinError } from '../errors.ts'
import type { Load } from './dhs.ts'
import type { ProblemInput } from './problem.ts'
import type { Edge } from './task-graph.ts'

export interface GoldInstance {
  /** The file's id, or `instance-<number from 1>`. */
  readonly id: string
  readonly input: ProblemInput
  /** Present when the instance describes the cameras' load. */
  readonly load?: Load
  /** Expected values as they stand in the file, unchecked. */
  readonly expect?: Readonly<Record<string, unknown>>
}

type Fields = Readonly<Record<string, unknown>>

/** What to give where a field's items are not plain numbers. */
const EXPECTED: Readonly<Record<string, string>> = { edges: 'give [from, to, bytes]' }

/** @throws TwinError PROBLEM_INVALID naming the instance or line, and the field */
export function parseInstances(text: string): GoldInstance[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  if (trimmed === '')
    throw new TwinError('PROBLEM_INVALID', 'the text holds no instance; give a JSON object, an array, or one object a line')
  return toValues(text.replace(/^\uFEFF/, '')).map(({ value, place }, index) => toInstance(value, { place, number: index + 1 }))
}

function toValues(text: string): { value: unknown; place: string }[] {
  const whole = tryJson(text)
  if (whole.ok) {
    return Array.isArray(whole.value)
      ? whole.value.map((value: unknown, index) => ({ value, place: `instance ${index + 1}` }))
      : [{ value: whole.value, place: 'instance 1' }]
  }
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, place: `line ${index + 1}` }]))
  // When not even the first line is JSON, the text is one broken document, not lines.
  if (!tryJson(lines[0]!.line).ok) throw new TwinError('PROBLEM_INVALID', `the text is not JSON: ${whole.reason}`)
  return lines.map(({ line, place }) => {
    const parsed = tryJson(line)
    if (!parsed.ok) throw new TwinError('PROBLEM_INVALID', `${place} is not JSON: ${parsed.reason}`)
    return { value: parsed.value, place }
  })
}

function tryJson(text: string): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) }
  }
}

/** One instance, from its JSON value: for readers that take a large file piece by piece. @throws TwinError PROBLEM_INVALID */
export function toInstance(value: unknown, { place, number }: { place: string; number: number }): GoldInstance {
  if (!isFields(value)) throw new TwinError('PROBLEM_INVALID', `${place} is not an object; give {"W", "edges", "rate", "lat", …}`)
  const id = value.id === undefined ? `instance-${number}` : value.id
  if (typeof id !== 'string' || id === '')
    throw new TwinError('PROBLEM_INVALID', `id of ${place} is not a text; give a name or leave it out`)
  const read = toReader(value, value.id === undefined ? place : `${place} (${id})`)
  const computeMs = read.table('W', isTimeOrNull)
  read.count('n', computeMs.length)
  const bytesPerMs = read.table('rate', isNumber)
  read.count('p', bytesPerMs.length)
  const requestOf = value.requestOf === undefined && value.load === undefined ? undefined : read.list('requestOf', isNumber)
  const load = value.load === undefined ? undefined : toLoad(read.within('load'), new Set(requestOf).size)
  const input: ProblemInput = {
    computeMs,
    edges: read.list('edges', isEdge),
    bytesPerMs,
    latencyMs: read.table('lat', isNumber),
    readyMs: value.ready === undefined ? undefined : read.list('ready', isNumber),
    requestOf,
    homes: requestOf && toHomes(computeMs, requestOf),
    // The cameras come first; what follows them are servers.
    edge: load && [...bytesPerMs.keys()].slice(load.cameraCount),
  }
  return { id, input, ...(load && { load }), ...(isFields(value.expect) && { expect: value.expect }) }
}

interface Reader {
  readonly list: <T>(field: string, isItem: (item: unknown) => item is T) => T[]
  readonly table: <T>(field: string, isCell: (cell: unknown) => cell is T) => T[][]
  readonly number: (field: string) => number
  /** A count that the file repeats: when given, it must agree. */
  readonly count: (field: string, expected: number) => void
  readonly within: (field: string) => Reader
}

function toReader(fields: Fields, place: string): Reader {
  const refuse = (field: string, remedy: string): never => {
    throw new TwinError('PROBLEM_INVALID', `${field} of ${place} cannot be used; ${remedy}`, { details: { field, place } })
  }
  const toItems = <T>(items: unknown, field: string, isItem: (item: unknown) => item is T): T[] => {
    if (!Array.isArray(items)) return refuse(field, 'give an array')
    return items.map((item: unknown, index) => (isItem(item) ? item : refuse(`${field}[${index}]`, EXPECTED[field] ?? 'give a number')))
  }
  return {
    list: (field, isItem) => toItems(fields[field], field, isItem),
    table: (field, isCell) => toItems(fields[field], field, isUnknown).map((row, index) => toItems(row, `${field}[${index}]`, isCell)),
    number: (field) => {
      const item = fields[field]
      return isNumber(item) ? item : refuse(field, 'give a number')
    },
    count: (field, expected) => {
      if (fields[field] === undefined || fields[field] === expected) return
      refuse(field, `it is ${String(fields[field])}, but ${expected} rows are given`)
    },
    within: (field) => {
      const inner = fields[field]
      return isFields(inner) ? toReader(inner, `${field} of ${place}`) : refuse(field, 'give an object')
    },
  }
}

function toLoad(load: Reader, requestCount: number): Load {
  const cameraLoadsSeconds = load.list('t_s', isNumber)
  return {
    cameraLoadsSeconds,
    requestCount,
    cameraCount: cameraLoadsSeconds.length,
    delta1Seconds: load.number('delta1'),
    delta2: load.number('delta2'),
  }
}

/** A request's home is where its frame is: the only processor of its first pinned task. */
function toHomes(computeMs: readonly (readonly (number | null)[])[], requestOf: readonly number[]): number[][] {
  const homes: number[][] = []
  for (const [task, request] of requestOf.entries()) {
    if (!Number.isInteger(request) || request < 0 || request >= requestOf.length) continue
    while (homes.length <= request) homes.push([])
    const allowed = [...(computeMs[task] ?? []).entries()].filter(([, ms]) => ms !== null)
    if (allowed.length === 1 && homes[request]!.length === 0) homes[request]!.push(allowed[0]![0])
  }
  return homes
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isUnknown(_item: unknown): _item is unknown {
  return true
}

function isTimeOrNull(cell: unknown): cell is number | null {
  return cell === null || isNumber(cell)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isEdge(value: unknown): value is Edge {
  return Array.isArray(value) && value.length === 3 && value.every(isNumber)
}
