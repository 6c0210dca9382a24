/**
 * One whole story drawn from a seed: two edgetwins that want to place and move pods, with everything going wrong for a while and nothing
 * after. What must never happen is checked at each change the server takes; that all settles, at the end.
 */
import type { Logger } from '../../../models/ports.ts'
import { drawsOf } from '../../simulated-site/random.ts'
import type { Wanted } from '../act/actions.ts'
import { createActuator } from '../act/actuation.ts'
import { runLeader } from '../act/leader.ts'
import { type LedgerStore, openLedger } from '../act/ledger.ts'
import type { Budget } from '../act/ledger-state.ts'
import { OWN_SCHEDULER } from '../act/prepare-action.ts'
import { isGatedByUs } from '../act/scheduler-view.ts'
import type { KubeClient } from '../kube-client.ts'
import type { WatchedPod } from '../watched.ts'
import { type ApiModel, anApiModel, type Taken } from './api-model.ts'
import { aFaultyClient, type Faults } from './faulty-client.ts'
import { aProcess, aWorld } from './virtual-world.ts'

/** A guard that is taken out, to see that its absence is found. */
export interface Planted {
  readonly client?: (client: KubeClient) => KubeClient
  readonly ledger?: (store: LedgerStore, identity: string) => LedgerStore
}

export interface RunReport {
  readonly violations: readonly string[]
  readonly placed: number
  readonly evicted: number
  readonly processes: number
  readonly takeovers: number
}

const FAULTY_MS = 90_000
const HEALTHY_MS = 90_000
export const RUN_BUDGET: Budget = {
  windowMs: 30_000,
  movesMax: 2,
  movesPerNamespaceMax: 2,
  movesPerNodeMax: 2,
  inFlightMax: 8,
  coolDownMs: 20_000,
}
/** The server tells its time in whole seconds, and its answer may take as long as a renewal may. */
const CLOCK_ERROR_MS = 6_000
/** A request of the model's network may be under way for 45 s. */
const LATE_MS_MAX = 45_000 + 10_000 + CLOCK_ERROR_MS
/** The rest is for what was begun to come to its end. */
const MOVES_UNTIL_MS = FAULTY_MS + HEALTHY_MS - 45_000

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** @param logOf for who looks into one of them. */
export async function runActuations(
  seed: number,
  planted: Planted = {},
  logOf: (process: string, nowMs: () => number) => Logger = () => silent,
): Promise<RunReport> {
  const draws = drawsOf(seed, 'actuation')
  const random = () => draws.uniform()
  const world = aWorld()
  const watch = aWatch()
  const api = anApiModel({
    nowMs: () => world.nowMs(),
    later: (step) => world.at(world.nowMs() + 20 + random() * 2_000, step),
    podCount: 4,
    onTaken: watch.take,
  })
  const faults = drawFaults(random)
  let processes = 0
  const start = (): void => {
    const process = aProcess(`twin-${++processes}`)
    const wait = (ms: number) => new Promise<void>((resolve) => world.at(world.nowMs() + ms, resolve, process))
    const onKill = () => world.at(world.nowMs() + 500 + random() * 5_000, start)
    const faulty = aFaultyClient({ world, api, process, random, faults, onKill })
    const client = planted.client?.(faulty) ?? faulty
    const aheadMs = random() * 7_200_000 - 3_600_000
    const skewMs = random() * 1e9
    const parts = {
      client,
      wait,
      random,
      log: logOf(process.name, world.nowMs),
      clock: () => Math.max(0, Math.round(world.nowMs() + aheadMs)),
      monotonic: () => world.nowMs() + skewMs,
    }
    const store = openLedger(parts)
    const ledger = planted.ledger?.(store, process.name) ?? store
    const leader = runLeader({ ...parts, identity: process.name, onChange: (leads) => (leads ? void actuator.tidyUp() : undefined) })
    let seen = { nodes: api.nodes, pods: [...api.pods.values()], namespaces: [] }
    const actuator = createActuator({ ...parts, ledger, leader, budget: () => RUN_BUDGET, view: () => seen })
    void live(async (round) => {
      if (random() < 0.5) seen = { ...seen, pods: [...api.pods.values()] }
      if (round % 4 === 0) void actuator.tidyUp()
      if (!leader.mayAct()) return
      const moveRatio = world.nowMs() < MOVES_UNTIL_MS ? 0.3 : 0
      const decision = `${process.name}-${round}`
      for (const pod of seen.pods) for (const wanted of drawWanted(pod, { decision, moveRatio, random })) void actuator.carryOut(wanted)
    }, wait)
  }
  start()
  start()
  if (random() < 0.3) world.at(random() * FAULTY_MS, api.deleteLease)
  if (random() < 0.3) world.at(random() * FAULTY_MS, () => api.deletePod([...api.pods.keys()][0] ?? ''))
  await world.run(FAULTY_MS + HEALTHY_MS)
  return { ...watch.report(api), processes }
}

async function live(round: (count: number) => Promise<void>, wait: (ms: number) => Promise<void>): Promise<void> {
  for (let count = 1; ; count++) {
    await round(count)
    await wait(1_200)
  }
}

