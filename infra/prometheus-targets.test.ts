import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { tellPrometheus } from './prometheus-targets.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-targets-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

it('writes each exporter as a target, whole', () => {
  tellPrometheus(join(dir, 'targets', 'edgetwin.json'), [{ url: 'http://127.0.0.1:9836/metrics' }, { url: 'http://127.0.0.1:9837/a/b' }])
  expect(JSON.parse(readFileSync(join(dir, 'targets', 'edgetwin.json'), 'utf8'))).toEqual([
    { targets: ['127.0.0.1:9836'], labels: { __metrics_path__: '/metrics' } },
    { targets: ['127.0.0.1:9837'], labels: { __metrics_path__: '/a/b' } },
  ])
  expect(readdirSync(join(dir, 'targets'))).toEqual(['edgetwin.json'])
})

it('names the file that cannot be written', () => {
  writeFileSync(join(dir, 'plain'), '')
  expect(() => tellPrometheus(join(dir, 'plain', 'edgetwin.json'), [])).toThrow(
    /prometheusTargetsFile .*plain.edgetwin.json cannot be written/,
  )
})
