/**
 * One entity in full, indented: what is wanted, what was reported (with who said so, how long ago and how fresh), what is
 * predicted. Written from the shape of the data, so a new property shows without a change here.
 */
import { z } from 'zod'
import type { WhyPending } from '../../models/contracts/gates.ts'
import { type Entity, entityName } from '../../models/entities/entities.ts'
import { FRESHNESS } from '../../models/entities/fact.ts'
import type { CellContext } from './columns.ts'
import { formatAge, formatValue, NONE, UNKNOWN } from './format-value.ts'

const INDENT = '  '
const factShape = z.object({
  value: z.record(z.string(), z.unknown()),
  timeMs: z.number(),
  source: z.string(),
  freshness: z.enum(FRESHNESS),
})

export function describeEntity(entity: Entity, context: CellContext): string {
  const head = [
    ['name', entityName(entity)],
    ['kind', entity.kind],
    ['mode', entity.mode],
  ] as const
  const rest = Object.entries(entity).filter(([name]) => !['name', 'id', 'kind', 'mode'].includes(name))
  return [...head, ...rest]
    .flatMap(([name, value]) => linesOf(name, value, context))
    .join('\n')
    .concat('\n')
}

/** Why a pod of a real cluster waits: the cause first, then each node's objection. */
export function describePending({ text, nodes, idle }: WhyPending): string {
  const idleLines = idle.map(({ accelerator, image }) => `${INDENT}idle ${accelerator}: ${image ?? 'no image for this inference'}`)
  return [`waits: ${text}`, ...Object.entries(nodes).map(([node, reason]) => `${INDENT}${node}: ${reason}`), ...idleLines]
    .join('\n')
    .concat('\n')
}

function linesOf(name: string, value: unknown, context: CellContext): string[] {
  if (Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null && !Array.isArray(item))) {
    return [`${name}:`, ...value.map((item) => `${INDENT}- ${inline(item)}`)]
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${name}: ${value === null && (name === 'desired' || name === 'predicted') ? NONE : formatValue(name, value)}`]
  }
  const fact = factShape.safeParse(value).data
  const title =
    fact === undefined ? `${name}:` : `${name}: (${fact.source}, ${formatAge(context.nowMs - fact.timeMs)} ago, ${fact.freshness})`
  const inner = fact === undefined ? value : fact.value
  return [title, ...Object.entries(inner).flatMap(([key, item]) => linesOf(key, item, context).map((line) => INDENT + line))]
}

function inline(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value ?? UNKNOWN)
  return Object.entries(value)
    .map(([key, item]) => `${key}=${formatValue(key, item)}`)
    .join(' ')
}
