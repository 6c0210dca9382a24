/** The machinery on a service of ten lines: whatever it promises holds for the big ones too. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { freePort, keepPorts } from './ports.ts'
import { identify, isAlive, waitGone } from './processes.ts'
import { readRecord, recordFile, type ServiceSpec, serviceDir, startService } from './service.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-service-'))
})
afterEach(async () => {
  const record = readRecord(recordFile(dir, 'toy'))
  if (record !== undefined && isAlive(record)) process.kill(record.pid, 'SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

const aService = (script: string, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name: 'toy',
  dir: { path: dir, isGiven: true },
  command: process.execPath,
  args: ['-e', script],
  isReady: (output) => output.includes('ready'),
  readyWithinMs: 10_000,
  remedy: 'mend the toy',
  ...more,
})
const LIVES = "console.log('ready'); setInterval(() => {}, 1e6)"

describe('a service', () => {
  it('is gone after a kill, and starts again under another pid', async () => {
    const toy = await startService(aService(LIVES))
    const pid = toy.pid()!
    await toy.kill()
    expect([identify(pid), toy.pid()]).toEqual([undefined, undefined])
    await toy.start()
    expect(toy.pid()).not.toBe(pid)
    await toy.stop()
    expect(toy.pid()).toBeUndefined()
  })

  it('is the same one for whoever starts it while it runs', async () => {
    const toy = await startService(aService(LIVES))
    const pid = toy.pid()!
    const again = await startService(aService(LIVES))
    await again.start()
    expect([again.pid(), toy.pid()]).toEqual([pid, pid])
    await again.stop()
    expect([identify(pid), toy.pid()]).toEqual([undefined, undefined])
  })

  it('keeps a given folder, and takes its own with it', async () => {
    await (await startService(aService(LIVES))).stop()
    expect(existsSync(dir)).toBe(true)
    const own = await startService(aService(LIVES, { dir: serviceDir('toy', undefined) }))
    expect(existsSync(own.dir)).toBe(true)
    await own.stop()
    expect(existsSync(own.dir)).toBe(false)
  })

  it('stands still while paused, and can be stopped then', async () => {
    const toy = await startService(aService("console.log('ready'); setInterval(() => console.log('tick'), 20)"))
    toy.pause()
    const size = () => readFileSync(toy.logFile).length
    await new Promise((resolve) => setTimeout(resolve, 50))
    const before = size()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(size()).toBe(before)
    toy.resume()
    while (size() === before) await new Promise((resolve) => setTimeout(resolve, 20))
    toy.pause()
    await toy.stop()
    expect(toy.pid()).toBeUndefined()
  })

  it('that ends at once is an error with its last lines and the remedy', async () => {
    await expect(startService(aService("console.log('no room'); process.exit(3)"))).rejects.toMatchObject({
      code: 'LAB_FAILED',
      message: expect.stringMatching(/toy ended at once; mend the toy.*no room/s),
    })
  })

  it('that is never ready is an error, and does not stay', async () => {
    const started = startService(aService("console.log('pid', process.pid); setInterval(() => {}, 1e6)", { readyWithinMs: 400 }))
    await expect(started).rejects.toThrow(/toy was not ready within 0.4 s/)
    const pid = Number(/pid (\d+)/.exec(readFileSync(join(dir, 'toy.log'), 'utf8'))?.[1])
    expect(identify(pid)).toBeUndefined()
  })

  it('that cannot be run is an error that names it', async () => {
    await expect(startService(aService('', { command: '/nowhere/toy' }))).rejects.toThrow(/\/nowhere\/toy/)
    await expect(startService(aService('', { command: '/nowhere/toy', outlives: true }))).rejects.toThrow(/\/nowhere\/toy.*mend the toy/)
  })

  it('tries again while the port of its killed predecessor is held', async () => {
    const twice =
      "const fs = require('fs'); if (!fs.existsSync('tried')) { fs.writeFileSync('tried', ''); throw Error('address already in use') }"
    const toy = await startService(aService(`${twice}; ${LIVES}`))
    expect(toy.pid()).toBeDefined()
    await toy.stop()
  })

  it('ends by the signal that its record names', async () => {
    const asked = "process.on('SIGINT', () => { console.log('asked'); process.exit() }); process.on('SIGTERM', () => {});"
    const toy = await startService(aService(asked + LIVES, { endSignal: 'SIGINT' }))
    await toy.stop()
    expect(readFileSync(toy.logFile, 'utf8')).toContain('asked')
  })
})

// A pid that was given to somebody else must not be signalled.
it('a record whose start time is of another process is nobody', async () => {
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
  await once(stranger, 'spawn')
  writeFileSync(recordFile(dir, 'toy'), JSON.stringify({ pid: stranger.pid, began: '1' }))
  const toy = await startService(aService(LIVES))
  expect(toy.pid()).not.toBe(stranger.pid)
  await toy.stop()
  expect(identify(stranger.pid!)).toBeDefined()
  stranger.kill('SIGKILL')
})

it('a service that does not outlive us ends with us, however we end; the others go on', async () => {
  const source = join(import.meta.dirname, 'service.ts')
  const starter = (name: string, outlives: boolean) => `
    const { startService } = await import(${JSON.stringify(source)})
    const toy = await startService({ name: '${name}', dir: { path: ${JSON.stringify(dir)}, isGiven: true }, command: process.execPath,
      args: ['-e', ${JSON.stringify(LIVES)}], isReady: (output) => output.includes('ready'), readyWithinMs: 10_000, remedy: '', outlives: ${outlives} })
    process.kill(process.pid, 'SIGKILL')`
  for (const [name, outlives] of [
    ['ends', false],
    ['stays', true],
  ] as const) {
    await once(spawn(process.execPath, ['--input-type=module', '-e', starter(name, outlives)]), 'close')
  }
  const [ends, stays] = ['ends', 'stays'].map((name) => readRecord(recordFile(dir, name))!)
  expect(await waitGone(ends!, 5_000)).toBe(process.platform === 'linux')
  expect(isAlive(stays!)).toBe(true)
  process.kill(stays!.pid, 'SIGKILL')
})

describe('ports', () => {
  it('are kept by the folder, and lie below those of outgoing connections', async () => {
    const first = await keepPorts(dir, { api: undefined, web: undefined })
    expect(await keepPorts(dir, { api: undefined, web: first.web })).toEqual(first)
    expect(first.api).toBeLessThan(32_768)
    expect(first.api).not.toBe(first.web)
  })

  it('that are taken, or cannot change, are errors with a remedy', async () => {
    const server = createServer().listen(await freePort(), '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? address!.port : 0
    await expect(keepPorts(dir, { api: port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    })
    server.close()
    const { api } = await keepPorts(dir, { api: undefined })
    await expect(keepPorts(dir, { api: api + 1 })).rejects.toThrow(/has port .* already/)
  })
})
