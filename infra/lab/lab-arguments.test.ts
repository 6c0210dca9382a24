import { describe, expect, it } from '@jest/globals'
import { kindsOf, quoted, toCount, toNodeFile, toPort, toWorkerCount, unknownService } from './lab-arguments.ts'

describe('kindsOf', () => {
  it('keeps the order of the table, each once', () => {
    expect(kindsOf(['toxiproxy', 'kafka', 'kafka'])).toEqual(['kafka', 'toxiproxy'])
    expect(kindsOf(['postgres', 'all'])).toEqual(['kafka', 'influx', 'prometheus', 'postgres', 'toxiproxy', 'kubernetes'])
  })
  it('takes what is not of all only when it is named', () => {
    expect(kindsOf(['all'], ['kafka'])).toEqual(['kafka'])
    expect(kindsOf(['all', 'kubernetes'], ['kafka'])).toEqual(['kafka', 'kubernetes'])
  })
  it('refuses what is none, and says what was meant', () => {
    expect(() => kindsOf(['kafak'])).toThrow('no service "kafak"; did you mean kafka?')
    expect(() => kindsOf(['zookeeper'])).toThrow('there are kafka, influx, prometheus, postgres, toxiproxy, kubernetes, all')
  })
})

describe('toPort', () => {
  it('gathers ports by service', () => {
    expect(toPort('influx=18086', toPort('kafka=19092', {}))).toEqual({ kafka: 19_092, influx: 18_086 })
  })
  it.each(['kafka', 'kafka=', 'kafka=0', 'kafka=65536', 'kafka=9e3', 'kafka=-1', '=9092', 'kfka=9092', 'toString=1'])(
    'refuses %s',
    (text) => {
      expect(() => toPort(text, {})).toThrow()
    },
  )
})

it('takes whole counts only', () => {
  expect(toCount('50')).toBe(50)
  for (const text of ['', '-1', '1.5', 'ten']) expect(() => toCount(text)).toThrow('whole number')
})

it('takes so many workers only', () => {
  expect([toWorkerCount('0'), toWorkerCount('8')]).toEqual([0, 8])
  expect(() => toWorkerCount('9')).toThrow('8 workers at most')
})

it('takes node files that there are', () => {
  expect(toNodeFile('heteroaccel', ['dhs'])).toEqual(['dhs', 'heteroaccel'])
  expect(() => toNodeFile('hetero', [])).toThrow('no node file "hetero"')
})

it('says when there is nothing to choose from', () => {
  expect(unknownService('kafka', [], 'of the lab x').message).toBe('no service "kafka" of the lab x; there is none')
})

it('quotes for a shell', () => {
  expect(quoted("it's")).toBe("'it'\\''s'")
})
