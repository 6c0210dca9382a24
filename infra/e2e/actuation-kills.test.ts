/**
 * edgetwin, the API server and etcd killed -9 at each step of the actuation protocol, and edgetwin stopped there until another has taken
 * over: by the API server's audit log nothing is done twice, no budget exceeded, and the twin is what a fresh list is.
 *
 * `ACTUATION_KILLS_EACH=3` does each so often and lets leases run out by themselves now and then; `-t` with a title replays one.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import { eventually } from '../testing/eventually.ts'
import { atMs, auditOf, deedsIn, doneTwice, mostWithin, notReserved, writesOf } from './actuation-audit.ts'
import {
  type ActuationSite,
  isAlive,
  isGated,
  MOVES_MAX,
  NODES,
  type SeenPod,
  startActuationSite,
  USERS,
  type User,
  userName,
  WINDOW_MS,
} from './actuation-site.ts'
import { type ApiRelay, MOMENTS, type Moment, startApiRelay } from './api-relay.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'
import { PROTOCOL_STEPS, type ProtocolStep } from './protocol-steps.ts'

const EACH = Number(process.env.ACTUATION_KILLS_EACH ?? 1)
const SEED = Number(process.env.ACTUATION_KILLS_SEED ?? 20_261)
const REPLAY = `ACTUATION_KILLS_EACH=${EACH} ACTUATION_KILLS_SEED=${SEED} npm run -s e2e -- infra/e2e/actuation-kills.test.ts`
/** From when all runs again. */
const SAME_WITHIN_MS = 30_000
/** A lease runs out after 15 s, and who waits for it looks every 2 to 4 s. */
const SETTLED_WITHIN_MS = 60_000
/** After it goes on, one that was stopped has so long to do what it must not. */
const LATE_MS = 500

const VICTIMS = ['edgetwin killed', 'edgetwin stopped', 'kube-apiserver killed', 'etcd killed'] as const
type Victim = (typeof VICTIMS)[number]
/** A pod is placed; its node is lost; another node would be better. */
type Story = 'place' | 'rescue' | 'move'

interface Run {
  readonly title: string
  readonly index: number
  readonly step: ProtocolStep
  readonly victim: Victim
  readonly moment: Moment
  readonly nth: number
  readonly story: Story
  /** Nobody shortens the time that the lease still has. */
  readonly isLeaseKept: boolean
}

const RUNS: readonly Run[] = Array.from({ length: EACH })
  .flatMap(() => PROTOCOL_STEPS.flatMap((step) => VICTIMS.map((victim) => ({ step, victim }))))
  .map(({ step, victim }, index) => {
    const generator = xoroshiro128plus(Math.imul(SEED + index, 0x9e3779b1))
    const draw = <T>(from: readonly T[]): T => from[uniformInt(generator, 0, from.length - 1)]!
    const moment = draw(MOMENTS)
    const isOfEviction = step === 'rehearse' || step === 'evict'
    const story = isOfEviction ? draw(['move', 'rescue'] as const) : EACH === 1 ? 'place' : draw(['place', 'rescue'] as const)
    // Of the sink, of the protocol, and to see what became of it.
    const nth = step === 'read' ? draw([1, 2, 3]) : 1
    const isLeaseKept = EACH > 1 && draw([true, false, false])
    const title = `${index + 1}. ${victim} ${moment} ${nth === 1 ? '' : `${nth}. `}${step} (${story})${isLeaseKept ? ', lease kept' : ''}`
    return { title, index, step, victim, moment, nth, story, isLeaseKept }
  })

interface Twin extends EdgetwinProcess {
  readonly user: User
}

let site: ActuationSite
const relays = new Map<User, ApiRelay>()
const dataDirs = new Map<User, string>()
const twins = new Map<User, Twin>()
/** Pods whose node was lost: to evict them costs nothing. */
const rescued = new Set<string>()
const tookMs: number[] = []

