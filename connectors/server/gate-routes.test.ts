import { afterEach, expect, it } from '@jest/globals'
import { aGateApi } from './a-gate-api.ts'
import { aTwinApi } from './a-twin-api.ts'
import { runServer, type ServerOptions } from './server.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function ungate(given: Partial<ServerOptions>, body: unknown) {
  const server = await runServer({
    api: aTwinApi().api,
    host: '127.0.0.1',
    port: 0,
    metrics: async () => '',
    log,
    clock: () => 0,
    ...given,
  })
  stops.push(server.stop)
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${server.url}/api/v1/ungate`, { method: 'POST', body: JSON.stringify(body), headers })
  return [response.status, await response.json()]
}

it('lets go of those named, or of all, and tells what became of each', async () => {
  const gates = aGateApi()
  expect(await ungate({ gates }, { pods: ['web-1.default', 'x.default'] })).toEqual([
    200,
    { released: ['web-1.default'], failed: [], notHeld: ['x.default'], heldCount: 1 },
  ])
  expect(await ungate({ gates }, { pods: 'all' })).toMatchObject([200, { failed: [{ pod: 'stuck.default' }] }])
})

it.each([{}, { pods: [] }, { pods: 'some' }, { pods: ['../x'] }, { pods: 'all', dryRun: 'yes' }])('refuses %j', async (body) => {
  expect(await ungate({ gates: aGateApi() }, body)).toMatchObject([400, { code: 'QUERY_INVALID' }])
})

it('is not there without a cluster', async () => expect(await ungate({}, { pods: 'all' })).toMatchObject([404, { code: 'ROUTE_UNKNOWN' }]))
