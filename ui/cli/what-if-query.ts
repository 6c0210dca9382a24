/**
 * A what-if question from the fields of a file and from flags: flags win over the file, lists of edits are joined.
 * Nothing is sent that the contract's schema would refuse.
 */
import { type Edit, editShape, type WhatIfQuery, type WhatIfQueryInput, whatIfQueryShape } from '../../models/contracts/what-if.ts'
import { nearestNames, TwinError } from '../../models/errors.ts'
import { firstIssue } from './first-issue.ts'

export interface QueryFlags {
  readonly edit?: readonly string[]
  readonly burst?: readonly string[]
  readonly workload?: WhatIfQueryInput['workload']
  readonly algorithms?: WhatIfQueryInput['algorithms']
  readonly granularity?: WhatIfQueryInput['granularity']
  readonly delta1?: number
  readonly delta2?: number
  readonly at?: string
}

/** `KIND=…`, the parts separated by colons. */
export const EDIT_FORMS = {
  'lose-node': 'NODE',
  'drain-node': 'NODE',
  'cordon-node': 'NODE',
  'add-node': 'NODE:camera|server:DEVICE/KIND/MODEL[+…]:BYTES_PER_SECOND:LATENCY_MS',
  'lose-accelerator': 'NODE/DEVICE',
  'add-accelerator': 'NODE/DEVICE:KIND:MODEL',
  'add-camera': 'CAMERA:[NODE]:APPLICATION[+…]',
  'remove-camera': 'CAMERA',
  'scale-link': 'LINK:FACTOR',
  'set-link': 'LINK:BYTES_PER_SECOND',
  burst: 'CAMERA:APPLICATION:COUNT:FRAMES',
} as const satisfies Record<Edit['kind'], string>

const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws TwinError CONFIG_INVALID with the form of that edit, or the nearest kinds. */
export function parseEdit(text: string): Edit {
  const [kind = '', ...rest] = text.split('=')
  if (!isEditKind(kind)) {
    const near = nearestNames(kind, Object.keys(EDIT_FORMS))
    const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${Object.keys(EDIT_FORMS).join(', ')}`
    throw new TwinError('CONFIG_INVALID', `there is no edit '${kind}'; ${remedy}`)
  }
  const parts = rest.join('=').split(':')
  const parsed = editShape.safeParse(toFields(kind, parts))
  if (parsed.success && parts.length <= EDIT_FORMS[kind].split(':').length) return parsed.data
  const reason = parsed.success ? 'it has too many parts' : firstIssue(parsed.error)
  throw new TwinError('CONFIG_INVALID', `the edit '${text}' cannot be used (${reason}); write ${kind}=${EDIT_FORMS[kind]}`)
}

export function parseEdits({ edit = [], burst = [] }: Pick<QueryFlags, 'edit' | 'burst'>): Edit[] {
  return [...edit, ...burst.map((each) => `burst=${each}`)].map(parseEdit)
}

function toFields(kind: Edit['kind'], [first, second, third, fourth, fifth]: readonly string[]): unknown {
  switch (kind) {
    case 'lose-node':
    case 'drain-node':
    case 'cordon-node':
      return { kind, node: first }
    case 'lose-accelerator':
      return { kind, accelerator: first }
    case 'remove-camera':
      return { kind, camera: first }
    case 'add-accelerator':
      return { kind, accelerator: first, acceleratorKind: second, deviceModel: third }
    case 'scale-link':
      return { kind, link: first, factor: Number(second?.replace(/^x/, '')) }
    case 'set-link':
      return { kind, link: first, bytesPerSecond: second?.trim() ? Number(second) : undefined }
    case 'add-camera':
      return { kind, camera: first, node: second || null, applications: third?.split('+') }
    case 'burst':
      return { kind, camera: first, application: second, count: Number(third ?? 1), frames: Number(fourth ?? 1) }
    case 'add-node': {
      const accelerators = third?.split('+').map((text) => {
        const [device, acceleratorKind, deviceModel] = text.split('/')
        return { device, acceleratorKind, deviceModel }
      })
      return { kind, node: first, role: second, accelerators, bytesPerSecond: Number(fourth), latencyMs: Number(fifth ?? 0) }
    }
  }
}

/**
 * The twin that a question is put to: `#123` a sequence, an ISO time, or an age such as `10m`.
 *
 * @throws TwinError CONFIG_INVALID
 */
export function parseBase(at: string, nowMs: number): WhatIfQuery['base'] {
  if (at === 'now') return { kind: 'now' }
  if (/^#\d+$/.test(at)) return { kind: 'sequence', sequence: Number(at.slice(1)) }
  const age = /^-?(\d+)(ms|s|m|h|d)$/.exec(at)
  const timeMs = age === null ? (/^\d{4}-/.test(at) ? Date.parse(at) : Number.NaN) : nowMs - Number(age[1]) * MS_OF_UNIT[age[2]!]!
  if (Number.isFinite(timeMs) && timeMs >= 0) return { kind: 'time', timeMs }
  throw new TwinError('CONFIG_INVALID', `--at '${at}' is no position and no time; give an age like 10m, an ISO time, or '#123'`)
}

/** @param question What was read, and where. @throws TwinError CONFIG_INVALID with the field */
export function toQuery(
  question: { readonly place: string; readonly fields: Readonly<Record<string, unknown>> },
  flags: QueryFlags,
  nowMs: number,
): WhatIfQuery {
  const { place, fields } = question
  const fileEdits = Array.isArray(fields.edits) ? fields.edits : []
  const overrides = { ...settingsOf(flags), ...(flags.at === undefined ? {} : { base: parseBase(flags.at, nowMs) }) }
  const parsed = whatIfQueryShape.safeParse({ ...fields, ...overrides, edits: [...fileEdits, ...parseEdits(flags)] })
  if (parsed.success) return parsed.data
  throw new TwinError('CONFIG_INVALID', `${place} cannot be used: ${firstIssue(parsed.error)}; twinctl whatif run --help shows the form`)
}

/** What the flags set in a question and in a scenario alike; nothing where no flag was given. */
export function settingsOf({ workload, algorithms, granularity, delta1, delta2 }: QueryFlags): Partial<WhatIfQueryInput> {
  const given = { workload, algorithms, granularity, delta1Seconds: delta1, delta2 }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function isEditKind(name: string): name is Edit['kind'] {
  return Object.hasOwn(EDIT_FORMS, name)
}
