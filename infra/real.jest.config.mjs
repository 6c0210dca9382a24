/** The suites against real services, started natively by the lab: one file at a time, as the machine has few cores. */
import { readFileSync } from 'node:fs'

const { jest } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

export default {
  ...jest,
  rootDir: '..',
  testMatch: ['**/infra/real/*.real.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 1,
}
