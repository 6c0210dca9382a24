import { expect, it } from '@jest/globals'
import { trackOwnership } from './ownership.ts'

function anOwnership() {
  let nowMs = 1_000
  const ownership = trackOwnership({ sessionTimeoutMs: 100, nowMs: () => nowMs })
  const advance = (ms: number): void => {
    nowMs += ms
  }
  return { ...ownership, advance }
}

it('owns nothing before the group has answered', () => {
  const own = anOwnership()
  expect(own.mayAct(0)).toBe(false)
  own.joining()
  expect(own.mayAct(0)).toBe(false)
  expect(own.joined({ generation: 1, partitions: [0, 2] })).toEqual({ lost: [], owned: [0, 2] })
  expect([0, 1, 2].map(own.mayAct)).toEqual([true, false, true])
})

it('may act for a session timeout after the last heartbeat that was answered was sent', () => {
  const own = anOwnership()
  own.joining()
  own.advance(90)
  own.joined({ generation: 1, partitions: [0] })
  own.advance(9)
  expect(own.mayAct(0)).toBe(true)
  own.advance(1)
  // The join was asked for a whole session ago.
  expect(own.mayAct(0)).toBe(false)
  own.heartbeatSent()
  own.advance(60)
  expect(own.mayAct(0)).toBe(false)
  own.heartbeatAnswered()
  own.advance(39)
  expect(own.mayAct(0)).toBe(true)
  own.advance(1)
  expect(own.mayAct(0)).toBe(false)
  expect(own.silentMs()).toBe(40)
})

it('acts on nothing while a new assignment is asked for, whatever else is answered', () => {
  const own = anOwnership()
  own.joining()
  own.joined({ generation: 1, partitions: [0] })
  own.heartbeatSent()
  own.joining()
  own.heartbeatAnswered()
  expect(own.mayAct(0)).toBe(false)
  expect(own.joined({ generation: 2, partitions: [0, 1] })).toEqual({ lost: [], owned: [1] })
  expect(own.mayAct(0)).toBe(true)
})

it('finishes what was begun until a new assignment is asked for, and begins nothing', () => {
  const own = anOwnership()
  own.joined({ generation: 1, partitions: [0] })
  own.pausing()
  expect([own.mayAct(0), own.mayFinish(0), own.mayFinish(1)]).toEqual([false, true, false])
  own.joining()
  expect(own.mayFinish(0)).toBe(false)
  own.joined({ generation: 2, partitions: [0] })
  expect([own.mayAct(0), own.mayFinish(0)]).toEqual([true, true])
  own.advance(100)
  expect([own.mayAct(0), own.mayFinish(0)]).toEqual([false, false])
})

it('keeps what it had over the next generation, and takes it anew over a gap', () => {
  const own = anOwnership()
  own.joined({ generation: 4, partitions: [0, 1] })
  expect(own.joined({ generation: 4, partitions: [0, 1] })).toEqual({ lost: [], owned: [] })
  expect(own.joined({ generation: 5, partitions: [1, 2] })).toEqual({ lost: [0], owned: [2] })
  // Somebody else may have owned 1 in generation 6.
  expect(own.joined({ generation: 7, partitions: [1] })).toEqual({ lost: [1, 2], owned: [1] })
  // A group that was begun anew.
  expect(own.joined({ generation: 1, partitions: [1] })).toEqual({ lost: [1], owned: [1] })
  expect([own.generation(), own.partitions()]).toEqual([1, [1]])
})
