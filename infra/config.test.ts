/** What is said of settings that cannot be used: the value, where it was given, and the remedy. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { type ConfigSources, readConfig, strayVariables } from './config.ts'

const dir = mkdtempSync(join(tmpdir(), 'edgetwin-config-'))
afterAll(() => rmSync(dir, { recursive: true }))

const read = (sources: Partial<ConfigSources>) => readConfig({ flags: {}, environment: {}, ...sources })
function aFile(text: string): string {
  const file = join(dir, 'settings.yaml')
  writeFileSync(file, text)
  return file
}

it('takes flags over environment over file over defaults, as text or as numbers', () => {
  const file = aFile('port: 1\ntickMs: 100\nseed: 7')
  const config = read({ flags: { port: '3' }, environment: { EDGETWIN_PORT: '2', EDGETWIN_TICK_MS: '200' }, file })
  expect(config).toMatchObject({ port: 3, tickMs: 200, seed: 7, scrapeMs: 1_000 })
})

it('takes the budgets of moves from flag, environment and file', () => {
  const file = aFile('moveCoolDownMs: 60000\nmovesRatio: 0.5')
  const config = read({ flags: { movesPerHour: '6' }, environment: { EDGETWIN_ACTIONS_AT_ONCE: '2' }, file })
  expect(config).toMatchObject({ movesPerHour: 6, actionsAtOnce: 2, moveCoolDownMs: 60_000, movesRatio: 0.5 })
  expect(read({})).toMatchObject({ actionsAtOnce: 16, moveCoolDownMs: 300_000, movesRatio: 0.1 })
  expect(read({})).not.toHaveProperty('movesPerHour')
})

it('takes an empty variable for one that is not set', () => {
  expect(read({ environment: { EDGETWIN_PORT: '', EDGETWIN_TOKEN: '' } })).toMatchObject({ port: 8080 })
})

const WRONG: [string, Partial<ConfigSources>, string[]][] = [
  ['a flag', { flags: { port: '99999' } }, ['port "99999" (--port)', '65535', '--help']],
  ['text for a number', { flags: { minGainRatio: 'much' } }, ['minGainRatio "much" (--min-gain-ratio)']],
  ['an empty flag', { flags: { port: '' } }, ['port "" (--port)']],
  ['brokers', { environment: { EDGETWIN_KAFKA_BROKERS: 'kafka-1' } }, ['kafkaBrokers "kafka-1" (EDGETWIN_KAFKA_BROKERS)', 'host:port']],
  ['what belongs together', { flags: { eventLog: 'kafkajs', jobs: 'postgres' } }, ['kafkaBrokers (settings): is missing', 'postgresUrl']],
  ['more than the ledger holds', { flags: { actionsAtOnce: '65' } }, ['actionsAtOnce "65" (--actions-at-once)', '64']],
  ['a variable', { environment: { EDGETWIN_MODE: 'fly' } }, ['mode "fly" (EDGETWIN_MODE)', 'observe']],
]
it.each(WRONG)('names value, place and remedy: %s', (_, sources, parts) => {
  for (const part of parts) expect(() => read(sources)).toThrow(part)
})

it('names what a file gets wrong: nothing where a number belongs, a misspelt setting', () => {
  const file = aFile('port:\nscrape-ms: 1000\nsnapshotEvry: 200')
  for (const part of [
    `port null (${file})`,
    `snapshotEvry (${file}): there is no such setting; did you mean snapshotEvery`,
    'scrape-ms',
    'scrapeMs',
  ]) {
    expect(() => read({ file })).toThrow(part)
  }
})

it('says where a file is no YAML, and what it must hold', () => {
  const file = aFile('port: [\nseed: 1')
  expect(() => read({ file })).toThrow(/settings\.yaml is not YAML: .* at line \d+, column \d+; correct it/)
  aFile('- port')
  expect(() => read({ file })).toThrow('write them as in `port: 8080`')
  aFile('')
  expect(read({ file })).toMatchObject({ port: 8080 })
})

it('never shows a password, and takes none in a URL', () => {
  expect(() => read({ flags: { influxUrl: 'http://admin:s3cret@127.0.0.1:8086' } })).toThrow(
    /influxUrl(?!.*s3cret).*must not hold a password/,
  )
})

it('takes brokers as a list or as text', () => {
  expect(read({ flags: { eventLog: 'kafkajs', kafkaBrokers: 'a:9092, b:9092' } }).kafkaBrokers).toEqual(['a:9092', 'b:9092'])
  expect(read({ file: aFile('kafkaBrokers: [a:9092]') }).kafkaBrokers).toEqual(['a:9092'])
})

it('takes audiences as a list or as text', () => {
  expect(read({})).toMatchObject({ access: 'token', accessAudiences: ['edgetwin'] })
  expect(read({ flags: { access: 'kubernetes', accessAudiences: 'edgetwin, https://api' } }).accessAudiences).toEqual([
    'edgetwin',
    'https://api',
  ])
  expect(() => read({ flags: { access: 'oidc' } })).toThrow(/access "oidc" \(--access\)/)
})

it('never shows a token', () => {
  expect(() => read({ flags: { token: 'too short' } })).toThrow(/token \(--token\)(?!.*too short)/)
})

it('names a misspelt variable, and is silent about those of others', () => {
  const others = { EDGETWIN_SERVER: 'x', EDGETWIN_CONTEXT: 'x', EDGETWIN_SERVICE_ACCOUNT: 'x', EDGETWIN_PORT_8080_TCP: 'x', PROT: '1' }
  expect(strayVariables({ ...others, EDGETWIN_PORT: '1' })).toEqual([])
  expect(strayVariables({ ...others, EDGETWIN_PROT: '1' })).toEqual([
    'EDGETWIN_PROT is no setting and counts for nothing; did you mean EDGETWIN_PORT',
  ])
})
