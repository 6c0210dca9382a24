/** Writes openapi.json, the document that clients are made from: `node connectors/server/write-openapi.ts`. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { openSqliteJobs } from '../jobs/sqlite-jobs.ts'
import { aGateApi } from './a-gate-api.ts'
import { aHistoryApi } from './a-history-api.ts'
import { aLogAdmin } from './a-log-admin.ts'
import { aTwinApi } from './a-twin-api.ts'
import { createApp } from './app.ts'
import { REQUEST_LIMITS } from './app-options.ts'
import { createTokenAccess } from './auth-token.ts'
import { describeApi } from './openapi.ts'

export const OPENAPI_PATH = `${import.meta.dirname}/openapi.json`

/** It comes from the routes alone, so any twin will do. */
export async function openapiDocument(): Promise<object> {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const jobs = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: () => 0 })
  const app = await createApp({
    api: aTwinApi().api,
    history: aHistoryApi([]),
    jobs,
    logAdmin: aLogAdmin(),
    gates: aGateApi(),
    host: '127.0.0.1',
    access: createTokenAccess(null),
    viewerDir: null,
    metrics: async () => '',
    log,
    clock: () => 0,
    limits: REQUEST_LIMITS,
  })
  await app.ready()
  await jobs.close()
  return describeApi(app)
}

if (import.meta.main) {
  writeFileSync(OPENAPI_PATH, JSON.stringify(await openapiDocument()))
  execFileSync('node_modules/.bin/biome', ['format', '--write', OPENAPI_PATH], { stdio: 'ignore' })
}
