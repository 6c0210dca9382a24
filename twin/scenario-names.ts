/** The names that a scenario may use, as a twin has them: what `resolveScenario` asks for. */
import type { ScenarioNames } from '../models/scenario/resolve.ts'
import { nodeLinks } from './network.ts'
import type { TwinState } from './twin-state.ts'

/** Each list by name; the link of a node is the one that its transfers take. */
export function scenarioNames(state: TwinState): ScenarioNames {
  const { node, accelerator, link, camera } = state.entities
  const linkOf = nodeLinks(state)
  return {
    nodes: present(node).map(({ name }) => ({ name, link: linkOf(name).name })),
    accelerators: present(accelerator).map(({ name }) => name),
    links: present(link).map(({ name }) => name),
    cameras: present(camera).map(({ name, mode, reported }) => {
      return { name, node: reported.identity?.value.node ?? null, isOffline: mode === 'offline' }
    }),
  }
}

function present<T extends { readonly name: string; readonly mode: string }>(entities: ReadonlyMap<string, T>): T[] {
  return [...entities.values()].filter(({ mode }) => mode !== 'gone').sort((a, b) => (a.name < b.name ? -1 : 1))
}
