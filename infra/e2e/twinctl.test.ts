/** The real CLI against the real server, each call a process of its own: what it prints, and what the shell sees. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ActiveFault } from '../../models/contracts/fault.ts'
import type { WhatIfAnswer } from '../../models/contracts/what-if.ts'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import type { Node } from '../../models/entities/node.ts'
import type { JournaledEvent } from '../../models/events/events.ts'
import { eventually } from '../testing/eventually.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const TWINCTL = fileURLToPath(new URL('../../ui/cli/twinctl.ts', import.meta.url))

interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

let edgetwin: EdgetwinProcess
beforeAll(async () => {
  // So long that no plan expires by itself while the test thinks.
  edgetwin = await startEdgetwin(['--data-dir', freshDataDir(), '--no-this-machine', '--expiry-ms', '600000'])
})
afterAll(() => edgetwin.kill('SIGKILL'))

const twinctl = (...args: readonly string[]): Promise<Said> =>
  new Promise((resolve) => {
    const environment = { ...process.env, EDGETWIN_SERVER: edgetwin.url }
    const child = execFile(process.execPath, [TWINCTL, ...args], { env: environment, maxBuffer: 64e6 }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })
/** @throws what it said on stderr unless it ended with 0. */
async function answerOf<T>(...args: readonly string[]): Promise<T> {
  const { code, out, err } = await twinctl(...args, '-o', 'json')
  if (code !== 0) throw new Error(`twinctl ${args.join(' ')} ended with ${code}: ${err}`)
  return JSON.parse(out) as T
}
const waitingPlan = () =>
  eventually('a plan that waits', async () =>
    (await answerOf<DecisionRecord[]>('plan', 'list')).find(({ mode, desired }) => mode === 'proposed' && desired !== null),
  )

describe('asking', () => {
  it('lists the nodes, all of them emulated and loaded', async () => {
    const nodes = await eventually('five nodes with load', async () => {
      const found = await answerOf<Node[]>('get', 'nodes')
      return found.length === 5 && found.every(({ reported }) => reported.load !== null) ? found : null
    })
    expect(nodes.map(({ name }) => name)).toEqual(['edge-1', 'pi-1', 'tx2-1', 'tx2-2', 'tx2-3'])
    for (const { reported } of nodes) expect(reported.load?.value.utilizationRatio).toBeGreaterThanOrEqual(0)
    const table = await twinctl('get', 'nodes')
    expect(table.out).toMatch(/^NAME .*\n(.+\n){5}$/)
  })

  it('ranks the outcomes of a what-if', async () => {
    const answer = await answerOf<WhatIfAnswer>('whatif', 'run', '--workload', 'each-camera', '--edit', 'lose-node=tx2-1')
    for (const { requests } of answer.outcomes) expect(requests).toHaveLength(12)
    const makespans = answer.outcomes.map(({ makespanMs }) => makespanMs)
    expect(makespans.length).toBeGreaterThanOrEqual(4)
    expect(makespans).toEqual(makespans.toSorted((a, b) => a - b))
    expect(answer.processors.some(({ node }) => node === 'tx2-1')).toBe(false)
    const { code, out } = await twinctl('whatif', 'run', '--workload', 'each-camera')
    expect(code).toBe(0)
    expect(out).toMatch(/RANK +ALGORITHM +MAKESPAN/)
  })

  it('is well: every check of the doctor is ok', async () => {
    const well = await eventually('a healthy server', async () => {
      const said = await twinctl('doctor')
      return said.code === 0 ? said : null
    })
    expect(well.out).toMatch(/^journal +ok/m)
  })

  it('replays the first events as they stand in the journal', async () => {
    const { code, out } = await twinctl('replay', '--from', '1', '--to', '50', '-o', 'jsonl')
    expect(code).toBe(0)
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as JournaledEvent)
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    const { items } = await edgetwin.get<{ items: JournaledEvent[] }>('/api/v1/events?limit=50')
    expect(events).toEqual(items)
  })
})

