/** Why edgetwin leaves a pod behind its gate, in one sentence that says what would let it go. */
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Pod } from '../models/entities/pod.ts'
import { canRunSomewhere, type SurveyedWork, surveyWork } from '../twin/problem.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { toWork } from '../twin/workload.ts'

/** @returns null: nothing stands against it, its turn will come. */
export function whyGated(state: TwinState, pod: Pod | undefined, registry: ImageRegistry): string | null {
  if (pod === undefined) return 'the twin has not heard of it yet'
  const [nowhere] = nowhereOf(state, [pod], registry).values()
  if (nowhere !== undefined) return nowhere
  const { loopMode } = state
  if (loopMode === 'observe' || loopMode === 'advise')
    return `the loop is in mode ${loopMode}, which places nothing; \`twinctl loop auto\` lets it`
  const plan = [...state.entities.decision.values()].find(
    ({ mode, desired }) => mode === 'proposed' && desired?.placements.some((placement) => placement.pod === pod.name),
  )
  return loopMode === 'approve' && plan !== undefined ? `a plan for it waits for approval: \`twinctl plan approve ${plan.id}\`` : null
}

/** Of these pods those that no accelerator of the site takes, by name, and why. */
export function nowhereOf(state: TwinState, pods: readonly Pod[], registry: ImageRegistry): ReadonlyMap<string, string> {
  const { work } = surveyWork(state, toWork(state, pods), { registry, granularity: 'stage', busyMs: new Map() })
  return new Map(
    work
      .filter((each) => !canRunSomewhere(each))
      .flatMap((each) => [...each.pods.values()].map(({ name }): [string, string] => [name, textOf(each)])),
  )
}

const NAMED_MAX = 2

function textOf({ application, refusals, wholeMs, hopelessStages }: SurveyedWork): string {
  if (wholeMs.size > 0) return `no accelerator that takes work serves ${application}'s ${hopelessStages.join(' and ')}; add an image of it`
  if (refusals.size === 0) return 'no node of the site has an accelerator that the twin knows'
  const byReason = Map.groupBy(refusals, ([, reason]) => reason)
  const reasons = [...byReason].map(([reason, on]) => {
    const more = on.length > NAMED_MAX ? ` and ${on.length - NAMED_MAX} more` : ''
    return `${reason} (${on
      .slice(0, NAMED_MAX)
      .map(([accelerator]) => accelerator)
      .join(', ')}${more})`
  })
  return `no accelerator takes it: ${reasons.join('; ')}`.slice(0, 1_000)
}
