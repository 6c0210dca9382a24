import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { transferRates } from './shared-links.ts'

const capacities = new Map([
  ['a', 10],
  ['b', 10],
  ['c', 4],
  ['d', 100],
])

it('shares the contested side equally and gives the rest to whoever is not held back elsewhere', () => {
  const rates = transferRates(
    [
      { id: '1', from: 'a', to: 'd' },
      { id: '2', from: 'a', to: 'c' },
      { id: '3', from: 'b', to: 'c' },
    ],
    capacities,
  )
  // c receives 4 for two transfers; a has 10 − 2 left for the first.
  expect(Object.fromEntries(rates)).toEqual({ '1': 8, '2': 2, '3': 2 })
})

it('lets one transfer stand for several with the same ends', () => {
  const many = [1, 2, 3].map((number) => ({ id: `${number}`, from: 'a', to: 'd' }))
  const other = { id: 'other', from: 'b', to: 'd' }
  const rates = transferRates([{ id: 'all', from: 'a', to: 'd', count: 3 }, other], capacities)
  expect(rates.get('all')).toBeCloseTo(transferRates([...many, other], capacities).get('1')!, 12)
  expect(rates.get('other')).toBe(10)
})

it('carries nothing over a link that is not there', () => {
  expect(transferRates([{ id: '1', from: 'a', to: 'nowhere' }], capacities).get('1')).toBe(0)
})

it('never exceeds a link and leaves no transfer that could go faster', () => {
  const node = fc.constantFrom('a', 'b', 'c', 'd')
  const pairs = fc.array(
    fc.tuple(node, node).filter(([from, to]) => from !== to),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(pairs, (list) => {
      const transfers = list.map(([from, to], index) => ({ id: String(index), from, to }))
      const rates = transferRates(transfers, capacities)
      const used = (pick: (t: (typeof transfers)[number]) => boolean) =>
        transfers.filter(pick).reduce((sum, t) => sum + rates.get(t.id)!, 0)
      for (const t of transfers) {
        const out = used((other) => other.from === t.from)
        const into = used((other) => other.to === t.to)
        expect(out).toBeLessThanOrEqual(capacities.get(t.from)! + 1e-9)
        expect(into).toBeLessThanOrEqual(capacities.get(t.to)! + 1e-9)
        const isFull = out > capacities.get(t.from)! - 1e-9 || into > capacities.get(t.to)! - 1e-9
        expect(isFull).toBe(true)
      }
    }),
    { seed: 7 },
  )
})
