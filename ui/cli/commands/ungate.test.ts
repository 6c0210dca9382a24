/** What is asked of the server, what is shown, and the way out when there is none. */
import { afterEach, expect, it } from '@jest/globals'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide | undefined
afterEach(() => far?.stop())

async function ask(args: readonly string[], answer: readonly [number, unknown]) {
  await far?.stop()
  far = await runFarSide(() => answer)
  const told = await runCli(['ungate', ...args, '--server', far.url])
  return { ...told, asked: far.asked.map(({ method, url, body }) => [method, url, body]) }
}
const none = { released: [], failed: [], notHeld: [], heldCount: 0 }

it('lets go of all, or of those named', async () => {
  const all = await ask(['--all'], [200, { ...none, released: ['a.default', 'b.default'], heldCount: 1 }])
  expect(all).toMatchObject({ code: 0, out: 'a.default: let go\nb.default: let go\n2 let go, 1 still held\n' })
  expect(all.asked).toEqual([['POST', '/api/v1/ungate', { pods: 'all', dryRun: false }]])
  const dry = await ask(['a.default', '--dry-run'], [200, { ...none, released: ['a.default'] }])
  expect(dry).toMatchObject({
    asked: [['POST', '/api/v1/ungate', { pods: ['a.default'], dryRun: true }]],
    out: expect.stringContaining('would be let go'),
  })
})

it('fails when some were not let go, and says which', async () => {
  const answer = { ...none, failed: [{ pod: 'a.default', reason: 'forbidden' }], notHeld: ['b.default'] }
  const { code, out, err } = await ask(['a.default', 'b.default'], [200, answer])
  expect(code).toBe(1)
  expect(out).toMatch(/a.default: not let go: forbidden\nb.default: not held/)
  expect(err).toMatch(/2 of the pods were not let go/)
})

it.each([[[]], [['a.default', '--all']]])('asks nothing for %j', async (args) => {
  expect(await ask(args, [200, none])).toMatchObject({ code: 2, asked: [], err: expect.stringContaining('--all') })
})

it('says how to go on without an edgetwin, or with one that has no cluster', async () => {
  const problem = { status: 404, code: 'ROUTE_UNKNOWN', detail: 'nothing is served' }
  expect((await ask(['--all'], [404, problem])).err).toMatch(/has no real cluster; without an edgetwin: npm run ungate/)
  await far?.stop()
  expect((await runCli(['ungate', '--all', '--server', 'http://127.0.0.1:1'])).err).toMatch(/npm run ungate -- --all --kubeconfig/)
})
