import { expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { Logger } from '../../../models/ports.ts'
import { drawsOf } from '../../simulated-site/random.ts'
import type { KubeRequest } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import { anApiModel } from '../testing/api-model.ts'
import { aFaultyClient, type Faults } from '../testing/faulty-client.ts'
import { aProcess, aWorld, type Process } from '../testing/virtual-world.ts'
import { type Leader, type LeaderOptions, runLeader } from './leader.ts'

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const NO_FAULTS: Faults = {
  lostRatio: 0,
  answerLostRatio: 0,
  lateRatio: 0,
  staleRatio: 0,
  killRatio: 0,
  stopRatio: 0,
  untilMs: 0,
  isDown: () => false,
}

function aRace(seed: number, faults: Faults = NO_FAULTS) {
  const world = aWorld()
  const random = drawsOf(seed, 'leader').uniform
  const requests: KubeRequest[] = []
  const api = anApiModel({ nowMs: world.nowMs, later: () => {}, podCount: 0, onTaken: () => {} })
  const runners: { readonly process: Process; readonly leader: Leader; readonly skewMs: number }[] = []
  const start = (some: Partial<LeaderOptions> = {}) => {
    const process = aProcess(`twin-${runners.length}`)
    const faulty = aFaultyClient({ world, api, process, random, faults, onKill: () => {} })
    const client: typeof faulty = {
      ...faulty,
      request(wanted) {
        requests.push(wanted)
        return faulty.request(wanted)
      },
    }
    const skewMs = random() * 1e9
    const leader = runLeader({
      client,
      identity: process.name,
      clock: () => Math.round(random() * 1e12),
      monotonic: () => world.nowMs() + skewMs,
      wait: (ms) => new Promise((resolve) => world.at(world.nowMs() + ms, resolve, process)),
      random,
      log: silent,
      ...some,
    })
    const runner = { process, leader, skewMs }
    runners.push(runner)
    return runner
  }
  /** Whoever would act if it took a step now. */
  const acting = () => runners.filter(({ process, leader }) => process.isAlive && leader.mayAct())
  return { world, api, start, acting, requests }
}

it('says who leads, and of itself that it led when the server is away', async () => {
  let isDown = false
  const race = aRace(1, { ...NO_FAULTS, isDown: () => isDown })
  const first = race.start().leader
  await race.world.run(10_000)
  expect(first.waitsFor()).toBeNull()
  const second = race.start().leader
  await race.world.run(20_000)
  expect(second.waitsFor()).toBe('twin-0 leads, this one (twin-1) does not')
  isDown = true
  await race.world.run(32_000)
  expect(first.waitsFor()).toBe('twin-0 led until it could not renew its lease')
})

it('lets one lead, and another within 20 s of its death whatever their wall clocks say', async () => {
  const { world, start, acting } = aRace(1)
  const one = start()
  await world.run(1_000)
  const two = start()
  await world.run(30_000)
  expect(acting()).toEqual([one])
  one.process.isAlive = false
  await world.run(50_000)
  expect(acting()).toEqual([two])
  expect(two.leader.transitions()).toBe(1)
})

it('gives the lease back when it stops, so that another leads with its next look', async () => {
  const { world, start, acting } = aRace(2)
  const one = start()
  await world.run(1_000)
  const two = start()
  await world.run(6_000)
  void one.leader.stop()
  expect(one.leader.mayAct()).toBe(false)
  await world.run(11_500)
  expect(acting()).toEqual([two])
})

it('leads no longer than it can renew, and never while another may', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const random = drawsOf(seed, 'faults').uniform
      const down = { atMs: 5_000 + random() * 60_000, forMs: random() * 40_000 }
      const faults = {
        ...NO_FAULTS,
        lostRatio: random() * 0.3,
        answerLostRatio: random() * 0.3,
        stopRatio: random() * 0.1,
        untilMs: 100_000,
      }
      const { world, start, acting } = aRace(seed, { ...faults, isDown: (ms) => ms >= down.atMs && ms < down.atMs + down.forMs })
      for (let count = 0; count < 3; count++) start()
      for (let ms = 0; ms <= 160_000; ms += 100) {
        await world.run(ms)
        expect(acting().length).toBeLessThanOrEqual(1)
      }
      expect(acting()).toHaveLength(1)
    }),
    { seed: 1, numRuns: 25, endOnFailure: true },
  )
}, 30_000)

it("tells the server's time, not its own", async () => {
  const { world, start } = aRace(3)
  const { leader } = start()
  expect(leader.serverNowMs()).toBeNull()
  await world.run(20_000)
  expect(Math.abs((leader.serverNowMs() ?? 0) - 20_000)).toBeLessThanOrEqual(1_100)
})

it('in a dry run leaves the lease to whoever has it', async () => {
  const { world, start, requests, api } = aRace(4)
  start()
  await world.run(5_000)
  const lease = { path: '/apis/coordination.k8s.io/v1/namespaces/edgetwin-system/leases/edgetwin' }
  expect(api.handle(lease)).toMatchObject({ spec: { holderIdentity: 'twin-0' } })
  requests.length = 0
  const { leader } = start({ isDryRun: true })
  await world.run(6_000)
  expect(leader.mayAct()).toBe(true)
  expect(requests.filter(({ method, query }) => method === 'PUT' && query?.dryRun === 'All').length).toBeGreaterThan(0)
})

it('says what keeps it from leading', async () => {
  const { world, start } = aRace(5)
  const client = {
    server: '',
    watch: async () => {},
    close: () => {},
    request: () => Promise.reject(new KubeFailure('forbidden', 'leases is forbidden')),
  }
  const { leader } = start({ client })
  await world.run(3_000)
  expect(leader.status()).toMatchObject({ leads: false, holder: null, failure: { kind: 'forbidden', message: 'leases is forbidden' } })
})
