/**
 * An xstate machine as a look-up table. A pure xstate step costs some 20 µs and the answer depends only on
 * (mode, signal), so each pair is asked once; machines here own modes alone: no context, actions or timers.
 */
import { type AnyStateMachine, initialTransition, transition } from 'xstate'

export interface Step<Mode extends string> {
  readonly mode: Mode
  /** False when the machine knows no such arrow: the twin believed something else than what happened. */
  readonly expected: boolean
}

export interface ModeTable<Mode extends string, Signal extends string> {
  readonly initial: Mode
  readonly step: (mode: Mode, signal: Signal) => Step<Mode>
}

/** @param modes Every state of the machine, checked against it, so that a type and its machine cannot drift apart. */
export function modeTable<Mode extends string, Signal extends string>(
  machine: AnyStateMachine,
  modes: readonly Mode[],
): ModeTable<Mode, Signal> {
  const known = Object.keys(machine.states)
  const asMode = (value: unknown): Mode => {
    const mode = modes.find((candidate) => candidate === value)
    if (mode === undefined) throw new Error(`machine ${machine.id} has a mode ${String(value)} that its type lacks`)
    return mode
  }
  if (known.length !== modes.length || known.some((name) => asMode(name) === undefined)) {
    throw new Error(`machine ${machine.id} and its type list different modes`)
  }
  const steps = new Map<string, Step<Mode>>()
  return {
    initial: asMode(initialTransition(machine)[0].value),
    step: (mode, signal) => {
      const key = `${mode} ${signal}`
      const kept = steps.get(key)
      if (kept) return kept
      const before = machine.resolveState({ value: mode, context: {} })
      const [after] = transition(machine, before, { type: signal })
      const step = { mode: asMode(after.value), expected: before.can({ type: signal }) }
      steps.set(key, step)
      return step
    },
  }
}
