/** What `twinctl job` asks and prints. The far side answers as the REST routes do. */
import { afterEach, expect, it } from '@jest/globals'
import { type StoredJob, storedJobShape } from '../../../models/contracts/jobs.ts'
import { type FarSide, runCli, runFarSide } from '../far-side.ts'

let far: FarSide
afterEach(() => far?.stop())

const aJob = (number: number, over: Partial<StoredJob> = {}): StoredJob =>
  storedJobShape.parse({
    id: `job-${number}`,
    number,
    user: 'ana',
    path: '/v/a.mp4',
    type: 'mp4',
    status: 'Enqueue',
    iteration: 0,
    createdMs: Date.now() - 60_000,
    startTimeMs: null,
    endTimeMs: null,
    worker: null,
    leaseUntilMs: null,
    failure: null,
    ...over,
  })
const JOBS = [
  aJob(1, { status: 'Inferencing', worker: 'w-1', iteration: 1 }),
  aJob(2, { status: 'Exit', iteration: 3, failure: 'no codec' }),
  aJob(3, { status: 'Exit' }),
]

async function ask(...args: string[]) {
  far = await runFarSide(({ method, url, body }) => {
    if (method === 'POST') return [201, { item: aJob(4, Object(body)) }]
    if (url.includes('/jobs/job-2')) return [200, { item: JOBS[1] }]
    if (url.includes('/jobs/')) return [404, { code: 'ENTITY_UNKNOWN', detail: 'no job z; do this' }]
    return url.includes('continue=more')
      ? [200, { items: JOBS.slice(2), continue: null }]
      : [200, { items: JOBS.slice(0, 2), continue: 'more' }]
  })
  return runCli(['job', ...args, '--server', far.url])
}

it('lists all pages, and says which jobs failed', async () => {
  const { code, out } = await ask('list', '-o', 'csv')
  expect(code).toBe(0)
  expect(out.split(/\r?\n/).slice(0, 4)).toEqual([
    expect.stringMatching(/^#,ID,STATUS,USER,TYPE,RESTARTS,WORKER,AGE,PATH,FAILURE$/),
    expect.stringMatching(/^1,job-1,Inferencing,ana,mp4,1\/3,w-1,.*$/),
    expect.stringMatching(/^2,job-2,"?Exit,failed"?,ana,mp4,3\/3,.*,no codec$/),
    expect.stringMatching(/^3,job-3,Exit,ana,/),
  ])
})

it('asks for a status, and refuses one that there is not', async () => {
  await ask('list', '--status', 'Exit')
  expect(far.asked[0]!.url).toContain('status=Exit')
  expect(await ask('list', '--status', 'Done')).toMatchObject({ code: 2, err: expect.stringContaining('Postprocessing_complete') })
})

it('shows one', async () => {
  expect((await ask('show', 'job-2')).out).toMatch(/^id: job-2\n(.*\n)*failure: no codec\n/)
  expect(await ask('show', 'z')).toMatchObject({ code: 1, err: expect.stringContaining('no job z') })
})

it('submits, with the type of the path, and prints the id', async () => {
  expect(await ask('submit', '/v/gate.3.mkv', '--user', 'ana')).toMatchObject({ code: 0, out: 'job-4\n' })
  expect(far.asked[0]!.body).toEqual({ user: 'ana', path: '/v/gate.3.mkv', type: 'mkv', iterationLimit: 3 })
  expect((await ask('submit', '/v/gate', '--id', 'gate-1', '--limit', '1')).out).toBe('gate-1\n')
  expect(far.asked[0]!.body).toEqual({ id: 'gate-1', user: '', path: '/v/gate', type: '', iterationLimit: 1 })
  expect(await ask('submit', '/v/gate', '--id', 'GATE')).toMatchObject({ code: 2, err: expect.stringContaining('lower-case') })
  expect(await ask('submit', '/v/gate', '--limit', '0')).toMatchObject({ code: 2, err: expect.stringContaining('1 to 1000') })
})
