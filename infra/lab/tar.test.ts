import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { fileEntry, type TarEntry, writeTar } from './tar.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-tar-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const aFile = (path: string, text = '', mode = 0o644): TarEntry => ({ path, is: 'file', mode, content: () => Buffer.from(text) })
const tar = (...words: string[]) => execFileSync('tar', words, { cwd: dir, encoding: 'utf8' })
const archive = () => join(dir, 'a.tar')

it("is read by the system's tar as it was written", () => {
  const long = `${'folder/'.repeat(20)}${'n'.repeat(90)}`
  const from = join(dir, 'from')
  writeFileSync(from, 'x'.repeat(512))
  writeTar(archive(), [
    aFile('b', 'two'),
    fileEntry('a/whole-block', from, 0o755),
    aFile(long, 'far'),
    { path: 'tmp', is: 'folder', mode: 0o1777 },
    { path: 'data', is: 'folder', mode: 0o750, owner: 1_000 },
    { path: 'to', is: 'link', mode: 0o777, content: () => Buffer.from('a/whole-block') },
  ])
  expect(tar('--numeric-owner', '-tvf', 'a.tar').replaceAll(/ +/g, ' ').trimEnd().split('\n')).toEqual([
    '-rwxr-xr-x 0/0 512 1970-01-01 00:00 a/whole-block',
    '-rw-r--r-- 0/0 3 1970-01-01 00:00 b',
    'drwxr-x--- 1000/1000 0 1970-01-01 00:00 data/',
    `-rw-r--r-- 0/0 3 1970-01-01 00:00 ${long}`,
    'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
    'lrwxrwxrwx 0/0 0 1970-01-01 00:00 to -> a/whole-block',
  ])
  expect(tar('-xOf', 'a.tar', long)).toBe('far')
})

it('holds what any files hold, in the same bytes whatever their order', () => {
  const path = fc.stringMatching(/^[a-zé][a-z0-9.é-]{0,40}(\/[a-z0-9]{1,40}){0,4}\/f$/)
  const files = fc.uniqueArray(fc.tuple(path, fc.string({ unit: 'binary', maxLength: 1_200 })), {
    minLength: 1,
    maxLength: 4,
    selector: ([name]) => name,
  })
  fc.assert(
    fc.property(files, (all) => {
      const written = writeTar(
        archive(),
        all.map(([name, text]) => aFile(name, text)),
      )
      const bytes = readFileSync(archive())
      expect(bytes.length).toBe(written.sizeBytes)
      const sorted = all.toSorted(([a], [b]) => (a < b ? -1 : 1))
      expect(tar('--quoting-style=literal', '-tf', 'a.tar').trimEnd().split('\n')).toEqual(sorted.map(([name]) => name))
      expect(tar('-xOf', 'a.tar')).toBe(sorted.map(([, text]) => text).join(''))
      const again = writeTar(
        archive(),
        all.toReversed().map(([name, text]) => aFile(name, text)),
      )
      expect(again).toEqual(written)
    }),
    { seed: 1, numRuns: 8 },
  )
})

it.each([`${'x'.repeat(101)}`, `${'folder/'.repeat(40)}name`])('refuses a path (%#) that the format cannot hold', (path) => {
  expect(() => writeTar(archive(), [aFile(path)])).toThrow('too long a path')
})
