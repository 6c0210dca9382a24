/** The suites that take seconds each: whole stories on a simulated site, worker threads, kills, the experiment. CI runs them all. */
import { readFileSync } from 'node:fs'

const { jest } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

export default {
  ...jest,
  rootDir: '..',
  testMatch: ['**/*.slow.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
}
