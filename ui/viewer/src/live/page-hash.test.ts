import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import { RANGES } from '../history/ranges.ts'
import { formatHash, PANELS, parseHash, STAGES, THEMES } from './page-hash.ts'

it('reads what it wrote', () => {
  const selection = fc.option(fc.record({ kind: fc.constantFrom('node', 'accelerator', 'decision'), name: fc.string({ minLength: 1 }) }))
  const hash = fc.record({
    panel: fc.constantFrom(...PANELS),
    stage: fc.constantFrom(...STAGES),
    theme: fc.constantFrom(...THEMES),
    selection,
    range: fc.constantFrom(...RANGES),
    scenario: fc.option(fc.string({ minLength: 1 })),
  })
  fc.assert(
    fc.property(hash, (page) => expect(parseHash(formatHash(page))).toEqual(page)),
    { seed: 1 },
  )
})

it('falls back to the defaults for what it does not understand', () => {
  const defaults = { panel: 'details', stage: 'map', theme: 'system', selection: null, range: '15m', scenario: null }
  expect(parseHash('')).toEqual(defaults)
  expect(parseHash('#panel=bogus&stage=&theme=pink&select=ghost:x')).toEqual(defaults)
  expect(parseHash('#select=accelerator:tx2-1/gpu0').selection).toEqual({ kind: 'accelerator', name: 'tx2-1/gpu0' })
})

it('opens the what-if panel for a scenario, plus signs and all', () => {
  const scenario = 'lose(node/edge-1) + link(cam-3, x0.5)'
  expect(parseHash(`#scenario=${encodeURIComponent(scenario)}`)).toMatchObject({ panel: 'what-if', scenario })
  expect(parseHash('#panel=plans&scenario=at+now').panel).toBe('plans')
})
