/** What a pod asks of a node, and what the pods on a node have taken of it. CPU in thousandths, everything else in its own unit. */
import type { Container, KubePod, ResourceList } from './objects.ts'
import { quantity } from './quantity.ts'

export type Amounts = ReadonlyMap<string, number>

/** What a container that asks for nothing is taken to use when nodes are scored: 100m of CPU, 200 MiB. */
const ASSUMED: ResourceList = { cpu: '100m', memory: `${200 * 1024 * 1024}` }

export function amountsOf(list: ResourceList = {}): Map<string, number> {
  return new Map(Object.entries(list).map(([name, text]) => [name, quantity(text, name === 'cpu' ? 3 : 0)]))
}

/**
 * Containers run together, init containers one after the other before them, restartable ones (sidecars) beside all that follows:
 * the pod needs the larger of the two phases, and its overhead.
 */
export function podRequests(pod: KubePod, { assumeMissing = false } = {}): Amounts {
  const { containers, initContainers = [], overhead, resources } = pod.spec
  const podLevel = amountsOf(resources?.requests)
  const ofContainer = (container: Container): Map<string, number> =>
    amountsOf(assumeMissing && podLevel.size === 0 ? { ...ASSUMED, ...container.resources?.requests } : container.resources?.requests)
  const running = new Map<string, number>()
  for (const container of containers) add(running, ofContainer(container))
  const sidecars = new Map<string, number>()
  const starting = new Map<string, number>()
  for (const container of initContainers) {
    const requests = ofContainer(container)
    if (container.restartPolicy === 'Always') {
      add(running, requests)
      add(sidecars, requests)
      raise(starting, sidecars)
    } else {
      add(requests, sidecars)
      raise(starting, requests)
    }
  }
  raise(running, starting)
  for (const [name, amount] of podLevel) running.set(name, amount)
  add(running, amountsOf(overhead))
  return running
}

export function add(sum: Map<string, number>, more: Amounts): void {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0) + amount)
}

function raise(largest: Map<string, number>, other: Amounts): void {
  for (const [name, amount] of other) largest.set(name, Math.max(largest.get(name) ?? 0, amount))
}
