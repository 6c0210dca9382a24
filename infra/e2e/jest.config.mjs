/** The suites that start the real thing: processes, sockets, a browser. One after the other, since they share two cores. */
import { readFileSync } from 'node:fs'

const { jest } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

export default {
  ...jest,
  rootDir: '../..',
  testMatch: ['<rootDir>/infra/e2e/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 1,
}
