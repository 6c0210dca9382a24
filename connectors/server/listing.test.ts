import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { toCsv } from './csv.ts'
import { fromToken, pageOf, toToken } from './listing.ts'

describe('pages', () => {
  it('show every item once, in order, whatever the limit', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (names, limit) => {
        const sorted = names.toSorted()
        const seen: string[] = []
        let next: string | null = ''
        while (next !== null) {
          const page: ReturnType<typeof pageOf<string>> = pageOf(sorted, { limit, continue: next }, (name) => name)
          expect(page.items.length).toBeLessThanOrEqual(limit)
          seen.push(...page.items)
          next = page.continue
        }
        expect(seen).toEqual(sorted)
      }),
      { seed: 20_261_121 },
    )
  })

  it('go on after an item that is gone', () => {
    expect(pageOf(['a', 'c'], { limit: 5, continue: toToken('b') }, (name) => name)).toEqual({ items: ['c'], continue: null })
  })

  it.each(['x', '!!', Buffer.from('{}').toString('base64url')])('refuse the token %s', (token) => {
    expect(() => fromToken(token)).toThrow(/is not from a page before; start without it/)
  })
})

describe('CSV', () => {
  it('has a column for every leaf and quotes what needs it', () => {
    const rows = [
      { name: 'a', load: { ratio: -0.5, pods: ['x', 'y'] }, note: null },
      { name: 'b,"c"', load: null, more: 'line\nbreak' },
    ]
    expect(toCsv(rows)).toBe(
      'name,load.ratio,load.pods,note,load,more\r\n' + 'a,-0.5,"[""x"",""y""]",,,\r\n' + '"b,""c""",,,,,"line\nbreak"\r\n',
    )
  })

  it.each(['=1+1', '+1', '-1', '@x', '\tx'])('disarms the formula %j', (reason) => {
    expect(toCsv([{ reason }])).toBe(`reason\r\n'${reason}\r\n`)
  })
})
