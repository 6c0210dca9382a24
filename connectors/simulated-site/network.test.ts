import { describe, expect, it } from '@jest/globals'
import { createAgenda } from './agenda.ts'
import { createNetwork } from './network.ts'
import { aManualTime } from './testing/manual-time.ts'

/** Links of a and b carry 10 bytes/ms, c's 100; each has 1 ms latency. */
function aNetwork() {
  const time = aManualTime()
  const agenda = createAgenda({ clock: time.clock, timer: time.timer, onTurn: () => {} })
  const bytesPerMs = new Map([
    ['a', 10],
    ['b', 10],
    ['c', 100],
  ])
  const network = createNetwork(agenda, { bytesPerMs: () => bytesPerMs, latencyMs: () => 2 })
  const arrived = new Map<string, number>()
  const send = (id: string, from: string, to: string, bytes: number) =>
    network.send({ id, from, to, bytes }, () => void arrived.set(id, agenda.nowMs()))
  return { time, agenda, network, bytesPerMs, arrived, send }
}

describe('network', () => {
  it('takes bytes ÷ the slower link + both latencies', async () => {
    const { time, agenda, send, arrived } = aNetwork()
    agenda.enter(() => send('one', 'a', 'c', 1_000))
    await time.advance(1_000)
    expect(arrived.get('one')).toBeCloseTo(102, 6)
  })

  it('shares a link, and gives it back when one transfer ends', async () => {
    const { time, agenda, send, arrived } = aNetwork()
    agenda.enter(() => {
      send('short', 'a', 'c', 500)
      send('long', 'a', 'c', 1_000)
    })
    await time.advance(1_000)
    // Both at 5 bytes/ms until 100; then 500 bytes are left, at 10 bytes/ms.
    expect(arrived.get('short')).toBeCloseTo(102, 6)
    expect(arrived.get('long')).toBeCloseTo(152, 6)
  })

  it('slows a running transfer when another starts or the link changes, and counts what was carried', async () => {
    const { time, agenda, network, bytesPerMs, send, arrived } = aNetwork()
    agenda.enter(() => send('one', 'a', 'c', 1_000))
    await time.advance(50)
    agenda.enter(() => send('two', 'a', 'b', 250))
    await time.advance(50)
    agenda.enter(() => {
      const [left, ...others] = network.transfers()
      expect(left).toMatchObject({ id: 'one', remainingBytes: expect.closeTo(250, 6), bytesPerSecond: 10_000 })
      expect(others).toEqual([])
      expect(network.takeCarriedBytes('a')).toBeCloseTo(1_000, 6)
      expect(network.takeCarriedBytes('a')).toBe(0)
      bytesPerMs.set('a', 1)
      network.update()
    })
    await time.advance(1_000)
    expect(arrived.get('two')).toBeCloseTo(102, 6)
    expect(arrived.get('one')).toBeCloseTo(100 + 250 + 2, 6)
  })

  it('stands still on a dead link and goes on when it returns', async () => {
    const { time, agenda, network, bytesPerMs, send, arrived } = aNetwork()
    agenda.enter(() => send('one', 'a', 'c', 1_000))
    await time.advance(50)
    agenda.enter(() => {
      bytesPerMs.set('a', 0)
      network.update()
    })
    await time.advance(10_000)
    expect(arrived.size).toBe(0)
    agenda.enter(() => {
      bytesPerMs.set('a', 10)
      network.update()
    })
    await time.advance(1_000)
    expect(arrived.get('one')).toBeCloseTo(10_050 + 52, 6)
  })

  it('forgets a cancelled transfer, on its way or already sent', async () => {
    const { time, agenda, network, send, arrived } = aNetwork()
    agenda.enter(() => {
      send('one', 'a', 'c', 1_000)
      send('sent', 'b', 'c', 10)
    })
    await time.advance(2)
    agenda.enter(() => {
      network.cancel('one')
      network.cancel('sent')
    })
    await time.advance(1_000)
    expect(arrived.size).toBe(0)
  })
})
