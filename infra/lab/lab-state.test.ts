import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { kindDir, type LabState, labOf, labs, processesOf, readState, removeLab, removeService, statusOf, writeState } from './lab-state.ts'
import { identify } from './processes.ts'
import { startService } from './service.ts'

let parent: string
let root: string
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'edgetwin-labs-'))
  root = join(parent, 'edgetwin-lab')
})
afterAll(() => rmSync(parent, { recursive: true, force: true }))

const aState = (): LabState => ({
  services: {
    kafka: { asked: { brokers: 3, secure: true, real: 0 }, addresses: ['127.0.0.1:1'], settings: { kafkaBrokers: '127.0.0.1:1' } },
  },
})

describe('the state of a lab', () => {
  it('is read as it was written, and is empty before', () => {
    const lab = labOf('one', root)
    expect(readState(lab)).toEqual({ services: {} })
    writeState(lab, aState())
    expect(readState(lab)).toEqual(aState())
    expect(readState(labOf('two', root))).toEqual({ services: {} })
    expect(labs(root).map(({ name }) => name)).toEqual(['one'])
    removeLab(lab)
    expect(readdirSync(parent)).toEqual([])
  })

  it('that cannot be read says how to be rid of it', () => {
    const lab = labOf('broken', root)
    writeState(lab, aState())
    writeFileSync(join(lab.dir, 'lab.json'), '{"services":{"kafka":{}}}')
    expect(() => readState(lab)).toThrow(/lab.json cannot be read; end the lab: npm run lab -- down --name broken/)
    removeLab(lab)
  })

  it.each(['', '..', 'a/b', 'A', '-a', 'a'.repeat(32)])('has no name like %j', (name) => {
    expect(() => labOf(name)).toThrow('must be of')
  })
})

it("sees a service's processes, also in folders below, and removes them with everything", async () => {
  const lab = labOf('seen', root)
  writeState(lab, aState())
  const below = join(kindDir(lab, 'kafka'), 'kafka-1')
  mkdirSync(below, { recursive: true })
  const service = await startService({
    name: 'kafka-1',
    dir: { path: below, isGiven: true },
    command: process.execPath,
    args: ['-e', "console.log('ready'); setInterval(() => {}, 1e6)"],
    isReady: (output) => output.includes('ready'),
    readyWithinMs: 10_000,
    remedy: '',
  })
  const pid = service.pid()!
  expect(processesOf(lab, 'kafka')).toEqual([{ kind: 'kafka', name: 'kafka-1', pid, isAlive: true, logFile: join(below, 'kafka-1.log') }])
  expect(statusOf(lab)).toMatchObject([{ lab: 'seen', service: 'kafka', process: 'kafka-1', pid, runs: true, addresses: ['127.0.0.1:1'] }])
  process.kill(pid, 'SIGKILL')
  while (identify(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(statusOf(lab)).toMatchObject([{ process: 'kafka-1', runs: false }])
  await service.start()
  const again = service.pid()!
  expect(await removeService(lab, 'kafka')).toBe(1)
  expect([identify(again), existsSync(kindDir(lab, 'kafka'))]).toEqual([undefined, false])
  removeLab(lab)
})
