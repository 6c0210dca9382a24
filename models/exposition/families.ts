/**
 * Which family each line belongs to, and whether the text keeps a family's lines together as both formats demand.
 *
 * A fault of grouping is reported but does not cost the sample: its meaning is not in doubt.
 */
import type { ExpositionFormat, Family } from './format.ts'
import type { LabelSet } from './label-sets.ts'
import { excerpt } from './scan.ts'

/** What a sample name of a family must look like, by type: suffixes that belong to it, and whether it may stand bare. */
interface TypeRule {
  readonly suffixes: readonly string[]
  readonly canBeBare: boolean
}

const BARE: TypeRule = { suffixes: [], canBeBare: true }
const RULES: Readonly<Record<ExpositionFormat, ReadonlyMap<string, TypeRule>>> = {
  prometheus: new Map([
    ['counter', BARE],
    ['gauge', BARE],
    ['untyped', BARE],
    ['histogram', { suffixes: ['_bucket', '_sum', '_count'], canBeBare: false }],
    ['summary', { suffixes: ['_sum', '_count'], canBeBare: true }],
  ]),
  openmetrics: new Map([
    ['gauge', BARE],
    ['unknown', BARE],
    ['stateset', BARE],
    ['counter', { suffixes: ['_total', '_created'], canBeBare: false }],
    ['info', { suffixes: ['_info'], canBeBare: false }],
    ['histogram', { suffixes: ['_bucket', '_sum', '_count', '_created'], canBeBare: false }],
    ['gaugehistogram', { suffixes: ['_bucket', '_gsum', '_gcount'], canBeBare: false }],
    ['summary', { suffixes: ['_sum', '_count', '_created'], canBeBare: true }],
  ]),
}
const SUFFIX = /_(?:bucket|sum|count|total|created|info|gsum|gcount)$/

interface FamilyEntry {
  name: string
  type?: string
  help?: string
  unit?: string
  sampleCount: number
  /** Lines of another family have followed. */
  isLeft: boolean
}

/** All that is known of one sample name: looked up once per run of lines, not per line. */
export interface SampleName {
  readonly name: string
  readonly family: FamilyEntry
  /** The label that a sample of this name must carry with a number in it; empty for none. */
  readonly numberLabel: '' | 'le' | 'quantile'
  /** Why no sample may have this name; empty when it may. */
  readonly fault: string
  /** Timestamp by label set, of series whose set was first seen with another name. */
  seen: Map<LabelSet, number | undefined> | undefined
}

export type MetadataKind = 'HELP' | 'TYPE' | 'UNIT'

export interface Families {
  sampleName(name: string): SampleName
  /** Notes that a line of this family follows; a reason when the family was left before. */
  enter(family: FamilyEntry): string
  /** Returns a reason when the line cannot be accepted, else ''. */
  describe(kind: MetadataKind, name: string, value: string): string
  list(): Family[]
}

export function createFamilies(format: ExpositionFormat): Families {
  const rules = RULES[format]
  const untyped = format === 'openmetrics' ? 'unknown' : 'untyped'
  const familiesByName = new Map<string, FamilyEntry>()
  const sampleNames = new Map<string, SampleName>()
  let current: FamilyEntry | undefined

  const familyOf = (name: string): FamilyEntry => {
    if (current?.name === name) return current
    let family = familiesByName.get(name)
    if (family === undefined) {
      family = { name, sampleCount: 0, isLeft: false }
      familiesByName.set(name, family)
    }
    return family
  }

  const enter = (family: FamilyEntry): string => {
    if (family === current) return ''
    if (current !== undefined) current.isLeft = true
    current = family
    return family.isLeft ? `family ${excerpt(family.name)} continues after lines of another family` : ''
  }

  const sampleName = (name: string): SampleName => {
    const known = sampleNames.get(name)
    if (known !== undefined) return known
    const { family, suffix } = resolve(name, familiesByName, rules) ?? { family: familyOf(name), suffix: '' }
    const { canBeBare, suffixes } = rules.get(family.type ?? '') ?? BARE
    const made: SampleName = {
      name,
      family,
      numberLabel: suffix === '_bucket' ? 'le' : suffix === '' && family.type === 'summary' ? 'quantile' : '',
      fault: suffix === '' && !canBeBare ? `a sample of ${family.type} ${excerpt(name)} needs the suffix ${suffixes.join(' or ')}` : '',
      seen: undefined,
    }
    sampleNames.set(name, made)
    return made
  }

  const describe = (kind: MetadataKind, name: string, value: string): string => {
    const rule = kind === 'TYPE' ? rules.get(value) : BARE
    if (rule === undefined) return `unknown type ${excerpt(value)}; known: ${[...rules.keys()].join(', ')}`
    if (kind === 'UNIT' && value !== '' && !name.endsWith(`_${value}`))
      return `the name ${excerpt(name)} does not end in its unit _${value}`
    const family = familyOf(name)
    const reason = enter(family)
    const key = kind === 'HELP' ? 'help' : kind === 'TYPE' ? 'type' : 'unit'
    if (family[key] !== undefined) return `second ${kind} for ${excerpt(name)}`
    if (family.sampleCount > 0 || rule.suffixes.some((suffix) => sampleNames.has(name + suffix))) {
      return `${kind} for ${excerpt(name)} after its samples`
    }
    family[key] = value
    return reason
  }

  const list = (): Family[] =>
    [...familiesByName.values()].map(({ name, type, help, unit, sampleCount }) => ({
      name,
      type: type ?? untyped,
      help,
      unit,
      sampleCount,
    }))

  return { sampleName, enter, describe, list }
}

function resolve(name: string, familiesByName: ReadonlyMap<string, FamilyEntry>, rules: ReadonlyMap<string, TypeRule>) {
  const own = familiesByName.get(name)
  if (own !== undefined) return { family: own, suffix: '' }
  const suffix = SUFFIX.exec(name)?.[0] ?? ''
  const family = suffix === '' ? undefined : familiesByName.get(name.slice(0, -suffix.length))
  return family !== undefined && rules.get(family.type ?? '')?.suffixes.includes(suffix) ? { family, suffix } : undefined
}