describe('acting', () => {
  it('moves pods with an approved plan', async () => {
    expect((await twinctl('loop', 'approve')).code).toBe(0)
    expect((await twinctl('loop')).out).toMatch(/approve/)
    const burst = await answerOf<ActiveFault[]>('fault', 'add', 'burst', 'heavy', '600')
    expect(burst).toMatchObject([{ fault: { kind: 'burst', load: 'heavy', frames: 600 } }])
    // A plan may be overtaken by events between list and approve; the next one is not far.
    const id = await eventually('a plan approved', async () => {
      const { id } = await waitingPlan()
      return (await twinctl('plan', 'approve', id, '--reason', 'quiet hour')).code === 0 ? id : null
    })
    await eventually('its pods placed', async () => {
      const { reported } = await answerOf<DecisionRecord>('plan', 'show', id)
      return reported.applied.length > 0
    })
    const again = await twinctl('plan', 'approve', id)
    expect([again.code, again.err]).toEqual([4, expect.stringContaining(id)])
  })

  it('refuses an approval in observe with 4, and one that no longer holds with 3 and the fact', async () => {
    // Long clips: what waits goes on waiting.
    await answerOf('fault', 'add', 'burst', 'heavy', '6000')
    const { plan, early } = await eventually('a plan that outlives two commands', async () => {
      await twinctl('loop', 'approve')
      const waiting = await waitingPlan()
      await twinctl('loop', 'observe')
      const said = await twinctl('plan', 'approve', waiting.id)
      return said.code === 3 ? null : { plan: waiting, early: said }
    })
    const { id, desired } = plan
    expect([early.code, early.err]).toEqual([4, expect.stringMatching(/observe.*twinctl loop approve.*DECISION_STATE/s)])

    const node = desired!.placements[0]!.to.split('/')[0]!
    const [fault] = await answerOf<ActiveFault[]>('fault', 'add', 'kill-node', node)
    await eventually(`${node} lost`, async () => (await answerOf<Node>('get', 'node', node)).reported.conditions?.value.ready === false)
    await twinctl('loop', 'approve')
    const late = await twinctl('plan', 'approve', id)
    expect([late.code, late.err]).toEqual([
      3,
      expect.stringMatching(new RegExp(`${id}.*: .*(${node}|is (running|failed) by now).*DECISION_STALE`, 's')),
    ])
    const sick = await twinctl('doctor')
    expect([sick.code, sick.out]).toEqual([1, expect.stringContaining(node)])

    expect((await twinctl('fault', 'clear', fault!.id)).code).toBe(0)
    expect((await answerOf<ActiveFault[]>('fault', 'list')).map((each) => each.id)).not.toContain(fault!.id)
    await eventually(`${node} back`, async () => (await answerOf<Node>('get', 'node', node)).mode === 'ready')
  })
})

describe('a wrong call', () => {
  it.each([
    { args: ['get', 'node', 'tx2-9'], code: 1, says: /tx2-9.*did you mean tx2-[123].*ENTITY_UNKNOWN/s },
    { args: ['whatif', 'run', '--edit', 'lose-node=tx2-9'], code: 1, says: /tx2-9/ },
    { args: ['plan', 'approve', 'no-such-plan'], code: 1, says: /no-such-plan.*DECISION_UNKNOWN/s },
    { args: ['get', 'nodez'], code: 2, says: /nodez.*nodes/s },
    { args: ['loop', 'wild'], code: 2, says: /wild.*observe/s },
    { args: ['fault', 'add', 'kill-nod', 'tx2-1'], code: 2, says: /kill-nod.*kill-node/s },
    { args: ['fault', 'add', 'kill-node', 'tx2-9'], code: 1, says: /tx2-9/ },
    { args: ['get', 'nodes', '--server', 'nowhere'], code: 2, says: /nowhere.*http/s },
  ])('twinctl $args ends with $code and says what is wrong', async ({ args, code, says }) => {
    const said = await twinctl(...args)
    expect([said.code, said.err, said.out]).toEqual([code, expect.stringMatching(says), ''])
  })
})

it('says where nobody answers and how to start a server, once the server is killed', async () => {
  await edgetwin.kill('SIGKILL')
  const { code, err, out } = await twinctl('get', 'nodes')
  expect([code, out]).toEqual([1, ''])
  expect(err).toMatch(new RegExp(`no edgetwin server answers at ${edgetwin.url}.*npm start.*SERVER_UNREACHABLE`, 's'))
})
