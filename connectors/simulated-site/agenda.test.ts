import { describe, expect, it } from '@jest/globals'
import { createAgenda } from './agenda.ts'
import { aManualTime, START_MS } from './testing/manual-time.ts'

function anAgenda() {
  const time = aManualTime()
  const seen: string[] = []
  const agenda = createAgenda({ clock: time.clock, timer: time.timer, onTurn: () => {} })
  const note = (name: string) => () => void seen.push(`${name} ${agenda.nowMs()} ${agenda.stampMs() - START_MS}`)
  return { time, agenda, seen, note }
}

describe('agenda', () => {
  it('runs actions at their own due time, ties in the order they were noted down', async () => {
    const { time, agenda, seen, note } = anAgenda()
    agenda.enter(() => {
      agenda.after(20.75, note('late'))
      agenda.after(10.5, note('early'))
      agenda.after(10.5, note('second'))
      agenda.cancel(agenda.after(15, note('cancelled')))
    })
    await time.advance(100)
    expect(seen).toEqual(['early 10.5 10', 'second 10.5 10', 'late 20.75 20'])
  })

  it('does not wake for what is due a fraction later', async () => {
    const { time, agenda, seen, note } = anAgenda()
    agenda.enter(() => agenda.after(10.000_000_1, note('due')))
    await time.advance(10)
    expect(seen).toEqual([])
    await time.advance(1)
    expect(seen).toEqual(['due 10.0000001 10'])
  })

  it('does what is due before what is asked from outside', () => {
    const { time, agenda, seen, note } = anAgenda()
    agenda.enter(() => agenda.after(10, note('due')))
    time.step(50)
    agenda.enter(note('asked'))
    expect(seen).toEqual(['due 10 10', 'asked 50 50'])
  })

  it('repeats without drifting', async () => {
    const { time, agenda, seen, note } = anAgenda()
    agenda.enter(() => agenda.every(10, note('tick')))
    await time.advance(35)
    expect(seen).toEqual(['tick 10 10', 'tick 20 20', 'tick 30 30'])
  })

  it.each([
    ['a sleep', 3_600_000],
    ['a clock set back', -3_600_000],
  ])('goes on where it was after %s, with stamps of the new clock', async (_, stepMs) => {
    const { time, agenda, seen, note } = anAgenda()
    agenda.enter(() => agenda.every(10, note('tick')))
    await time.advance(15)
    time.step(stepMs)
    await time.advance(70_000)
    const stamps = seen.map((line) => Number(line.split(' ')[2]))
    expect(seen.slice(0, 2).map((line) => line.split(' ')[1])).toEqual(['10', '20'])
    expect(stamps[1]! - stamps[0]!).toBeGreaterThanOrEqual(stepMs)
    // No burst to catch up, and no hour of silence: about one tick for every 10 ms that passed.
    expect(seen.length).toBeGreaterThan(100)
    expect(seen.length).toBeLessThan(7_010)
  })

  it('runs nothing after it was stopped', async () => {
    const { time, agenda, seen, note } = anAgenda()
    agenda.enter(() => agenda.after(10, note('never')))
    agenda.stop()
    await time.advance(100)
    expect(seen).toEqual([])
  })
})
