/** What the live twin told of the looked-at thing since the page looks: samples and changes of mode that no answer of the store holds yet. */
import type { Transition, TransitionKind } from '../../../../models/contracts/history.ts'
import type { EntityOfKind } from '../../../../models/entities/entities.ts'
import { type LiveSample, liveSample } from './fields.ts'

export interface Heard {
  /** Oldest first, as are the changes. */
  readonly samples: readonly LiveSample[]
  readonly changes: readonly Transition[]
  /** The newest; null before anything was heard. */
  readonly mode: string | null
}
export const NOTHING_HEARD: Heard = { samples: [], changes: [], mode: null }

/** At a sample a second more than is waited between two answers. */
const KEPT_MAX = 600
/** The page sees a change with the next tick of the clock, the store has the time of the event. */
const SAME_CHANGE_MS = 10_000

/** @param clockMs The twin's time, for a change: it does not say itself when it was. */
export function heardWith(heard: Heard, entity: EntityOfKind[TransitionKind], clockMs: number): Heard {
  const sample = liveSample(entity)
  const isNew = sample !== null && sample.timeMs > (heard.samples.at(-1)?.timeMs ?? 0)
  const change = { timeMs: clockMs, from: heard.mode ?? entity.mode, to: entity.mode, reason: '' }
  return {
    samples: isNew ? [...heard.samples, sample].slice(-KEPT_MAX) : heard.samples,
    changes: change.from === change.to ? heard.changes : [...heard.changes, change].slice(-KEPT_MAX),
    mode: entity.mode,
  }
}

/** The store's changes and those that it did not have when it was asked. */
export function withHeard(stored: readonly Transition[], heard: readonly Transition[]): readonly Transition[] {
  const lastMs = stored.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY
  const isStored = ({ timeMs, from, to }: Transition) =>
    timeMs <= lastMs || stored.some((one) => one.from === from && one.to === to && Math.abs(one.timeMs - timeMs) < SAME_CHANGE_MS)
  const since = heard.filter((change) => !isStored(change))
  return since.length === 0 ? stored : [...stored, ...since]
}
