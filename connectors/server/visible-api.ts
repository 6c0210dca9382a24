/** The twin as whoever sent a request may see it: whole, or only what is of some namespaces (`visible.ts`). */
import type { Subject } from '../../models/contracts/access.ts'
import type { At, TwinApi } from '../../models/contracts/api.ts'
import type { WhyPending } from '../../models/contracts/gates.ts'
import { type Entity, type EntityKind, entityName } from '../../models/entities/entities.ts'
import { ERROR_CODES, type ErrorCode, nearestNames, TwinError } from '../../models/errors.ts'
import { sightOf, UNSEEN, visibleOf, visibleStatus, visibleTwin } from './visible.ts'

export type ReadApi = Pick<TwinApi, 'state' | 'entities' | 'entity' | 'status'>

/** @returns null: those of all namespaces. */
export function namespacesOf(subject: Pick<Subject, 'namespaces'> | null): readonly string[] | null {
  return subject?.namespaces === 'all' ? null : (subject?.namespaces ?? [])
}

export function visibleApi(api: ReadApi, subject: Pick<Subject, 'namespaces'> | null): ReadApi {
  const namespaces = namespacesOf(subject)
  return namespaces === null ? api : narrowed(api, namespaces)
}

function narrowed(api: ReadApi, namespaces: readonly string[]): ReadApi {
  const entities = async (kind: EntityKind, at: At): Promise<readonly Entity[]> => {
    const [found, pods] = await Promise.all([api.entities(kind, at), api.entities('pod', at)])
    return visibleOf(
      found,
      sightOf(
        namespaces,
        pods.filter((entity) => entity.kind === 'pod'),
      ),
    )
  }
  return {
    entities,
    // What is not seen is told of like what is not there, near names included.
    async entity(kind, name, at) {
      const all = await entities(kind, at)
      const found = all.find((entity) => entityName(entity) === name)
      if (found !== undefined) return found
      const near = nearestNames(name, all.map(entityName))
      const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'ask for the list of what there is'
      throw new TwinError('ENTITY_UNKNOWN', `no ${kind} ${name} in ${namespaces.join(', ')}; ${hint}`, { details: { kind, name, near } })
    },
    state: async (at) => ({ state: visibleTwin((await api.state(at)).state, namespaces), hash: '' }),
    status: () => visibleStatus(api.status(), namespaces),
  }
}

const WHY_TEXTS: Readonly<Record<WhyPending['cause'], string>> = {
  gated: 'It waits behind a gate: nobody has decided yet where it goes.',
  'accelerator-unknown': 'No node offers the accelerator that it asks for.',
  'accelerator-taken': 'Every accelerator that it asks for is taken.',
  'accelerator-faulty': 'No accelerator that it asks for takes work.',
  'idle-without-image': 'Every accelerator that it asks for is taken; others are idle, and no image of it runs there.',
  'idle-with-image': 'Every accelerator that it asks for is taken; others are idle, and an image of it runs there.',
  'no-node': 'It fits no node.',
  'not-yet': 'It fits; the scheduler has not bound it yet.',
}

/** Of a pod that is seen: the rest of the words may name who has what it waits for. */
export function visibleWhy({ cause, nodes, idle }: WhyPending): WhyPending {
  return { cause, text: WHY_TEXTS[cause], nodes, idle }
}

/** Their messages say nothing that the request did not say, or what `visibleApi` found. */
const SAFE_CODES: readonly ErrorCode[] = [
  'ENTITY_UNKNOWN',
  // The twin itself says none.
  'QUERY_INVALID',
  'FORBIDDEN',
  'UNAUTHORIZED',
  'ACCESS_UNAVAILABLE',
  'ORIGIN_REFUSED',
  'ROUTE_UNKNOWN',
  'RATE_LIMITED',
  'INTERNAL',
]

/**
 * What went wrong, as whoever asked may know it: the words of most failures may name anything.
 *
 * @param subject undefined: the request was not fit to be read, and nobody was asked for.
 */
export function visibleError(error: unknown, subject: Pick<Subject, 'namespaces'> | null | undefined): unknown {
  const isNarrow = subject && subject.namespaces !== 'all'
  if (!isNarrow || !(error instanceof TwinError) || SAFE_CODES.includes(error.code)) return error
  return new TwinError(error.code, `${ERROR_CODES[error.code]}; more is ${UNSEEN}`, { cause: error })
}
