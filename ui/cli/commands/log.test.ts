/** Topics and dead letters of a log out of process: what is asked, what is shown. */
import { afterEach, expect, it } from '@jest/globals'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide | undefined
afterEach(() => far?.stop())

async function ask(args: readonly string[], answer: readonly [number, unknown]) {
  await far?.stop()
  far = await runFarSide(() => answer)
  const told = await runCli([...args, '--server', far.url])
  const [asked] = far.asked
  return { ...told, asked: asked === undefined ? [] : [asked.method, asked.url.replace('/api/v1/log/', ''), asked.body] }
}

const topic = { name: 'edgetwin.metrics.v1', partitionCount: 2, replicationFactor: 1, config: { 'retention.ms': '21600000' } }
const partitions = [
  { partition: 0, beginOffset: 2, endOffset: 42 },
  { partition: 1, beginOffset: 0, endOffset: 2 },
]
const letter = {
  id: 'edgetwin.metrics.v1:0:41',
  deadMs: 1_750_000_000_000,
  reason: 'schema',
  detail: 'name: missing',
  bytes: 12,
  replayedMs: null,
}

it('topics list shows what each holds and how long it keeps it', async () => {
  const { out, asked } = await ask(['topics', 'list'], [200, { items: [{ ...topic, partitions }] }])
  expect(asked).toEqual(['GET', 'topics', undefined])
  expect(out).toMatch(/^NAME +PARTITIONS +REPLICAS +RECORDS +KEEPS *\nedgetwin.metrics.v1 +2 +1 +42 +6h\n$/)
  expect(await ask(['topics', 'list', '--no-headers'], [200, { items: [] }])).toMatchObject({
    code: 0,
    err: expect.stringContaining('topics ensure'),
  })
})

it('topics ensure asks for what it is told, and says when nothing was changed', async () => {
  const items = [{ topic: 'edgetwin.dlq.v1', action: 'create', detail: '3 partitions, 1 replicas' }]
  const dry = await ask(['topics', 'ensure', '--dry-run', '--partitions', '3'], [200, { items }])
  expect(dry.asked).toEqual(['POST', 'topics', { dryRun: true, partitionCount: 3 }])
  expect(dry).toMatchObject({
    out: expect.stringMatching(/edgetwin.dlq.v1 +create +3 partitions, 1 replicas\n$/),
    err: 'nothing was changed\n',
  })
  expect(await ask(['topics', 'ensure'], [200, { items }])).toMatchObject({ asked: ['POST', 'topics', { dryRun: false }], err: '' })
  expect(await ask(['topics', 'ensure', '--partitions', '0'], [200, { items }])).toMatchObject({ code: 2, asked: [] })
})

it('dlq list, show and replay', async () => {
  const listed = await ask(['dlq', 'list', '--limit', '5'], [200, { items: [letter] }])
  expect(listed.asked).toEqual(['GET', 'dead-letters?limit=5', undefined])
  expect(listed.out).toMatch(/edgetwin.metrics.v1:0:41 +schema +name: missing +12 +<none> +\d+d\n$/)

  const item = { ...letter, headers: { ce_id: 'a-1' }, text: 'a\u001b[2Jb\nc' }
  const shown = await ask(['dlq', 'show', letter.id], [200, { item }])
  expect(shown.asked).toEqual(['GET', `dead-letters/${encodeURIComponent(letter.id)}`, undefined])
  expect(shown.out).toMatch(/^id: edgetwin.*\nreason: schema \(name: missing\)\n(?:.*\n)*ce_id: a-1\n\na\uFFFD\[2Jb\nc\n$/)

  const replayed = await ask(['dlq', 'replay', letter.id], [200, { item: { topic: 'edgetwin.metrics.v1', partition: 0, offset: 42 } }])
  expect(replayed.asked).toEqual(['POST', `dead-letters/${encodeURIComponent(letter.id)}/replay`, undefined])
  expect(replayed.err).toBe('edgetwin.metrics.v1:0:41 is now at edgetwin.metrics.v1:0:42\n')
})

it('says how to have topics when the log is in process', async () => {
  const { code, err } = await ask(['dlq', 'list'], [404, { code: 'ROUTE_UNKNOWN', detail: 'nothing' }])
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('--event-log kafkajs') })
})
