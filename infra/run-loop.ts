/**
 * Carries out what twin/loop.ts says is next: publishes the events of each step, and lets the placement
 * sink act. One step at a time, woken by changes, never twice at once, and never on a twin that has not yet
 * heard of the last step.
 */
import { randomUUID } from 'node:crypto'
import { type StartTimer, startTimer } from '../connectors/simulated-site/agenda.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { TwinEvent } from '../models/events/events.ts'
import type { Clock, Logger, PlacementSink, Stop } from '../models/ports.ts'
import { type LoopStep, nextLoopStep } from '../twin/loop.ts'
import type { LoopSettings } from '../twin/loop-settings.ts'
import { LOOP } from '../twin/may-place.ts'
import type { RulesFor } from '../twin/pod-rules.ts'
import type { TwinState } from '../twin/twin-state.ts'

export interface LoopOptions {
  readonly state: () => TwinState
  readonly publish: (events: readonly TwinEvent[]) => Promise<unknown>
  readonly sink: PlacementSink
  readonly registry: ImageRegistry
  readonly settings: LoopSettings
  /** Where people may allow more or less for single pods. */
  readonly rulesFor?: RulesFor | undefined
  /** The twin with what the site's own scheduler would refuse: plans are made on that one. */
  readonly withRejections?: ((state: TwinState) => TwinState) | undefined
  /** While it is false it only waits; default: always true. */
  readonly mayAct?: () => boolean
  /** Why nothing could be placed now, whatever it is: no plan is then made that must fail. Null: it could. */
  readonly waitsFor?: (() => string | null) | undefined
  readonly clock: Clock
  readonly log: Logger
  /** Between two looks at an unchanged situation, ms. */
  readonly periodMs: number
  readonly timer?: StartTimer
  readonly newId?: () => string
}

export interface RunningLoop {
  /** What it does now, or why it does nothing. */
  readonly status: () => string
  /** Something changed: look sooner than the period. */
  readonly wake: () => void
  readonly stop: Stop
}

type Action = Exclude<LoopStep, { kind: 'rest' }>

/** Steps other than placements in a row before it takes a breath: a guard against a loop that never settles. */
const STEPS_MAX = 20
/** An event that has not come back by then will not: the log took it, and the codec did not. */
const ECHO_MS_MAX = 10_000
const FAILURE_PAUSE_MS_MAX = 30_000

export function runLoop(options: LoopOptions): RunningLoop {
  const { state, log, clock, periodMs, mayAct = () => true, waitsFor = () => null, timer = startTimer } = options
  let status = 'starting'
  let statusMode = state().loopMode
  let isStopped = false
  let isWoken = false
  let failureCount = 0
  let isAwaited = (): boolean => false
  let cancel = (): void => {}
  let running: Promise<void> | null = null

  /** @returns whether there is nothing more to do for now. */
  const look = async (): Promise<boolean> => {
    for (let steps = 0; steps < STEPS_MAX && !isStopped; ) {
      if (!mayAct()) {
        status = 'waits: the site is being handed over'
        return true
      }
      if (isAwaited()) {
        status = 'waits until the twin has heard of the last step'
        return true
      }
      // What a person approves is tried all the same, and tells its reason there.
      const obstacle = state().loopMode === 'auto' ? waitsFor() : null
      if (obstacle !== null) {
        status = `waits: ${obstacle}`
        statusMode = 'auto'
        return true
      }
      const step = await nextStep(options)
      if (step === null) return true
      status = describe(step)
      statusMode = state().loopMode
      if (step.kind === 'rest') return true
      log.info({ step: step.kind, ...('id' in step ? { plan: step.id } : {}), status }, 'loop step')
      const echo = echoOf(step, options)
      await carryOut(step, options)
      isAwaited = echo
      if (step.kind !== 'apply' && step.kind !== 'record') steps++
    }
    return false
  }
  const schedule = (delayMs: number): void => {
    cancel()
    if (!isStopped) cancel = timer(delayMs, start)
  }
  const start = (): void => {
    isWoken = false
    running = look()
      .then((isSettled) => {
        failureCount = 0
        return isSettled
      })
      .catch((error: unknown) => {
        failureCount++
        status = `failed, will look again: ${error instanceof Error ? error.message : String(error)}`
        log.error({ error: status, failureCount, timeMs: clock() }, 'loop step failed')
        return false
      })
      .then((isSettled) => {
        running = null
        // What fails or never settles is not made better by haste, nor by being woken.
        schedule(isSettled && isWoken ? 0 : Math.min(FAILURE_PAUSE_MS_MAX, periodMs * 2 ** failureCount))
      })
  }
  schedule(0)
  return {
    // What was so in the mode before is no answer to who has just changed it.
    status: () => (state().loopMode === statusMode ? status : `looks at the site anew in mode ${state().loopMode}`),
    wake: () => {
      if (isWoken || failureCount > 0) return
      isWoken = true
      if (running === null) schedule(0)
    },
    stop: async () => {
      isStopped = true
      cancel()
      await running
    },
  }
}

