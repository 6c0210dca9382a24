import { readdirSync, readFileSync } from 'node:fs'
/** The rules a reviewer should not have to remember. A new rule lands here with its reason. */
import { expect, it } from '@jest/globals'

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
