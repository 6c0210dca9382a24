import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { columnWidths, toCsv, toTable } from './table.ts'

describe('toTable', () => {
  it('pads every column but the last to its widest cell', () => {
    expect(
      toTable(
        ['NAME', 'MODE'],
        [
          ['tx2-1/gpu0', 'allocated'],
          ['a', 'b'],
        ],
      ),
    ).toBe('NAME         MODE\ntx2-1/gpu0   allocated\na            b\n')
  })
  it('leaves out the titles when asked, and their width with them', () => {
    expect(toTable(['LONG TITLE', 'B'], [['a', 'b']], { headers: false })).toBe('a   b\n')
  })
  it('keeps the widths that an earlier table had', () => {
    expect(toTable(['A', 'B'], [['a', 'b']], { headers: false, widthsMin: columnWidths([['12345', '1']]) })).toBe('a       b\n')
  })
  it('shows control characters as spaces and counts characters, not code units', () => {
    expect(
      toTable(
        ['A', 'B'],
        [
          ['a\u001b[2J\nb', 'x'],
          ['😀', 'y'],
        ],
        { headers: false },
      ),
    ).toBe('a [2J b   x\n😀         y\n')
  })
  it('starts a column at the same character in every line, without spaces at the end', () => {
    const cell = fc.string({ minLength: 1 }).filter((text) => text.trim() === text && !/[\p{Cc}\p{Cf}]|\s{3}/u.test(text))
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
        const lines = toTable(['A', 'B'], rows).trimEnd().split('\n')
        const starts = rows.map(([, second], index) => [...lines[index + 1]!].length - [...second].length)
        return new Set(starts).size === 1 && lines.every((line) => !line.endsWith(' '))
      }),
      { seed: 7 },
    )
  })
})

describe('toCsv', () => {
  it('quotes what needs it and doubles quotes', () => {
    expect(
      toCsv(
        ['A', 'B'],
        [
          ['x,y', 'say "hi"'],
          ['line\nbreak', 'plain'],
        ],
      ),
    ).toBe('A,B\r\n"x,y","say ""hi"""\r\n"line\nbreak",plain\r\n')
  })
})
