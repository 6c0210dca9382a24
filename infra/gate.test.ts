import { expect, it } from '@jest/globals'
import { makeGate } from './gate.ts'

it('lets through while it is open, and refuses by name when it is shut', async () => {
  let isOpen = true
  const gate = makeGate('lab', () => isOpen)
  expect(await gate.pass(async () => 7)).toBe(7)
  isOpen = false
  let isDone = false
  const act = gate.pass(async () => {
    isDone = true
  })
  await expect(act).rejects.toMatchObject({ code: 'SITE_ELSEWHERE', message: expect.stringContaining('lab') })
  expect(isDone).toBe(false)
})

it('waits for what has passed, also when it fails', async () => {
  const gate = makeGate('lab')
  const { promise, reject } = Promise.withResolvers<void>()
  const acting = gate.pass(() => promise)
  let isSettled = false
  const settling = gate.settle().then(() => {
    isSettled = true
  })
  await new Promise(setImmediate)
  expect(isSettled).toBe(false)
  reject(new Error('refused'))
  await expect(acting).rejects.toThrow('refused')
  await settling
  await makeGate('yard').settle()
})
