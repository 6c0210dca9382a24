import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { instancePieces } from './instance-stream.ts'

async function* chunked(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size)
}

async function piecesOf(text: string, size = 7): Promise<[string, unknown][]> {
  const pieces: [string, unknown][] = []
  for await (const { json, place } of instancePieces(chunked(text, size))) {
    try {
      pieces.push([place, JSON.parse(json)])
    } catch {
      pieces.push([place, 'not JSON'])
    }
  }
  return pieces
}

describe('instancePieces', () => {
  it.each([
    ['one object', '{"id":"a"}', [['line 1', { id: 'a' }]]],
    ['one object of many lines', '{\n "id": "a",\n "W": [[1]]\n}\n', [['instance 1', { id: 'a', W: [[1]] }]]],
    [
      'an array',
      ' [{"id":"a,]}\\""}, {"W":[[1,2]]}]\n',
      [
        ['instance 1', { id: 'a,]}"' }],
        ['instance 2', { W: [[1, 2]] }],
      ],
    ],
    ['an empty array', '[]', []],
    [
      'lines, with blank ones and no last line feed',
      '\n{"id":"a"}\n\n{"id":"b"}',
      [
        ['line 2', { id: 'a' }],
        ['line 4', { id: 'b' }],
      ],
    ],
    [
      'lines of Windows',
      '{"id":"a"}\r\n{"id":"b"}\r\n',
      [
        ['line 1', { id: 'a' }],
        ['line 2', { id: 'b' }],
      ],
    ],
    [
      'a broken line between good ones',
      '{"id":"a"}\n{oops\n{"id":"b"}\n',
      [
        ['line 1', { id: 'a' }],
        ['line 2', 'not JSON'],
        ['line 3', { id: 'b' }],
      ],
    ],
    [
      'a broken first line',
      '{oops\n{"id":"b"}\n',
      [
        ['line 1', 'not JSON'],
        ['line 2', { id: 'b' }],
      ],
    ],
    [
      'a broken item',
      '[{"id":"a"},{oops},{"id":"b"}]',
      [
        ['instance 1', { id: 'a' }],
        ['instance 2', 'not JSON'],
        ['instance 3', { id: 'b' }],
      ],
    ],
    ['a byte order mark', '\uFEFF{"id":"a"}', [['line 1', { id: 'a' }]]],
  ])('%s', async (_, text, expected) => expect(await piecesOf(text)).toEqual(expected))

  it.each([
    ['', 'holds no instance'],
    [' \n\n', 'holds no instance'],
    ['[{"id":"a"},{"id":', 'the array is not closed after instance 1'],
    ['[1] [2]', 'text follows the array: [2]'],
  ])('refuses %j', async (text, message) => {
    await expect(piecesOf(text)).rejects.toMatchObject({ code: 'PROBLEM_INVALID', message: expect.stringContaining(message) })
  })

  it('finds the same pieces however the text is cut into chunks and formatted', async () => {
    const instances = fc.array(fc.record({ id: fc.string(), W: fc.array(fc.array(fc.integer())) }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(instances, fc.integer({ min: 1, max: 40 }), fc.nat(4), async (items, size, indent) => {
        const array = await piecesOf(JSON.stringify(items, null, indent), size)
        const lines = await piecesOf(items.map((item) => `${JSON.stringify(item)}\n`).join(''), size)
        expect(array.map(([, value]) => value)).toEqual(items)
        expect(lines.map(([, value]) => value)).toEqual(items)
      }),
      { seed: 11 },
    )
  })
})
