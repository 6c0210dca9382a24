/**
 * Settles a scenario against the names of the twin it starts from: every entity must be there, or be added by an earlier
 * term; a camera or node given for a link becomes its link; a burst from every camera becomes one burst each.
 */
import { type Edit, QUERY_LIMITS } from '../contracts/what-if.ts'
import { nearestNames, TwinError } from '../errors.ts'
import { formatSweep, formatTerm } from './format.ts'
import type { Scenario, Sweep, SweepTarget, Term } from './scenario.ts'

/** What is there, in the twin that the scenario starts from; nothing that is gone. */
export interface ScenarioNames {
  readonly nodes: readonly { readonly name: string; readonly link: string | null }[]
  readonly accelerators: readonly string[]
  readonly links: readonly string[]
  readonly cameras: readonly { readonly name: string; readonly node: string | null; readonly isOffline: boolean }[]
}

/** A scenario that `toQuery` takes: only names of the twin, and only edits that the contract has. */
export interface ResolvedScenario extends Omit<Scenario, 'edits' | 'sweep'> {
  readonly edits: Edit[]
  readonly sweep: (Omit<Sweep, 'target'> & { readonly target: ResolvedTarget }) | null
}
export type ResolvedTarget =
  | Exclude<SweepTarget, { kind: 'burst' | 'burst-each-camera' }>
  | { readonly kind: 'burst'; readonly cameras: readonly string[]; readonly application: string; readonly frames: number }

/** The names as the terms so far have left them. */
interface Known {
  readonly node: Map<string, string | null>
  readonly accelerator: Set<string>
  readonly link: Set<string>
  readonly camera: Map<string, { readonly node: string | null; readonly isOffline: boolean }>
}

/** @throws TwinError ENTITY_UNKNOWN with the term and the nearest names, QUERY_INVALID, or PROBLEM_TOO_LARGE for too many edits */
export function resolveScenario(scenario: Scenario, names: ScenarioNames): ResolvedScenario {
  const known: Known = {
    node: new Map(names.nodes.map(({ name, link }) => [name, link])),
    accelerator: new Set(names.accelerators),
    link: new Set(names.links),
    camera: new Map(names.cameras.map(({ name, ...camera }) => [name, camera])),
  }
  const edits = scenario.edits.flatMap((term): Edit[] => resolveTerm(term, known))
  // Behind the rest, because a later term may still add a camera or take one away.
  const each = scenario.edits.flatMap((term): Edit[] => {
    if (term.kind !== 'burst-each-camera') return []
    return camerasOf(known, formatTerm(term)).map((camera) => ({ ...term, kind: 'burst', camera }))
  })
  const sweep = scenario.sweep === null ? null : { ...scenario.sweep, target: resolveTarget(scenario.sweep, known) }
  const count = edits.length + each.length + (sweep?.target.kind === 'burst' ? sweep.target.cameras.length : sweep === null ? 0 : 1)
  if (count > QUERY_LIMITS.edits) {
    throw new TwinError(
      'PROBLEM_TOO_LARGE',
      `${count} edits are above the limit of ${QUERY_LIMITS.edits} of one scenario; imagine less at once`,
      {
        details: { count, max: QUERY_LIMITS.edits, what: 'edits' },
      },
    )
  }
  return { ...scenario, edits: [...edits, ...each], sweep }
}

function resolveTerm(term: Term, known: Known): Edit[] {
  const place = formatTerm(term)
  switch (term.kind) {
    case 'lose-node':
    case 'drain-node':
    case 'cordon-node':
      checkKnown(known, { kind: 'node', name: term.node, place })
      return [term]
    case 'lose-accelerator':
      checkKnown(known, { kind: 'accelerator', name: term.accelerator, place })
      return [term]
    case 'add-node':
      known.node.set(term.node, `${term.node}-uplink`)
      known.link.add(`${term.node}-uplink`)
      for (const { device } of term.accelerators) known.accelerator.add(`${term.node}/${device}`)
      return [term]
    case 'add-accelerator':
      checkKnown(known, { kind: 'node', name: term.accelerator.slice(0, term.accelerator.indexOf('/')), place })
      known.accelerator.add(term.accelerator)
      return [term]
    case 'add-camera':
      if (term.node !== null) checkKnown(known, { kind: 'node', name: term.node, place })
      known.camera.set(term.camera, { node: term.node, isOffline: false })
      return [term]
    case 'remove-camera':
      checkKnown(known, { kind: 'camera', name: term.camera, place })
      known.camera.delete(term.camera)
      return [term]
    case 'scale-link':
    case 'set-link':
      return [{ ...term, link: linkOf(known, term.link, place) }]
    case 'burst':
      checkKnown(known, { kind: 'camera', name: term.camera, place })
      return [term]
    case 'burst-each-camera':
      return []
  }
}

function resolveTarget(sweep: Sweep, known: Known): ResolvedTarget {
  const { target } = sweep
  const place = formatSweep(sweep)
  switch (target.kind) {
    case 'set-link':
    case 'scale-link':
      return { ...target, link: linkOf(known, target.link, place) }
    case 'burst': {
      const { camera, application, frames } = target
      checkKnown(known, { kind: 'camera', name: camera, place })
      return { kind: 'burst', cameras: [camera], application, frames }
    }
    case 'burst-each-camera': {
      const { application, frames } = target
      return { kind: 'burst', cameras: camerasOf(known, place), application, frames }
    }
    case 'delta1':
    case 'delta2':
      return target
  }
}

/** A link by its own name, else that of the camera's node, else that of the node. */
function linkOf(known: Known, name: string, place: string): string {
  if (known.link.has(name)) return name
  const camera = known.camera.get(name)
  const node = camera === undefined ? name : camera.node
  const link = node === null ? undefined : known.node.get(node)
  if (typeof link === 'string') return link
  if (camera !== undefined || link === null) {
    const reason = node === null ? `camera ${name} has no node of its own` : `no link of node ${node} is known`
    throw new TwinError(
      'QUERY_INVALID',
      `${reason}, so ${place} changes nothing; name a link: ${[...known.link].sort().join(', ')}`.slice(0, 1_000),
    )
  }
  throw unknown({ kind: 'link', name, place }, [...known.link, ...known.camera.keys(), ...known.node.keys()])
}

/** Those that are on, by name. */
function camerasOf({ camera }: Known, place: string): string[] {
  const names = [...camera].flatMap(([name, { isOffline }]) => (isOffline ? [] : [name])).sort()
  if (names.length > 0) return names
  throw new TwinError('QUERY_INVALID', `no camera is there for ${place} to come from; add one, or name it`)
}

interface Wanted {
  readonly kind: keyof Known
  readonly name: string
  /** The term, as text. */
  readonly place: string
}

function checkKnown(known: Known, wanted: Wanted): void {
  if (!known[wanted.kind].has(wanted.name)) throw unknown(wanted, [...known[wanted.kind].keys()])
}

function unknown({ kind, name, place }: Wanted, candidates: readonly string[]): TwinError {
  const near = nearestNames(name, candidates)
  const there = candidates.length === 0 ? 'there is none at that time' : `there are ${[...candidates].sort().slice(0, 10).join(', ')}`
  const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : there
  return new TwinError('ENTITY_UNKNOWN', `${place}: there is no ${kind} '${name}' at that time; ${remedy}`, {
    details: { kind, name, near, place },
  })
}
