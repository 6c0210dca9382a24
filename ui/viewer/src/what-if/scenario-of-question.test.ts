import { expect, it } from '@jest/globals'
import { parseScenario } from '../../../../models/scenario/parse.ts'
import { hasSweep } from './asking.ts'
import { FIRST_QUESTION } from './question.ts'
import { faultOf, scenarioOf, textOf } from './scenario-of-question.ts'

const cameras = ['cam-1', 'cam-2']

it.each(['each-camera', 'waiting', 'heavy', 'light'] as const)(
  'says a form with %s work in words that are read as the same',
  (workload) => {
    const question = { ...FIRST_QUESTION, workload, base: 'past' as const, baseTime: '2026-11-21T14:03:07', delta2: '2' }
    expect(parseScenario(textOf(question, cameras))).toEqual(scenarioOf(question, cameras))
  },
)

it('writes changes as terms and a load as bursts on nothing', () => {
  expect(textOf({ ...FIRST_QUESTION, edits: [{ kind: 'lose-node', node: 'edge-1' }] }, cameras)).toBe('lose(node/edge-1)')
  expect(textOf({ ...FIRST_QUESTION, workload: 'light' }, cameras)).toMatch(/burst\(cam-1, alexnet, x1, frames 60\).* on nothing$/)
})

it('knows a sweep from a name that holds the word', () => {
  expect(hasSweep('lose(node/a) + sweep link(cam-3) 5..10 Mbit/s')).toBe(true)
  expect(hasSweep('sweep delta1 0..1')).toBe(true)
  expect(hasSweep('lose(node/sweep)')).toBe(false)
})

it('points at the column of what cannot be read, with the nearest word', () => {
  expect(faultOf('lose(node/nobody-knows)')).toBeNull()
  const [what, text, caret] = faultOf('lose(node/a) + lnk(b, x2)')!.detail.split('\n')
  expect(what).toMatch(/column 16.*did you mean link/)
  expect([text, caret]).toEqual(['lose(node/a) + lnk(b, x2)', `${' '.repeat(15)}^`])
})
