import { expect, it } from '@jest/globals'
import { nearestNames, TwinError } from './errors.ts'

it.each([
  ['hetf', ['cpop', 'heft', 'peft'], ['heft']],
  ['TX2-1', ['tx2-2', 'tx2-1', 'pi-1'], ['tx2-1', 'tx2-2']],
  ['googlnet', ['alexnet', 'googlenet', 'resnet50'], ['googlenet']],
  ['zz', ['pi', 'tx'], []],
  ['', ['a', 'ab'], []],
  ['nothing-like-it', ['alexnet'], []],
  ['anything', [], []],
])('%j is meant for one of %j', (name, candidates, nearest) => {
  expect(nearestNames(name, candidates)).toEqual(nearest)
})

it('at most as many as asked for, the nearest first, equals in their order', () => {
  expect(nearestNames('pod-0', ['pod-3', 'pod-1', 'pod-00', 'pod-2', 'pod-0'], 3)).toEqual(['pod-0', 'pod-3', 'pod-1'])
})

it('an error carries its code, details and cause', () => {
  const cause = new Error('in use')
  const error = new TwinError('PORT_IN_USE', 'port 80 is taken', { details: { port: 80 }, cause })
  expect(error).toMatchObject({ name: 'TwinError', code: 'PORT_IN_USE', message: 'port 80 is taken', details: { port: 80 }, cause })
  expect(new TwinError('INTERNAL', '')).toMatchObject({ details: {} })
})
