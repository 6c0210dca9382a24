import { afterEach, expect, it } from '@jest/globals'
import { aTwinApi } from './a-twin-api.ts'
import { runServer } from './server.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function aServer() {
  const twin = aTwinApi()
  const server = await runServer({ api: twin.api, host: '127.0.0.1', port: 0, metrics: async () => '', log, clock: Date.now })
  stops.push(server.stop)
  const post = (path: string, body: object, signal?: AbortSignal) =>
    fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    })
  const get = async (path: string): Promise<unknown> => (await fetch(`${server.url}/api/v1${path}`)).json()
  return { twin, post, get }
}

it('answers a scenario with its canonical text', async () => {
  const { post } = await aServer()
  const answer = await post('/scenarios', { scenario: 'lose( node/edge-1 )+link(cam-3,x0.50)' })
  expect(answer.status).toBe(200)
  expect(await answer.json()).toMatchObject({ text: 'lose(node/edge-1) + link(cam-3, x0.5)', answer: { id: 'what-if-1' } })
})

it('points at the column of a mistake and suggests the nearest word', async () => {
  const { post } = await aServer()
  const answer = await post('/scenarios', { scenario: 'lose(node/edge-1) + lnk(cam-3, x0.5)' })
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ code: 'QUERY_INVALID', details: { column: 21, near: expect.arrayContaining(['link']) } })
})

it('shows what stands, the ledger, and what would flip an answer', async () => {
  const { post, get } = await aServer()
  expect(await get('/standing')).toMatchObject({ nMinusOne: null, radar: { point: null } })
  expect(await get('/regret')).toMatchObject({ roundCount: 0, recent: [] })
  const target = { kind: 'algorithm', algorithm: 'edge' }
  expect(await (await post('/flips', { query: {}, target })).json()).toMatchObject({ target, winsAlready: true })
  expect((await post('/flips', { query: {}, target: { kind: 'luck' } })).status).toBe(400)
})

it('passes what a sweep or a comparison refuses on as a problem', async () => {
  const { post } = await aServer()
  expect(await (await post('/sweeps', { scenario: 'sweep delta1 0..1' })).json()).toMatchObject({ code: 'PROBLEM_TOO_LARGE' })
  expect(await (await post('/comparisons', { a: 'lose(node/a) at #1', b: 'lose(node/a)' })).json()).toMatchObject({ code: 'QUERY_INVALID' })
  expect((await post('/comparisons', { a: 'lose(node/a)' })).status).toBe(400)
})

it('gives a sweep up when the client leaves', async () => {
  const { twin, post } = await aServer()
  const leaving = new AbortController()
  const asked = post('/sweeps', { scenario: 'sweep delta1 0..1' }, leaving.signal).catch(() => 'left')
  while (!twin.calls.includes('sweep')) await new Promise((resolve) => setTimeout(resolve, 2))
  leaving.abort()
  expect(await asked).toBe('left')
  while (!twin.calls.includes('sweep given up')) await new Promise((resolve) => setTimeout(resolve, 2))
})