beforeAll(async () => {
  site = await startActuationSite()
  for (const user of USERS) {
    relays.set(user, await startApiRelay(site.lab))
    dataDirs.set(user, freshDataDir())
  }
}, 1_500_000)
afterAll(async () => {
  for (const { kill } of twins.values()) await kill('SIGKILL')
  for (const relay of relays.values()) await relay.stop()
  await site?.stop()
})

async function start(user: User): Promise<Twin> {
  const kubeconfig = join(site.lab.dir, `${user}.kubeconfig`)
  const cluster = { server: relays.get(user)!.url, 'certificate-authority': site.lab.caFile }
  const parts = {
    clusters: [{ name: 'lab', cluster }],
    users: [{ name: user, user: { token: site.tokenOf(user) } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user } }],
  }
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...parts, 'current-context': 'lab' }))
  const of = ['--cluster', 'kubernetes', '--kubeconfig', kubeconfig, '--site', 'lab', '--mode', 'auto', '--cool-down-ms', '200']
  const own = ['--data-dir', dataDirs.get(user)!, '--no-this-machine', '--log-level', process.env.ACTUATION_KILLS_LOG ?? 'silent']
  const twin = { ...(await startEdgetwin([...of, ...own])), user }
  twins.set(user, twin)
  return twin
}
async function end({ user, kill }: Twin): Promise<void> {
  twins.delete(user)
  await kill('SIGKILL')
}
const other = ({ user }: Twin): User => USERS.find((each) => each !== user)!

/** The one that runs; after a run that failed both may, or none, and then it begins anew. */
async function theWriter(): Promise<Twin> {
  const [only, ...more] = twins.values()
  if (only !== undefined && more.length === 0) return only
  for (const twin of [...twins.values()]) await end(twin)
  if (only !== undefined) await site.freeLease()
  return start(USERS[0])
}

/** @returns what makes the story begin, once all that comes before has happened. */
async function prepare(story: Story, app: string): Promise<() => Promise<void>> {
  if (story === 'place') return () => site.deploy(app, 1)
  const [first, ...others] = NODES
  if (story === 'move') for (const node of others) await site.setCordoned(node, true)
  const count = story === 'move' ? 2 : 1
  await site.deploy(app, count)
  const placed = await eventually(`${app} is placed`, () => isPlaced(app, count), SETTLED_WITHIN_MS)
  if (story === 'rescue') {
    return async () => {
      for (const { metadata } of placed) rescued.add(metadata.uid)
      await site.setReady(placed[0]!.spec.nodeName!, false)
    }
  }
  expect(placed.map(({ spec }) => spec.nodeName)).toEqual([first, first])
  return async () => {
    for (const node of others) await site.setCordoned(node, false)
  }
}

/** @returns its pods, when all have a node and none but them is left; null: not yet. */
async function isPlaced(app: string, count: number): Promise<readonly SeenPod[] | null> {
  const pods = (await site.pods(app).catch(() => [])).filter(isAlive)
  const isDone =
    pods.length === count && pods.every((pod) => pod.spec.nodeName !== undefined && !isGated(pod) && !rescued.has(pod.metadata.uid))
  return isDone ? pods : null
}

async function isSettled({ story }: Run, app: string): Promise<boolean> {
  if ((await isPlaced(app, story === 'move' ? 2 : 1)) === null) return false
  return (await site.ledger().catch(() => null))?.intents.length === 0
}

async function tidy(app: string): Promise<void> {
  for (const node of NODES) {
    await site.setReady(node, true)
    await site.setCordoned(node, false)
  }
  await site.remove(app)
  await eventually(`${app} is gone`, async () => (await site.pods(app)).length === 0, SETTLED_WITHIN_MS)
}

/** By the audit log from the beginning until now. */
function checkAudit(): void {
  const entries = auditOf(site.lab)
  const deeds = deedsIn(entries)
  expect(doneTwice(deeds)).toEqual([])
  expect(notReserved(deeds, entries)).toEqual([])
  const moves = deeds.filter(({ kind, uid }) => kind === 'evict' && !rescued.has(uid))
  expect(
    mostWithin(
      moves.map((move) => move.atMs),
      WINDOW_MS,
    ),
  ).toBeLessThanOrEqual(MOVES_MAX)
}

