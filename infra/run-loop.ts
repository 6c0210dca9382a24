/**
 * Carries out what twin/loop.ts says is next: publishes the events of each step, and lets the placement
 * sink act. One step at a time, woken by changes, never twice at once.
 */
import { randomUUID } from 'node:crypto'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { Clock, Logger, PlacementSink, Stop } from '../models/ports.ts'
import { type LoopStep, nextLoopStep } from '../twin/loop.ts'
import type { LoopSettings } from '../twin/loop-settings.ts'
import type { TwinState } from '../twin/twin-state.ts'

export interface LoopOptions {
  readonly state: () => TwinState
  readonly publish: (events: readonly TwinEvent[]) => Promise<void>
  readonly sink: PlacementSink
  readonly registry: ImageRegistry
  readonly settings: LoopSettings
  readonly clock: Clock
  readonly log: Logger
  /** Between two looks at an unchanged situation, ms. */
  readonly periodMs: number
}

export interface RunningLoop {
  /** What it does now, or why it does nothing. */
  readonly status: () => string
  /** Something changed: look sooner than the period. */
  readonly wake: () => void
  readonly stop: Stop
}

/** Steps in a row without rest before it takes a breath: a guard against a loop that never settles. */
const STEPS_MAX = 20

export function runLoop(options: LoopOptions): RunningLoop {
  let status = 'starting'
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let isRunning = false

  const look = async (): Promise<void> => {
    for (let steps = 0; steps < STEPS_MAX && !isStopped; steps++) {
      const site = options.state().site
      if (site === null) return
      // Ages and predictions count from now, so the twin is told the time first.
      await options.publish([{ type: 'clock.ticked', site, timeMs: options.clock(), source: 'loop' }])
      const state = options.state()
      const step = nextLoopStep(state, {
        id: randomUUID(),
        registry: options.registry,
        settings: options.settings,
      })
      status = describe(step)
      if (step.kind === 'rest') return
      options.log.info({ step: step.kind, status }, 'loop step')
      await carryOut(step, site, options)
    }
  }
  const schedule = (delayMs: number): void => {
    clearTimeout(timer)
    if (isStopped) return
    timer = setTimeout(() => {
      isRunning = true
      running = look()
        .catch((error: unknown) => {
          status = `failed: ${error instanceof Error ? error.message : String(error)}`
          options.log.error({ error: status }, 'loop step failed; it will look again')
        })
        .finally(() => {
          isRunning = false
          schedule(options.periodMs)
        })
    }, delayMs)
  }
  schedule(0)
  return {
    status: () => status,
    wake: () => {
      if (!isRunning) schedule(0)
    },
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await running
    },
  }
}

async function carryOut(step: Exclude<LoopStep, { kind: 'rest' }>, site: string, options: LoopOptions): Promise<void> {
  const common = { site, timeMs: options.clock(), source: 'loop' }
  switch (step.kind) {
    case 'propose':
      return options.publish([{ type: 'decision.made', ...common, decision: step.decided.decision }])
    case 'approve':
      return options.publish([{ type: 'decision.approved', ...common, id: step.id, by: 'loop', reason: step.reason }])
    case 'expire':
      return options.publish([{ type: 'decision.expired', ...common, id: step.id, reason: step.reason }])
    case 'refuse':
      return options.publish([{ type: 'placement.refused', ...common, id: step.id, pod: null, reason: step.reason }])
    case 'verify': {
      const { id, predictedMakespanMs, observedMakespanMs } = step
      const errorRatio = Math.abs(observedMakespanMs - predictedMakespanMs) / Math.max(1, predictedMakespanMs)
      return options.publish([{ type: 'placement.verified', ...common, id, predictedMakespanMs, observedMakespanMs, errorRatio }])
    }
    case 'apply':
      return applyPlacements(step.record, site, options)
  }
}

/** One placement after the other, in the plan's order: queues fill in the order in which pods are bound. */
async function applyPlacements({ id, desired }: DecisionRecord, site: string, { sink, publish, clock }: LoopOptions): Promise<void> {
  for (const placement of desired?.placements ?? []) {
    const result = await sink.apply(placement, { decisionId: id })
    const common = { site, timeMs: clock(), source: 'loop', id, pod: placement.pod }
    if (result.ok) await publish([{ type: 'placement.applied', ...common, replacement: result.replacement, accelerator: placement.to }])
    else await publish([{ type: 'placement.refused', ...common, reason: result.reason }])
  }
}

function describe(step: LoopStep): string {
  switch (step.kind) {
    case 'rest':
      return step.reason
    case 'propose':
      return `proposes: ${step.decided.decision.summary}`
    case 'apply':
      return `applies plan ${step.record.id}`
    case 'verify':
      return `verified plan ${step.id}`
    default:
      return `${step.kind}s plan ${step.id}: ${step.reason}`
  }
}
