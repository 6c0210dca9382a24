/**
 * The facts that an answer rests on, with their ages. Only what places and times come from counts: identities,
 * conditions, link quality, and samples as a device's last sign of life. A fact is named `kind name`.
 */
import type { AssumedFact } from '../models/contracts/decision.ts'
import type { Fact } from '../models/entities/fact.ts'
import type { TwinState } from './twin-state.ts'

export interface FactsUsed {
  readonly accelerators: Iterable<string>
  readonly cameras: Iterable<string>
  readonly nodes: Iterable<string>
}

/** Those that were not fresh at the last tick, oldest first. */
export function staleFacts(state: TwinState, used: FactsUsed): AssumedFact[] {
  return assumedFacts(state, used)
    .filter(({ freshness }) => freshness !== 'fresh')
    .sort((a, b) => b.ageMs - a.ageMs || (a.entity < b.entity ? -1 : 1))
}

/** Facts never heard are not listed: nothing can rest on them. */
function assumedFacts(state: TwinState, { accelerators, cameras, nodes }: FactsUsed): AssumedFact[] {
  const { entities, clockMs } = state
  const facts: AssumedFact[] = []
  const add = (entity: string, group: string, fact: Fact<unknown> | null | undefined): void => {
    if (fact == null) return
    const { timeMs, source, freshness } = fact
    facts.push({ entity, group, source, freshness, ageMs: Math.max(0, clockMs - timeMs) })
  }
  const nodeNames = new Set(nodes)
  for (const name of new Set(accelerators)) {
    const reported = entities.accelerator.get(name)?.reported
    add(`accelerator ${name}`, 'identity', reported?.identity)
    add(`accelerator ${name}`, 'load', reported?.load)
    if (reported?.identity) nodeNames.add(reported.identity.value.node)
  }
  for (const name of nodeNames) {
    const reported = entities.node.get(name)?.reported
    add(`node ${name}`, 'identity', reported?.identity)
    add(`node ${name}`, 'conditions', reported?.conditions)
  }
  for (const name of new Set(cameras)) add(`camera ${name}`, 'identity', entities.camera.get(name)?.reported.identity)
  for (const { name, mode, desired, reported } of entities.link.values()) {
    if (mode !== 'gone' && desired.node !== null && nodeNames.has(desired.node)) add(`link ${name}`, 'quality', reported.quality)
  }
  return facts
}
