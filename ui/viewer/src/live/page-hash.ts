/** What the address holds, so that a link shows the same: `#panel=plans&select=node:tx2-1&theme=dark&stage=table`, `#scenario=lose(node%2Fedge-1)`. */
import { useSyncExternalStore } from 'react'
import type { EntityKind } from '../../../../models/entities/entities.ts'
import { RANGES, type Range } from '../history/ranges.ts'

export const PANELS = ['details', 'what-if', 'plans', 'standing', 'faults'] as const
export const STAGES = ['map', 'table', 'answer'] as const
export const THEMES = ['system', 'dark', 'light'] as const

export interface Selection {
  readonly kind: EntityKind
  readonly name: string
}
export interface PageHash {
  readonly panel: (typeof PANELS)[number]
  readonly stage: (typeof STAGES)[number]
  readonly theme: (typeof THEMES)[number]
  readonly selection: Selection | null
  /** Of the history. */
  readonly range: Range
  /** In words; a link with it opens the what-if panel, and the page asks it. */
  readonly scenario: string | null
}

const KINDS: Readonly<Record<EntityKind, true>> = {
  node: true,
  camera: true,
  accelerator: true,
  link: true,
  pod: true,
  request: true,
  job: true,
  decision: true,
}

/** Anything not understood falls back to its default: an old link still opens. */
export function parseHash(text: string): PageHash {
  const fields = new URLSearchParams(text.replace(/^#/, ''))
  const oneOf = <T extends string>(name: string, values: readonly [T, ...T[]]): T =>
    values.find((value) => value === fields.get(name)) ?? values[0]
  const [kind = '', ...rest] = (fields.get('select') ?? '').split(':')
  const name = rest.join(':')
  const selection = isKind(kind) && name !== '' ? { kind, name } : null
  const scenario = fields.get('scenario') || null
  const panel = fields.has('panel') || scenario === null ? oneOf('panel', PANELS) : 'what-if'
  return { panel, stage: oneOf('stage', STAGES), theme: oneOf('theme', THEMES), range: oneOf('range', RANGES), selection, scenario }
}

function isKind(kind: string): kind is EntityKind {
  return Object.hasOwn(KINDS, kind)
}

export function formatHash({ panel, stage, theme, selection, range, scenario }: PageHash): string {
  const fields: string[] = []
  if (panel !== (scenario === null ? 'details' : 'what-if')) fields.push(`panel=${panel}`)
  if (stage !== 'map') fields.push(`stage=${stage}`)
  if (theme !== 'system') fields.push(`theme=${theme}`)
  if (selection !== null) fields.push(`select=${selection.kind}:${encodeURIComponent(selection.name).replaceAll('%2F', '/')}`)
  if (range !== RANGES[0]) fields.push(`range=${range}`)
  if (scenario !== null) fields.push(`scenario=${encodeURIComponent(scenario)}`)
  return fields.length === 0 ? '' : `#${fields.join('&')}`
}

let cache = { text: '\u0000', hash: parseHash('') }
function current(): PageHash {
  if (cache.text !== location.hash) cache = { text: location.hash, hash: parseHash(location.hash) }
  return cache.hash
}

export function changeHash(change: Partial<PageHash>): void {
  const next = formatHash({ ...current(), ...change })
  if (next === location.hash) return
  history.replaceState(null, '', next === '' ? location.pathname + location.search : next)
  dispatchEvent(new HashChangeEvent('hashchange'))
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener)
  return () => removeEventListener('hashchange', listener)
}

export function usePageHash(): PageHash {
  return useSyncExternalStore(subscribe, current)
}
