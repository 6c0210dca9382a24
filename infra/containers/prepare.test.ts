import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-prepare-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

const prepare = (...args: string[]) => spawnSync(process.execPath, ['infra/containers/prepare.ts', ...args], { encoding: 'utf8' })

it('makes the secrets that are missing and keeps those that are there', () => {
  const secrets = join(dir, 'secrets')
  const own = `--own=${process.getuid!()}:${process.getgid!()}:${dir}`
  expect(prepare(`--secrets=${secrets}`, own, 'token').status).toBe(0)
  const token = readFileSync(join(secrets, 'token'), 'utf8')
  expect(token).toMatch(/^[\w-]{32}$/)
  expect(prepare(`--secrets=${secrets}`, 'token', 'password').status).toBe(0)
  expect(readFileSync(join(secrets, 'token'), 'utf8')).toBe(token)
  expect(readFileSync(join(secrets, 'password'), 'utf8')).not.toBe(token)
  expect(readdirSync(secrets).sort()).toEqual(['password', 'token'])
  expect(statSync(join(secrets, 'token')).mode & 0o777).toBe(0o444)
})

it('says what it was not told', () => {
  expect(prepare('token')).toMatchObject({ status: 1, stderr: expect.stringContaining('--secrets=FOLDER') })
  expect(prepare(`--secrets=${dir}`, '--own=me:/x')).toMatchObject({ status: 1, stderr: expect.stringContaining('UID:GID:FOLDER') })
})
