/**
 * What a decision rests on, fact by fact, in words that can be compared: so that a plan that no longer holds is refused
 * with the one fact that changed since.
 */
import type { Decision } from '../models/contracts/decision.ts'
import { nodeLinks } from './network.ts'
import { siteProcessors } from './processors.ts'
import type { TwinState } from './twin-state.ts'
import { runningPods, waitingPods } from './waiting-work.ts'

export type Basis = NonNullable<Decision['basis']>

const FACTS_MAX = 2_000

/** Devices and links first: what they do shows in the pods later. */
export function basisOf(state: TwinState): Basis {
  const { usable, refused } = siteProcessors(state)
  const linkOf = nodeLinks(state)
  const nodes = [...new Set(usable.map(({ node }) => node))].sort()
  return [
    ...[...refused].map(([accelerator, reason]) => ({ entity: `accelerator ${accelerator}`, value: reason.slice(0, 1_024) })),
    ...usable.map(({ accelerator, closedReason }) => ({ entity: `accelerator ${accelerator}`, value: closedReason ?? 'usable' })),
    ...nodes.map((node) => {
      const { name, bytesPerMs, latencyMs, downReason } = linkOf(node)
      const value = downReason ?? `${Number((bytesPerMs * 0.008).toPrecision(3))} Mbit/s, ${latencyMs} ms`
      return { entity: name === null ? `link of ${node}` : `link ${name}`, value }
    }),
    ...waitingPods(state).map(({ name, reported }) => ({
      entity: `pod ${name}`,
      value: reported.place === null ? 'bound nowhere' : `waiting on ${reported.place.accelerator}`,
    })),
    ...runningPods(state).map(({ name, reported }) => ({ entity: `pod ${name}`, value: `running on ${reported.place?.accelerator}` })),
  ].slice(0, FACTS_MAX)
}

/** Those of devices and links alone. */
export function deviceFacts(basis: Basis): Basis {
  return basis.filter(({ entity }) => !entity.startsWith('pod '))
}

/** 'link tx2-1-uplink: 5 Mbit/s, 1 ms by now, was 100 Mbit/s, 1 ms'; null when all is as it was. */
export function firstChange(before: Basis, now: Basis): string | null {
  const valuesBefore = new Map(before.map(({ entity, value }) => [entity, value]))
  const valuesNow = new Map(now.map(({ entity, value }) => [entity, value]))
  for (const entity of new Set([...valuesNow.keys(), ...valuesBefore.keys()])) {
    const [was, is] = [valuesBefore.get(entity), valuesNow.get(entity)]
    if (was === is) continue
    if (was === undefined) return `${entity} is new: ${is}`
    return is === undefined ? `${entity} is over (was ${was})` : `${entity}: ${is} by now, was ${was}`
  }
  return null
}
