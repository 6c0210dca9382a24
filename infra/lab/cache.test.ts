import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { runTool } from './tools.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-cache-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs `body`, with the cache's functions, in a process of its own: locks are between processes. */
const inProcess = (body: string) =>
  runTool(
    process.execPath,
    ['--input-type=module', '-e', `import { cached, withLock } from ${JSON.stringify(join(import.meta.dirname, 'cache.ts'))}; ${body}`],
    {
      env: { XDG_CACHE_HOME: dir },
      remedy: 'see its output',
    },
  )

it('makes a thing once, however many ask at once', async () => {
  const ask = `import { appendFileSync } from 'node:fs'
    const made = await cached({ name: 'thing', key: '1' }, async (at) => {
      appendFileSync(${JSON.stringify(join(dir, 'makes'))}, 'm')
      await new Promise((resolve) => setTimeout(resolve, 300))
      appendFileSync(at + '/whole', 'w')
    })
    process.stdout.write(made)`
  const [first, ...others] = await Promise.all([inProcess(ask), inProcess(ask), inProcess(ask)])
  expect(others).toEqual([first, first])
  expect(readFileSync(join(dir, 'makes'), 'utf8')).toBe('m')
  expect(readFileSync(join(first!, 'whole'), 'utf8')).toBe('w')
})

it('makes another for another key', async () => {
  const ask = (key: string) => inProcess(`process.stdout.write(await cached({ name: 'keyed', key: '${key}' }, async () => {}))`)
  expect(await ask('a')).not.toBe(await ask('b'))
})

it('does not take what was left half made, nor the lock of who was killed', async () => {
  const ask = (work: string) => inProcess(`process.stdout.write(await cached({ name: 'half', key: '1' }, async (at) => { ${work} }))`)
  await expect(ask("(await import('node:fs')).writeFileSync(at + '/half', ''); process.kill(process.pid, 'SIGKILL')")).rejects.toThrow(
    'SIGKILL',
  )
  const made = await ask('')
  expect(existsSync(made)).toBe(true)
  expect(readdirSync(made)).toEqual([])
})

it('gives a lock back when the work fails', async () => {
  const file = JSON.stringify(join(dir, 'own.lock'))
  const said = await inProcess(`await withLock(${file}, async () => { throw Error('no') }).catch(() => {})
    process.stdout.write(await withLock(${file}, async () => 'again'))`)
  expect(said).toBe('again')
})

it('says what a missing or failing tool needs', async () => {
  writeFileSync(join(dir, 'fails'), '#!/bin/sh\necho out of luck >&2\nexit 4\n', { mode: 0o755 })
  await expect(runTool('no-such-tool', [], { remedy: 'install it' })).rejects.toThrow('`no-such-tool` is not on this machine; install it')
  await expect(runTool(join(dir, 'fails'), [], { remedy: 'be lucky' })).rejects.toThrow(/exit code 4\); be lucky\nout of luck/)
})
