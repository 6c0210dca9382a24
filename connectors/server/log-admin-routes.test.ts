import { afterEach, expect, it } from '@jest/globals'
import { aLogAdmin } from './a-log-admin.ts'
import { aTwinApi } from './a-twin-api.ts'
import { runServer } from './server.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function aServer() {
  const logAdmin = aLogAdmin()
  const server = await runServer({
    api: aTwinApi().api,
    logAdmin,
    host: '127.0.0.1',
    port: 0,
    metrics: async () => '',
    log,
    clock: () => 0,
  })
  stops.push(server.stop)
  return async (method: string, path: string, body?: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetch(`${server.url}/api/v1/log/${path}`, { method, ...sent })
    return [response.status, await response.json()]
  }
}

it('shows topics and changes, which a dry run only tells', async () => {
  const ask = await aServer()
  expect(await ask('GET', 'topics')).toMatchObject([200, { items: [{ name: 'edgetwin.metrics.v1', partitions: [{ endOffset: 42 }] }] }])
  expect(await ask('POST', 'topics', { dryRun: true, partitionCount: 3 })).toMatchObject([
    200,
    { items: [{ action: 'create', detail: expect.stringMatching(/^3 /) }] },
  ])
  expect(await ask('POST', 'topics', { dryRun: false })).toMatchObject([200, { items: [{ action: 'keep' }] }])
  expect(await ask('POST', 'topics', { dryRun: true, partitionCount: 0 })).toMatchObject([400, { code: 'QUERY_INVALID' }])
  expect(await ask('POST', 'topics', {})).toMatchObject([400, { code: 'QUERY_INVALID' }])
})

it('lists, shows and replays dead letters, each once', async () => {
  const ask = await aServer()
  const id = encodeURIComponent('edgetwin.metrics.v1:0:41')
  expect(await ask('GET', 'dead-letters')).toMatchObject([200, { items: [{ reason: 'schema', replayedMs: null }] }])
  expect(await ask('GET', 'dead-letters?limit=0')).toMatchObject([400, { code: 'QUERY_INVALID' }])
  expect(await ask('GET', `dead-letters/${id}`)).toMatchObject([200, { item: { headers: { ce_id: 'a-1' } } }])
  expect(await ask('GET', 'dead-letters/a%232')).toMatchObject([404, { code: 'ENTITY_UNKNOWN', detail: 'no dead letter a#2' }])
  expect(await ask('POST', `dead-letters/${id}/replay`)).toMatchObject([200, { item: { offset: 42 } }])
  expect(await ask('POST', `dead-letters/${id}/replay`)).toMatchObject([422, { code: 'LOG_REFUSED' }])
})

it('has none of this when the log is in process', async () => {
  const server = await runServer({ api: aTwinApi().api, host: '127.0.0.1', port: 0, metrics: async () => '', log, clock: () => 0 })
  stops.push(server.stop)
  expect(await (await fetch(`${server.url}/api/v1/log/topics`)).json()).toMatchObject({ code: 'ROUTE_UNKNOWN' })
})
