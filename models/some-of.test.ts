import { expect, it } from '@jest/globals'
import { someOf } from './some-of.ts'

it.each<[string[], Parameters<typeof someOf>[1], string]>([
  [[], {}, ''],
  [['a', 'b'], { max: 2 }, 'a, b'],
  [['a', 'b', 'c'], { max: 2 }, 'a, b and 1 more'],
  [['a, b', 'c', 'd'], { max: 2, between: '; ' }, 'a, b; c; and 1 more'],
  [['a', 'b', 'c', 'd', 'e', 'f'], undefined, 'a, b, c, d, e and 1 more'],
])('%p %p', (texts, options, text) => expect(someOf(texts, options)).toBe(text))