async function checkTwin(twin: Twin): Promise<void> {
  const sinceMs = performance.now()
  let differences: readonly string[] = []
  const same = async () => {
    differences = await site.differences(twin).catch((error: unknown) => [String(error)])
    return differences.length === 0
  }
  await eventually('the twin is what a list is', same, SAME_WITHIN_MS).catch(() => expect(differences).toEqual([]))
  tookMs.push(performance.now() - sinceMs)
}

/** Whose request is waited for: of what only comes when another left something undone, one that stands by. */
async function theVictim({ step }: Run): Promise<{ readonly writer: Twin; readonly waylaid: Twin }> {
  const writer = await theWriter()
  const isLater = step === 'take-over' || step === 'fence'
  return { writer, waylaid: isLater ? await start(other(writer)) : writer }
}

async function strikeAt(run: Run, twin: Twin): Promise<{ readonly struck: Promise<void>; readonly goOn: () => void }> {
  const { step, victim, moment, nth } = run
  const going = Promise.withResolvers<'goes on'>()
  const strike = async (): Promise<'goes on' | 'is lost'> => {
    if (victim === 'edgetwin killed' || victim === 'edgetwin stopped') {
      twin.child.kill(victim === 'edgetwin killed' ? 'SIGKILL' : 'SIGSTOP')
      return victim === 'edgetwin killed' ? 'is lost' : going.promise
    }
    process.kill(site.lab.service(victim === 'etcd killed' ? 'etcd' : 'kube-apiserver').pid()!, 'SIGKILL')
    return moment === 'after' ? 'is lost' : 'goes on'
  }
  const struck = relays.get(twin.user)!.ambush({ step, nth, moment, strike })
  return { struck, goOn: () => going.resolve('goes on') }
}

/** What another run has spent of the budget is spent for five minutes. */
async function playable(run: Run): Promise<Run> {
  const spent = (await site.ledger()).moves.filter(({ isRescue }) => !isRescue)
  return run.story === 'move' && spent.length >= MOVES_MAX ? { ...run, story: 'rescue' } : run
}

async function play(wanted: Run, app: string): Promise<void> {
  const run = await playable(wanted)
  const { victim, step } = run
  await theWriter()
  const begin = await prepare(run.story, app)
  const { writer, waylaid } = await theVictim(run)
  const { struck, goOn } = await strikeAt(run, waylaid)
  if (waylaid !== writer) {
    const strike = async () => {
      writer.child.kill('SIGKILL')
      return 'is lost' as const
    }
    const killed = relays.get(writer.user)!.ambush({ step: 'gate', nth: 1, moment: 'before', strike })
    await begin()
    await within('the one before is killed', killed)
    await end(writer)
    if (!run.isLeaseKept) await site.freeLease()
  }
  // It may be struck by what came before, and then this waits until all is mended.
  const begun = waylaid === writer ? begin() : null
  await within(`${step} was reached`, struck)
  if (victim === 'kube-apiserver killed' || victim === 'etcd killed') {
    await revive(victim === 'etcd killed' ? 'etcd' : 'kube-apiserver')
    await begun
    return settle(run, app, waylaid)
  }
  await begun
  if (victim === 'edgetwin killed') await end(waylaid)
  if (!run.isLeaseKept) await site.freeLease()
  const next = await start(victim === 'edgetwin killed' ? waylaid.user : other(waylaid))
  await eventually('it has taken over', async () => WRITES.test(await stateOf(next)), SETTLED_WITHIN_MS)
  await settle(run, app, next)
  if (victim === 'edgetwin killed') return
  const before = auditOf(site.lab).length
  waylaid.child.kill('SIGCONT')
  goOn()
  await sleep(LATE_MS)
  const entries = auditOf(site.lab).slice(before)
  expect(writesOf(userName(waylaid.user), entries)).toEqual([])
  await end(waylaid)
  await settle(run, app, next)
}

