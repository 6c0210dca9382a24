/** Every arrow of every machine, written out here and not taken from it; whatever is not listed is divergence. */
import { describe, expect, it } from '@jest/globals'
import type { AnyStateMachine } from 'xstate'
import { JOB_STATUSES } from '../events/work-events.ts'
import { ACCELERATOR_MODES, acceleratorMachine } from './accelerator.ts'
import { CAMERA_MODES, cameraMachine } from './camera.ts'
import { DECISION_MODES, decisionMachine } from './decision-record.ts'
import { jobMachine } from './job.ts'
import { LINK_MODES, linkMachine } from './link.ts'
import { modeTable } from './mode-table.ts'
import { NODE_MODES, nodeMachine } from './node.ts'
import { POD_MODES, podMachine } from './pod.ts'
import { REQUEST_MODES, requestMachine } from './request.ts'

interface Expected {
  readonly machine: AnyStateMachine
  readonly modes: readonly string[]
  readonly initial: string
  /** `from signal to`. */
  readonly arrows: readonly string[]
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  node: {
    machine: nodeMachine,
    modes: NODE_MODES,
    initial: 'expected',
    arrows: [
      'expected observed expected',
      'expected becameReady ready',
      'expected becameNotReady notReady',
      'expected gone gone',
      'ready observed ready',
      'ready becameReady ready',
      'ready becameNotReady notReady',
      'ready gone gone',
      'notReady observed notReady',
      'notReady becameReady ready',
      'notReady becameNotReady notReady',
      'notReady gone gone',
      'gone observed expected',
    ],
  },
  camera: {
    machine: cameraMachine,
    modes: CAMERA_MODES,
    initial: 'expected',
    arrows: [
      'expected observed expected',
      'expected cameOnline online',
      'expected degraded degraded',
      'expected wentOffline offline',
      'expected gone gone',
      'online observed online',
      'online cameOnline online',
      'online degraded degraded',
      'online wentOffline offline',
      'online gone gone',
      'degraded observed degraded',
      'degraded cameOnline online',
      'degraded degraded degraded',
      'degraded wentOffline offline',
      'degraded gone gone',
      'offline observed offline',
      'offline cameOnline online',
      'offline degraded degraded',
      'offline wentOffline offline',
      'offline gone gone',
      'gone observed expected',
    ],
  },
  accelerator: {
    machine: acceleratorMachine,
    modes: ACCELERATOR_MODES,
    initial: 'offline',
    arrows: [
      'offline observed unallocated',
      'offline claimed offline',
      'offline released offline',
      'offline failed failed',
      'offline gone offline',
      'unallocated observed unallocated',
      'unallocated claimed allocated',
      'unallocated failed failed',
      'unallocated recovered unallocated',
      'unallocated gone offline',
      'allocated observed allocated',
      'allocated released unallocated',
      'allocated failed failed',
      'allocated recovered allocated',
      'allocated gone offline',
      'failed observed failed',
      'failed released failed',
      'failed failed failed',
      'failed recovered unallocated',
      'failed gone offline',
    ],
  },
  link: {
    machine: linkMachine,
    modes: LINK_MODES,
    initial: 'expected',
    arrows: [
      'expected observed expected',
      'expected wentUp up',
      'expected wentDown down',
      'expected gone gone',
      'up observed up',
      'up wentUp up',
      'up wentDown down',
      'up gone gone',
      'down observed down',
      'down wentUp up',
      'down wentDown down',
      'down gone gone',
      'gone observed expected',
    ],
  },
  pod: {
    machine: podMachine,
    modes: POD_MODES,
    initial: 'expected',
    arrows: [
      'expected created pending',
      'pending gated gated',
      'pending bound bound',
      'pending failed failed',
      'pending evicted evicted',
      'gated bound bound',
      'gated failed failed',
      'gated evicted evicted',
      'bound started running',
      'bound failed failed',
      'bound evicted evicted',
      'running finished succeeded',
      'running failed failed',
      'running evicted evicted',
    ],
  },
  request: {
    machine: requestMachine,
    modes: REQUEST_MODES,
    initial: 'expected',
    arrows: [
      'expected requested waiting',
      'waiting assigned assigned',
      'waiting failed failed',
      'assigned assigned assigned',
      'assigned completed completed',
      'assigned failed failed',
    ],
  },
  job: {
    machine: jobMachine,
    modes: JOB_STATUSES,
    initial: 'Enqueue',
    arrows: [
      'Enqueue Enqueue Enqueue',
      'Enqueue Preprocessing Preprocessing',
      'Enqueue Exit Exit',
      'Preprocessing Preprocessing_complete Preprocessing_complete',
      'Preprocessing Enqueue Enqueue',
      'Preprocessing Exit Exit',
      'Preprocessing_complete Inferencing Inferencing',
      'Preprocessing_complete Exit Exit',
      'Inferencing Inferencing_complete Inferencing_complete',
      'Inferencing Preprocessing_complete Preprocessing_complete',
      'Inferencing Exit Exit',
      'Inferencing_complete Postprocessing Postprocessing',
      'Inferencing_complete Exit Exit',
      'Postprocessing Postprocessing_complete Postprocessing_complete',
      'Postprocessing Inferencing_complete Inferencing_complete',
      'Postprocessing Exit Exit',
      'Postprocessing_complete Exit Exit',
    ],
  },
  decision: {
    machine: decisionMachine,
    modes: DECISION_MODES,
    initial: 'expected',
    arrows: [
      'expected made proposed',
      'proposed approved approved',
      'proposed rejected rejected',
      'proposed expired expired',
      'proposed refused refused',
      'approved applied applied',
      'approved refused refused',
      'approved expired expired',
      'applied applied applied',
      'applied refused applied',
      'applied verified verified',
      'applied expired expired',
    ],
  },
}

describe.each(Object.entries(EXPECTED))('machine %s', (_, { machine, modes, initial, arrows }) => {
  const rows = arrows.map((arrow): [string, string, string] => {
    const [from = '', signal = '', to = ''] = arrow.split(' ')
    return [from, signal, to]
  })
  const table = modeTable<string, string>(machine, modes)

  it('starts where it should', () => expect(table.initial).toBe(initial))

  it.each(rows)('%s --%s--> %s', (from, signal, to) => {
    expect(table.step(from, signal)).toEqual({ mode: to, expected: true })
  })

  it('has these arrows and no others', () => {
    const listed = new Set(rows.map(([from, signal]) => `${from} ${signal}`))
    expect(listed.size).toBe(rows.length)
    const has = Object.entries(machine.states).flatMap(([mode, state]) => state.ownEvents.map((signal: string) => `${mode} ${signal}`))
    expect(has.sort()).toEqual([...listed].sort())
    for (const mode of modes) {
      for (const signal of [...new Set(rows.map(([, each]) => each)), 'xstate.stop', 'unheard-of']) {
        if (!listed.has(`${mode} ${signal}`)) expect(table.step(mode, signal)).toEqual({ mode, expected: false })
      }
    }
  })
})

it('a job has exactly the eight states of its table', () => {
  const states = 'Enqueue Preprocessing Preprocessing_complete Inferencing Inferencing_complete Postprocessing Postprocessing_complete Exit'
  expect(Object.keys(jobMachine.states)).toEqual(states.split(' '))
})

it('a machine and its type cannot drift apart', () => {
  expect(() => modeTable(podMachine, ['expected', 'pending'])).toThrow('different modes')
  expect(() => modeTable(linkMachine, ['expected', 'up', 'down', 'lost'])).toThrow('a mode gone')
})
