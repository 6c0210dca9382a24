/**
 * One process's connection to the model of the API server, through a network and on a machine that do what they must not: requests are
 * lost, arrive long after they were given up, or take effect without an answer; the process is killed or stopped before or after any of them.
 */
import type { KubeClient, KubeRequest } from '../kube-client.ts'
import { KubeFailure } from '../kube-failure.ts'
import type { ApiModel } from './api-model.ts'
import type { Process, World } from './virtual-world.ts'

export interface Faults {
  /** Of each request, while they last. */
  readonly lostRatio: number
  readonly answerLostRatio: number
  readonly lateRatio: number
  readonly staleRatio: number
  readonly killRatio: number
  readonly stopRatio: number
  readonly untilMs: number
  isDown(timeMs: number): boolean
}

export interface FaultyOptions {
  readonly world: World
  readonly api: ApiModel
  readonly process: Process
  readonly random: () => number
  readonly faults: Faults
  readonly onKill: () => void
}

export function aFaultyClient({ world, api, process, random, faults, onKill }: FaultyOptions): KubeClient {
  const drawn = (ratio: number): boolean => world.nowMs() < faults.untilMs && random() < ratio
  /** @returns whether it still goes on at this instant. */
  const interrupted = (): 'killed' | 'stopped' | 'on' => {
    if (drawn(faults.killRatio)) {
      process.isAlive = false
      onKill()
      return 'killed'
    }
    if (drawn(faults.stopRatio)) {
      process.stoppedUntilMs = world.nowMs() + 1_000 + random() * 40_000
      return 'stopped'
    }
    return 'on'
  }
  const send = (wanted: KubeRequest, resolve: (value: never) => void, reject: (error: unknown) => void): void => {
    const { timeoutMs = 10_000, method = 'GET', path } = wanted
    const sentMs = world.nowMs()
    const answer = (afterMs: number, deliver: () => void) => world.at(world.nowMs() + afterMs, deliver, process)
    const giveUp = () => {
      const isQuick = random() < 0.5
      const failure = new KubeFailure(isQuick ? 'unreachable' : 'timeout', isQuick ? 'socket hang up' : 'no answer')
      world.at(sentMs + (isQuick ? 30 : timeoutMs), () => reject(failure), process)
    }
    if (drawn(faults.lostRatio) || faults.isDown(sentMs)) return giveUp()
    const isLate = drawn(faults.lateRatio)
    if (isLate) giveUp()
    const isUnanswered = drawn(faults.answerLostRatio)
    if (isUnanswered && !isLate) giveUp()
    const isStale = method === 'GET' && drawn(faults.staleRatio)
    const arrivesMs = sentMs + (isLate ? random() * 45_000 : 1 + random() * 15)
    world.at(arrivesMs, () => {
      let outcome: () => void
      try {
        const stale = isStale ? api.staleOf(path) : null
        const value = structuredClone(stale ?? api.handle(wanted))
        outcome = () => resolve(value as never)
      } catch (error) {
        outcome = () => reject(error)
      }
      if (isLate || isUnanswered) return
      // Done by the server, and the process ends or stops before it hears of it.
      if (process.isAlive && method !== 'GET') interrupted()
      answer(1 + random() * 15, outcome)
    })
  }
  return {
    server: 'https://model',
    request: (wanted) =>
      new Promise((resolve, reject) => {
        const now = interrupted()
        if (now === 'killed') return
        if (now === 'on') return send(wanted, resolve, reject)
        world.at(world.nowMs(), () => send(wanted, resolve, reject), process)
      }),
    watch: () => Promise.reject(new Error('not part of the model')),
    close: () => {},
  }
}
