/**
 * Cuts a text of scheduling instances into the JSON of each, while it is read: one object, an array, or one object a line.
 *
 * A large array or list of lines is never held whole. A piece that is not JSON is yielded as it is, for the
 * reader to name, and spoils no other line.
 */
import { TwinError } from '../../models/errors.ts'

export interface InstancePiece {
  readonly json: string
  /** For messages: `line 3` or `instance 3`. */
  readonly place: string
}

export async function* instancePieces(chunks: AsyncIterable<string>): AsyncGenerator<InstancePiece> {
  const iterator = chunks[Symbol.asyncIterator]()
  let head = ''
  while (!/\S/.test(head)) {
    const { done, value } = await iterator.next()
    if (done) throw new TwinError('PROBLEM_INVALID', 'the text holds no instance; give a JSON object, an array, or one object a line')
    head = (head + value).replace(/^\uFEFF/, '')
  }
  const rest = { [Symbol.asyncIterator]: () => iterator }
  if (head.trimStart().startsWith('[')) yield* arrayItems(head, rest)
  else yield* linesOrWhole(head, rest)
}

/** Lines if the first line that is not blank is a whole JSON value; else one text of many lines. */
async function* linesOrWhole(head: string, chunks: AsyncIterable<string>): AsyncGenerator<InstancePiece> {
  let isLines: boolean | undefined
  let whole = ''
  let number = 0
  for await (const line of linesOf(head, chunks)) {
    number++
    if (isLines === undefined && line.trim() !== '') isLines = isJson(line)
    if (isLines === false) whole += `${line}\n`
    else if (line.trim() !== '') yield { json: line, place: `line ${number}` }
  }
  if (isLines !== false) return
  const lines = whole.split('\n').slice(0, -1)
  // Lines of which only the first is broken are still lines.
  if (isJson(whole) || !lines.some(isObject)) yield { json: whole, place: 'instance 1' }
  else {
    const skipped = number - lines.length
    for (const [index, line] of lines.entries()) if (line.trim() !== '') yield { json: line, place: `line ${skipped + index + 1}` }
  }
}

async function* linesOf(head: string, chunks: AsyncIterable<string>): AsyncGenerator<string> {
  const lines = head.split('\n')
  let last = lines.pop() ?? ''
  yield* lines
  for await (const chunk of chunks) {
    const more = (last + chunk).split('\n')
    last = more.pop() ?? ''
    yield* more
  }
  if (last !== '') yield last
}

/** The items of a top-level array, found by counting brackets outside of strings. */
async function* arrayItems(head: string, chunks: AsyncIterable<string>): AsyncGenerator<InstancePiece> {
  let text = head.trimStart().slice(1)
  let number = 0
  let at = 0
  let depth = 0
  let isInString = false
  const take = (end: number): InstancePiece[] => {
    const json = text.slice(0, end).trim()
    text = text.slice(end + 1)
    at = 0
    return json === '' ? [] : [{ json, place: `instance ${++number}` }]
  }
  const scan = (): 'more' | 'item' | 'end' => {
    for (; at < text.length; at++) {
      const char = text[at]
      if (isInString) {
        if (char === '\\') at++
        else if (char === '"') isInString = false
      } else if (char === '"') isInString = true
      else if (char === '{' || char === '[') depth++
      else if (char === ',' && depth === 0) return 'item'
      else if ((char === '}' || char === ']') && --depth < 0) return 'end'
    }
    return 'more'
  }
  for (;;) {
    const found = scan()
    if (found !== 'more') yield* take(at)
    if (found === 'end') break
    if (found === 'item') continue
    const { done, value } = await chunks[Symbol.asyncIterator]().next()
    if (done) throw new TwinError('PROBLEM_INVALID', `the array is not closed after instance ${number}; the file seems to be cut off`)
    text += value
  }
  for await (const chunk of chunks) text += chunk
  if (text.trim() !== '') throw new TwinError('PROBLEM_INVALID', `text follows the array: ${text.trim().slice(0, 40)}; give one array`)
}

function isObject(text: string): boolean {
  return text.trimStart().startsWith('{') && isJson(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