function drawFaults(random: () => number): Faults {
  const upTo = (most: number) => (random() < 0.5 ? 0 : random() * most)
  const outage = { atMs: random() * FAULTY_MS, forMs: random() < 0.3 ? random() * 20_000 : 0 }
  return {
    lostRatio: upTo(0.1),
    answerLostRatio: upTo(0.15),
    lateRatio: upTo(0.15),
    staleRatio: upTo(0.2),
    killRatio: upTo(0.03),
    stopRatio: upTo(0.03),
    untilMs: FAULTY_MS,
    isDown: (timeMs) => timeMs >= outage.atMs && timeMs < outage.atMs + outage.forMs,
  }
}

interface Mood {
  readonly decision: string
  readonly moveRatio: number
  readonly random: () => number
}

function drawWanted(pod: WatchedPod, { decision, moveRatio, random }: Mood): readonly Wanted[] {
  const ref = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid }
  const first = 1 + Math.floor(random() * 4)
  const nodes = [`edge-${first}`, `edge-${(first % 4) + 1}`]
  const common = { pod: ref, decision: `${decision}-${ref.name}`, nodes }
  if (isGatedByUs(pod)) return [{ action: { ...common, kind: 'gate', topK: 2 }, until: 'placed' }]
  if (pod.spec.nodeName === undefined && pod.spec.schedulerName === OWN_SCHEDULER)
    return [{ action: { pod: ref, decision: common.decision, kind: 'bind', node: `edge-${first}` }, until: 'placed' }]
  return random() < moveRatio ? [{ action: { ...common, kind: 'evict' }, until: 'gone' }] : []
}

function aWatch() {
  const violations: string[] = []
  const done = new Map<string, string>()
  const moves = new Map<number, { readonly timeMs: number; readonly workload: string }>()
  const counts = { placed: 0, evicted: 0, takeovers: 0 }
  let epoch = 0
  let reserved = new Set<number>()
  const wrong = (text: string): void => void violations.push(text)

  const takeLedger = ({ ledger }: Taken): void => {
    if (ledger === null) return
    if (ledger.epoch < epoch) wrong(`epoch ${ledger.epoch} after ${epoch}`)
    if (ledger.epoch > epoch) counts.takeovers++
    epoch = Math.max(epoch, ledger.epoch)
    for (const { serial, epoch: its, uid } of ledger.intents) {
      if (reserved.has(serial)) continue
      if (its !== epoch) wrong(`reserved with epoch ${its} while ${epoch} writes`)
      if (ledger.intents.filter((other: { uid: string }) => other.uid === uid).length > 1) wrong(`${uid} reserved twice at once`)
    }
    reserved = new Set(ledger.intents.map(({ serial }: { serial: number }) => serial))
  }
  const takeEffect = ({ what, auditId, uid, timeMs, ledger }: Taken): void => {
    const serial = Number(auditId.split('.').at(-1))
    const intent = ledger?.intents.find((one: { serial: number; uid: string }) => one.serial === serial && one.uid === uid)
    if (intent === undefined) wrong(`${what} of ${uid} without a reservation (${auditId})`)
    if (done.has(`${what} ${uid}`)) wrong(`${what} of ${uid} twice: ${done.get(`${what} ${uid}`)} and ${auditId}`)
    done.set(`${what} ${uid}`, auditId)
    const lateMs = intent === undefined ? 0 : timeMs - intent.atMs
    if (lateMs > LATE_MS_MAX || lateMs < -CLOCK_ERROR_MS) wrong(`${what} of ${uid} ${lateMs} ms after it was counted`)
    if (what === 'place') counts.placed++
    if (what !== 'evict' || intent === undefined) return
    counts.evicted++
    // A move counts from when it was reserved: that one takes effect later than another shifts no window.
    moves.set(serial, { timeMs: intent.atMs, workload: intent.workload })
    for (const { timeMs: fromMs } of moves.values()) {
      const within = [...moves.values()].filter((move) => move.timeMs >= fromMs && move.timeMs - fromMs < RUN_BUDGET.windowMs)
      if (within.length > RUN_BUDGET.movesMax) wrong(`${within.length} moves within ${RUN_BUDGET.windowMs} ms at ${timeMs}`)
      const same = within.filter((move) => move.workload === intent.workload && Math.abs(move.timeMs - intent.atMs) < RUN_BUDGET.coolDownMs)
      if (same.length > 1) wrong(`${intent.workload} moved ${same.length} times within its cool-down`)
    }
  }
  return {
    take: (taken: Taken): void => (taken.what === 'ledger' ? takeLedger(taken) : takeEffect(taken)),
    report(api: ApiModel) {
      const waiting = [...api.pods.values()].filter((pod) => pod.spec.nodeName === undefined)
      const left = api.ledger()?.intents ?? []
      if (waiting.length > 0) wrong(`${waiting.length} pods wait at the end`)
      if (left.length > 0) wrong(`${left.length} intents are left at the end`)
      return { violations, ...counts }
    },
  }
}
