/** What people may write after `npm run lab --`: read here, refused here, with what would be right. */
import { InvalidArgumentError } from 'commander'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { KIND_NAMES, type KindName } from './kinds.ts'
import { nodeFile } from './nodes.ts'
import { WORKERS_MAX } from './worker-config.ts'

export type PortsByKind = Readonly<Partial<Record<KindName, number>>>

/** Each once, in the order of the table. @param all what `all` stands for. @throws TwinError CONFIG_INVALID */
export function kindsOf(names: readonly string[], all: readonly KindName[] = KIND_NAMES): KindName[] {
  for (const name of names) if (name !== 'all' && !isKindName(name)) throw unknownService(name, [...KIND_NAMES, 'all'])
  return KIND_NAMES.filter((kind) => (names.includes('all') && all.includes(kind)) || names.includes(kind))
}

/** "kafka=19092", added to those before. @throws InvalidArgumentError */
export function toPort(text: string, before: PortsByKind): PortsByKind {
  const [kind = '', port = ''] = text.split('=')
  if (!isKindName(kind)) throw new InvalidArgumentError(`Write service=port, where the service is one of ${KIND_NAMES.join(', ')}.`)
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new InvalidArgumentError('A port is a number from 1 to 65535.')
  return { ...before, [kind]: Number(port) }
}

/** @throws InvalidArgumentError */
export function toCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.')
  return Number(text)
}

/** Added to those before. @throws TwinError CONFIG_INVALID */
export function toNodeFile(named: string, before: readonly string[]): readonly string[] {
  nodeFile(named)
  return [...before, named]
}

/** @throws InvalidArgumentError */
export function toWorkerCount(text: string): number {
  const count = toCount(text)
  if (count <= WORKERS_MAX) return count
  throw new InvalidArgumentError(`There are ${WORKERS_MAX} workers at most.`)
}

/** @param where "of the lab second", when it is about one. */
export function unknownService(name: string, known: readonly string[], where = ''): TwinError {
  const [near] = nearestNames(name, known)
  const remedy = near === undefined ? `there ${known.length === 0 ? 'is none' : `are ${known.join(', ')}`}` : `did you mean ${near}?`
  return new TwinError('CONFIG_INVALID', `no service ${JSON.stringify(name)}${where === '' ? '' : ` ${where}`}; ${remedy}`)
}

/** For a POSIX shell. */
export const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

const isKindName = (name: string): name is KindName => KIND_NAMES.some((kind) => kind === name)