/** The next step on the newest twin; null before anything is known of the site. */
async function nextStep({
  state,
  publish,
  clock,
  registry,
  settings,
  rulesFor,
  withRejections = (plain) => plain,
  newId = randomUUID,
}: LoopOptions): Promise<LoopStep | null> {
  const { site } = state()
  if (site === null) return null
  const options = { id: newId(), registry, settings, ...(rulesFor === undefined ? {} : { rulesFor }) }
  const wanted = nextLoopStep(withRejections(state()), options)
  if (wanted.kind === 'rest') return wanted
  // Ages and predictions count from now, so before anything is done the twin is told the time.
  await publish([{ type: 'clock.ticked', site, timeMs: clock(), source: 'loop' }])
  return nextLoopStep(withRejections(state()), options)
}

/** Every step leaves its mark on its decision. @returns whether the twin has yet to hear of it. */
function echoOf(step: Action, { state, clock }: LoopOptions): () => boolean {
  const id = step.kind === 'propose' ? step.decided.decision.id : step.id
  const before = state().entities.decision.get(id)
  const untilMs = clock() + ECHO_MS_MAX
  return () => state().entities.decision.get(id) === before && clock() < untilMs
}

async function carryOut(step: Action, { state, publish, sink, clock }: LoopOptions): Promise<unknown> {
  const site = state().site ?? ''
  const publishOne = (event: TwinEvent): Promise<unknown> => publish([event])
  const common = { site, timeMs: clock(), source: 'loop' }
  switch (step.kind) {
    case 'propose':
      return publishOne({ type: 'decision.made', ...common, decision: step.decided.decision })
    case 'approve':
      return publishOne({ type: 'decision.approved', ...common, id: step.id, by: LOOP, reason: step.reason })
    case 'expire':
      return publishOne({ type: 'decision.expired', ...common, id: step.id, reason: step.reason })
    case 'refuse':
      return publishOne({ type: 'placement.refused', ...common, id: step.id, pod: step.pod, reason: step.reason })
    case 'record':
      return publishOne(applied(step, step.runsAs, common))
    case 'apply': {
      const { id, placement } = step
      const result = await sink.apply(placement, { decisionId: id })
      const now = { ...common, timeMs: clock() }
      if (result.ok) return publishOne(applied(step, result.replacement ?? placement.pod, now))
      return publishOne({ type: 'placement.refused', ...now, id, pod: placement.pod, reason: result.reason.slice(0, 1_024) })
    }
    case 'verify': {
      const { id, predictedMakespanMs, observedMakespanMs, disturbedBy } = step
      const errorRatio = Math.min(1e6, Math.abs(observedMakespanMs - predictedMakespanMs) / Math.max(1, predictedMakespanMs))
      const measured = { id, predictedMakespanMs, observedMakespanMs, errorRatio }
      const disturbed = disturbedBy === null ? {} : { disturbedBy: disturbedBy.slice(0, 1_024) }
      return publishOne({ type: 'placement.verified', ...common, ...measured, ...disturbed })
    }
  }
}

function applied(
  { id, placement: { pod, to } }: Extract<LoopStep, { kind: 'apply' | 'record' }>,
  runsAs: string,
  common: { readonly site: string; readonly timeMs: number; readonly source: string },
): TwinEvent {
  return { type: 'placement.applied', ...common, id, pod, replacement: runsAs === pod ? null : runsAs, accelerator: to }
}

function describe(step: LoopStep): string {
  switch (step.kind) {
    case 'rest':
      return step.reason
    case 'propose':
      return `proposes: ${step.decided.decision.summary}`
    case 'approve':
      return `approves plan ${step.id}: ${step.reason}`
    case 'expire':
      return `gives up plan ${step.id}: ${step.reason}`
    case 'refuse':
      return `refuses ${step.pod === null ? '' : `pod ${step.pod} of `}plan ${step.id}: ${step.reason}`
    case 'apply':
      return `moves pod ${step.placement.pod} to ${step.placement.to} for plan ${step.id}`
    case 'record':
      return `pod ${step.placement.pod} of plan ${step.id} is at ${step.placement.to} already`
    case 'verify': {
      const [predicted, observed] = [step.predictedMakespanMs, step.observedMakespanMs].map((ms) => `${(ms / 1_000).toFixed(1)} s`)
      return `plan ${step.id} took ${observed}, predicted ${predicted}${step.disturbedBy === null ? '' : `; ${step.disturbedBy}`}`
    }
  }
}
