/** The rules a reviewer should not have to remember. A new rule lands here with its reason. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { ERROR_CODES } from '../models/errors.ts'

const MAY_IMPORT: Record<string, readonly string[]> = {
  models: [],
  twin: ['models'],
  connectors: ['models'],
  ui: ['models'],
  infra: ['models', 'twin', 'connectors'],
}
// The core must replay: no clock, no randomness, no I/O, no environment.
const NOT_IN_CORE = /\bDate\.now\(|new Date\(\)|Math\.random\(|process\.|setTimeout\(|setInterval\(|from 'node:|console\.|performance\./
const LINES_MAX = 300

const files = Object.keys(MAY_IMPORT)
  .flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes('dist/'))
      .map((name) => `${room}/${name}`),
  )
  .filter((file) => file !== 'infra/tidy.test.ts')
const isTest = (file: string) => /\.test\.tsx?$/.test(file)

it.each(files)('%s is tidy', (file) => {
  const text = readFileSync(file, 'utf8')
  const room = file.split('/')[0]!
  const depth = file.split('/').length - 1
  for (const [, up, target] of text.matchAll(/from '((?:\.\.\/)+)([\w-]+)\//g)) {
    if (up!.length / 3 === depth && target !== room) expect(MAY_IMPORT[room]).toContain(target)
  }
  if (['models', 'twin'].includes(room) && !isTest(file)) expect(text).not.toMatch(NOT_IN_CORE)
  if (!isTest(file)) expect(text.split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  expect(file).not.toMatch(/\/(utils?|helpers?|common|misc|manager|index)\.tsx?$/)
})

const codeText = files
  .filter((file) => !isTest(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')
const rowsOf = (file: string) => [...readFileSync(file, 'utf8').matchAll(/^\| `([\w]+)` \|/gm)].map(([, name]) => name!).sort()

// A code that a person meets must be explained, and one that nothing uses is noise.
it('documents every error code, and uses it', () => {
  expect(rowsOf('infra/errors.md')).toEqual(Object.keys(ERROR_CODES).sort())
  for (const code of Object.keys(ERROR_CODES)) expect(codeText.split(`'${code}'`).length - 1).toBeGreaterThan(0)
})

it('documents every metric', () => {
  const makers = ['infra/own-metrics.ts', 'infra/dependency-metrics.ts', 'connectors/metrics/device-metrics.ts']
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  // A name that ends in "_" is prom-client's prefix for its default metrics, which are documented as a family.
  const made = [...makers.matchAll(/'((?:edgetwin|ha)_\w+[a-z])'/g)].map(([, name]) => name!)
  expect(rowsOf('infra/metrics.md')).toEqual([...new Set(made)].sort())
})

const readmes = Object.keys(MAY_IMPORT).flatMap((room) =>
  readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('README.md') && !name.includes('node_modules'))
    .map((name) => `${room}/${name}`),
)
it.each(readmes)('%s is at most 15 lines', (file) => {
  expect(readFileSync(file, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(15)
})
it.each(Object.keys(MAY_IMPORT))('%s has a README', (room) => expect(readmes).toContain(`${room}/README.md`))
