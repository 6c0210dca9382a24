/**
 * The mode of the loop that the settings ask for, told when the site is ours to act for.
 *
 * A process that is alone with its site says so at every start. Where a site changes hands nobody has asked for a change:
 * what a person set stays, and the settings count only as long as no person has.
 */
import type { LoopMode } from '../models/events/decision-events.ts'
import type { Clock, EventLog, Logger } from '../models/ports.ts'
import type { TwinState } from '../twin/twin-state.ts'

export interface StartModeOptions {
  readonly site: string
  readonly mode: LoopMode | undefined
  /** Whether the site passes from process to process. */
  readonly isShared: boolean
  readonly mayAct: () => boolean
  readonly state: () => TwinState
  readonly publish: EventLog['publish']
  /** How often it is looked whether the site is ours; default 200 ms. */
  readonly lookMs?: number
  readonly clock: Clock
  readonly log: Logger
}

const BY = 'start'

export function startMode(options: StartModeOptions): { readonly first: Promise<void>; readonly stop: () => void } {
  const { site, mode, isShared, mayAct, state, publish, lookMs = 200, clock, log } = options
  const tell = async (): Promise<void> => {
    const { loopMode, loopModeBy } = state()
    const isSetByPerson = loopModeBy !== null && loopModeBy !== BY
    if (mode === undefined || mode === loopMode || (isShared && isSetByPerson)) return
    await publish([{ type: 'loop.modeChanged', site, timeMs: clock(), source: 'operator', mode, by: BY }])
  }
  if (mayAct()) return { first: tell(), stop: () => {} }
  let isOnItsWay = false
  const timer = setInterval(() => {
    if (!mayAct() || isOnItsWay) return
    isOnItsWay = true
    tell()
      .then(() => clearInterval(timer))
      .catch((error: unknown) => log.warn({ site, mode, error: String(error) }, 'mode not set yet'))
      .finally(() => {
        isOnItsWay = false
      })
  }, lookMs)
  return { first: Promise.resolve(), stop: () => clearInterval(timer) }
}
