import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { findProgram, isLibrary, missingIn, packagesIn } from './apt.ts'

const { PATH, XDG_CACHE_HOME = '' } = process.env
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-apt-'))
})
afterEach(() => {
  Object.assign(process.env, { PATH, XDG_CACHE_HOME })
  rmSync(dir, { recursive: true })
})

const SIMULATED = `Reading package lists...
Building dependency tree...
The following NEW packages will be installed:
  libpq5 postgresql-15
Inst libpq5 (15.20-0+deb12u1 Debian-Security:12/oldstable-security [amd64])
Inst libjson-perl (4.10000-1 Debian:12.15/oldstable [all])
Inst libjs-d3 (3.5.17-4 Debian:12.15/oldstable [all])
Inst postgresql-15 [15.18-0+deb12u1] (15.20-0+deb12u1 Debian-Security:12/oldstable-security [amd64])
Conf libpq5 (15.20-0+deb12u1 Debian-Security:12/oldstable-security [amd64])
`

it('reads what apt would install, and which of it are libraries', () => {
  expect(packagesIn(SIMULATED)).toEqual(['libpq5', 'libjson-perl', 'libjs-d3', 'postgresql-15'])
  expect(packagesIn(SIMULATED).filter(isLibrary)).toEqual(['libpq5'])
})

it('reads which libraries a program lacks', () => {
  const linked =
    '\tlinux-vdso.so.1 (0x00007f)\n\tlibpq.so.5 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\tlibssl.so.3 => not found\n'
  expect(missingIn(linked)).toEqual(['libpq.so.5', 'libssl.so.3'])
})

it('takes a program that is there before it fetches one; what cannot be executed is not there', async () => {
  const file = join(dir, 'edgetwin-demo')
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  const wanted = { program: 'edgetwin-demo', debianPackage: 'edgetwin-demo', folder: dir.slice(1) }
  expect(await findProgram(wanted, () => {})).toEqual({ file, env: {}, isCached: false, root: '/' })
  chmodSync(file, 0o644)
  // A machine without apt.
  process.env.PATH = dir
  process.env.XDG_CACHE_HOME = join(dir, 'cache')
  await expect(findProgram(wanted, () => {})).rejects.toThrow(/apt-get.*is not on this machine.*--no-install-recommends edgetwin-demo/)
})
