/**
 * What people allow for single pods, where the site lets them say it. Pods under one policy are planned together, by its own settings
 * and under its own mode; a policy narrows what the loop's mode allows and never widens it.
 */
import type { AlgorithmName } from '../models/contracts/what-if.ts'
import type { DecisionRecord } from '../models/entities/decision-record.ts'
import type { Pod } from '../models/entities/pod.ts'
import { LOOP_MODES, type LoopMode } from '../models/events/decision-events.ts'
import type { LoopSettings } from './loop-settings.ts'
import type { TwinState } from './twin-state.ts'
import { waitingPods } from './waiting-work.ts'

export interface PodRules {
  /** '': no policy speaks of the pod. */
  readonly policy: string
  readonly mode: LoopMode
  readonly algorithm: AlgorithmName
  /** Null: as in the settings. */
  readonly minGainRatio: number | null
  /** Why it is not to be taken from where it is bound now; null: it may be. */
  readonly stays: string | null
}
export type RulesFor = (pod: string) => PodRules

const NO_RULES: PodRules = { policy: '', mode: 'auto', algorithm: 'portfolio', minGainRatio: null, stays: null }
export const withoutRules: RulesFor = () => NO_RULES

/** Pods that are planned together. */
export interface Scope {
  readonly policy: string
  readonly mode: LoopMode
  readonly algorithm: AlgorithmName
  readonly settings: LoopSettings
  readonly isOurs: (pod: Pod) => boolean
}

export interface ScopeOptions {
  readonly settings: LoopSettings
  readonly rulesFor?: RulesFor
}

/** Of all pods that wait, by the name of their policy; one without a policy is always there. */
export function scopesOf(state: TwinState, { settings, rulesFor = withoutRules }: ScopeOptions): readonly Scope[] {
  const first = new Map([['', NO_RULES]])
  for (const { name } of waitingPods(state)) first.set(rulesFor(name).policy, rulesFor(name))
  return [...first.values()]
    .sort((a, b) => (a.policy < b.policy ? -1 : 1))
    .map(({ policy, mode, algorithm, minGainRatio }) => ({
      policy,
      mode: stricter(state.loopMode, mode),
      algorithm,
      settings: minGainRatio === null ? settings : { ...settings, minGainRatio },
      isOurs: ({ name, reported }) => {
        const rules = rulesFor(name)
        return rules.policy === policy && (reported.place === null || rules.stays === null)
      },
    }))
}

/** The mode under which all of these pods may be touched. */
export function modeFor(state: TwinState, pods: readonly string[], rulesFor: RulesFor = withoutRules): LoopMode {
  return pods.reduce<LoopMode>((mode, pod) => stricter(mode, rulesFor(pod).mode), state.loopMode)
}

/** The settings by which a plan for these pods is judged: those of their policy. */
export function settingsFor(
  [first]: readonly { readonly pod: string }[],
  { settings, rulesFor = withoutRules }: ScopeOptions,
): LoopSettings {
  const minGainRatio = first === undefined ? null : rulesFor(first.pod).minGainRatio
  return minGainRatio === null ? settings : { ...settings, minGainRatio }
}

export function stricter(a: LoopMode, b: LoopMode): LoopMode {
  return LOOP_MODES.indexOf(a) <= LOOP_MODES.indexOf(b) ? a : b
}

export const policyOf = ({ desired }: DecisionRecord): string => desired?.policy ?? ''