/** What an edgetwin says of itself when the ledger is its own to write. */
const WRITES = /ledger\b.*epoch \d/
const stateOf = async ({ url }: Twin): Promise<string> => (await fetch(`${url}/readyz?verbose`)).text()

/** Of an API server, with those who would wait for half a minute before they ask it again when it was away several times. */
async function revive(component: 'etcd' | 'kube-apiserver'): Promise<void> {
  const dependents = component === 'etcd' ? [] : (['kube-scheduler', 'kube-controller-manager'] as const)
  const services = [component, ...dependents].map((each) => site.lab.service(each))
  await Promise.all(services.map((service) => service.kill()))
  for (const service of services.splice(0, 1)) await service.start()
  await Promise.all(services.map((service) => service.start()))
}

async function settle(run: Run, app: string, twin: Twin): Promise<void> {
  await checkTwin(twin)
  await eventually('the story has ended well', () => isSettled(run, app), SETTLED_WITHIN_MS)
  await checkTwin(twin)
  checkAudit()
}

function within(what: string, done: Promise<void>): Promise<unknown> {
  let isDone = false
  void done.then(() => {
    isDone = true
  })
  return eventually(what, async () => isDone, SETTLED_WITHIN_MS)
}

it(`a twin stands ready (${REPLAY})`, async () => {
  const twin = await theWriter()
  await checkTwin(twin)
}, 120_000)

describe.each(PROTOCOL_STEPS)('at %s', (step) => {
  it.each(RUNS.filter((run) => run.step === step))(
    '$title',
    async (run) => {
      const app = `app-${run.index}`
      try {
        await play(run, app)
      } finally {
        for (const relay of relays.values()) relay.forget()
        for (const { child } of twins.values()) child.kill('SIGCONT')
        for (const component of ['etcd', 'kube-apiserver'] as const)
          if (site.lab.service(component).pid() === undefined) await revive(component)
        await tidy(app)
      }
    },
    300_000,
  )
})

describe('in the end', () => {
  it('more moves were wanted than the budget has, and were refused', async () => {
    const twin = await theWriter()
    const refusals = async () => {
      const { items } = await twin.get<{ items: DecisionRecord[] }>('/api/v1/entities/decision')
      return items.flatMap(({ reported }) => reported.refused.map(({ reason }) => reason))
    }
    for (let tries = 0; tries <= MOVES_MAX; tries++) {
      const app = `more-${tries}`
      const begin = await prepare('move', app)
      const before = deedsIn(auditOf(site.lab)).length
      await begin()
      await eventually('moved or refused', async () => {
        const isMoved = deedsIn(auditOf(site.lab)).length >= before + 2
        return isMoved || (await refusals()).some((reason) => / moves in all within /.test(reason))
      })
      await tidy(app)
    }
    expect(await refusals()).toContainEqual(expect.stringMatching(/^3 moves in all within 300 s, and 3 are allowed/))
    checkAudit()
  }, 120_000)

  it('the checks find what they look for, in the log of this very run', () => {
    const entries = auditOf(site.lab)
    const deeds = deedsIn(entries)
    const [deed] = deeds
    expect(doneTwice([...deeds, deed!])).toHaveLength(1)
    expect(notReserved([{ ...deed!, auditId: 'unheard-of.1' }], entries)).toEqual(['unheard-of.1'])
    expect(mostWithin([0, 1, 299_999, 300_000], WINDOW_MS)).toBe(3)
    expect(writesOf(userName('twin-a'), entries).length).toBeGreaterThan(0)
    const evictions = deeds.filter(({ kind }) => kind === 'evict')
    const moves = evictions.filter(({ uid }) => !rescued.has(uid))
    const slowest = Math.round(Math.max(...tookMs))
    process.stderr.write(
      `${RUNS.length} runs, seed ${SEED}: ${deeds.length - evictions.length} pods released, ${evictions.length} evicted, ${moves.length} of them ` +
        `from nodes that were well; twin as a fresh list after at most ${slowest} ms, ${Math.round((atMs(entries.at(-1)!) - atMs(entries[0]!)) / 1_000)} s\n`,
    )
  })
})
