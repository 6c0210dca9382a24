/**
 * What the viewers are told, without sockets: a board with the newest value of every entity, and followers that
 * remember only the names of what they have not been told. A follower that falls behind loses versions in between,
 * never the last one, and holds no more names than the board has entities.
 */
import type { Changes } from '../../models/contracts/api.ts'
import type { StreamChange, StreamPatch, StreamSnapshot, StreamStatus } from '../../models/contracts/stream.ts'
import { ENTITY_KINDS, type Entity, type EntityKind } from '../../models/entities/entities.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { sightOf, visibleEntity, visibleStatus } from './visible.ts'

type Key = `${EntityKind} ${string}`

export interface Board {
  /** Grows by one with each change published. */
  revision(): number
  entityCount(): number
  publish(changes: Changes): void
  /** Adds what was read from a whole state, except what a change has already overtaken. Once, before anyone follows. */
  fill(changes: readonly StreamChange[]): void
  /** @param namespaces Of which it is told, by `visible.ts`; null: of everything. */
  follow(namespaces?: readonly string[] | null): Follower
}

export interface Follower {
  pendingCount(): number
  snapshot(): StreamSnapshot
  /**
   * What changed since the last snapshot or patch; null when nothing did, and until the first snapshot.
   * When more names changed than the board has entities: an empty patch after a gap, so that the client resyncs.
   */
  patch(sentMs: number): StreamPatch | null
  stop(): void
}

export function createBoard(epoch: string, initialStatus: StreamStatus): Board {
  const newest = new Map<Key, StreamChange>()
  // Names that changed before the board was filled; null afterwards.
  let overtaken: Set<Key> | null = new Set()
  const followers = new Set<(keys: readonly Key[]) => void>()
  let revision = 0
  let status = initialStatus

  function publish(changes: Changes): void {
    status = changes.status
    revision += 1
    const keys = changes.entities.map(toKey)
    changes.entities.forEach((change, index) => {
      if (change.value === null) newest.delete(keys[index]!)
      else newest.set(keys[index]!, change)
    })
    if (overtaken !== null) for (const key of keys) overtaken.add(key)
    for (const tell of followers) tell(keys)
  }

  function follow(namespaces: readonly string[] | null = null): Follower {
    const pending = new Set<Key>()
    // Null before the first snapshot: a patch would mean nothing.
    let toldRevision: number | null = null
    // Until the next snapshot every patch is a gap.
    let isLost = false
    const glasses = namespaces === null ? null : putOn(namespaces, newest)
    const statusNow = () => (namespaces === null ? status : visibleStatus(status, namespaces))
    const tell = (keys: readonly Key[]) => {
      if (toldRevision === null || isLost) return
      for (const key of keys) pending.add(key)
      if (pending.size <= newest.size) return
      isLost = true
      pending.clear()
    }
    followers.add(tell)
    return {
      pendingCount: () => pending.size,
      snapshot() {
        pending.clear()
        isLost = false
        toldRevision = revision
        return { epoch, revision, status: statusNow(), changes: glasses === null ? [...newest.values()] : glasses.all() }
      },
      patch(sentMs) {
        if (toldRevision === null || toldRevision === revision) return null
        const changes = glasses === null ? [...pending].map((key) => newest.get(key) ?? forgotten(key)) : glasses.changed(pending)
        const from = isLost ? revision : toldRevision
        pending.clear()
        toldRevision = revision
        return { epoch, from, to: revision, sentMs, status: statusNow(), changes }
      },
      stop: () => followers.delete(tell),
    }
  }

  return {
    revision: () => revision,
    entityCount: () => newest.size,
    publish,
    fill(changes) {
      for (const change of changes) if (!overtaken?.has(toKey(change))) newest.set(toKey(change), change)
      overtaken = null
    },
    follow,
  }
}

/**
 * The board as who may see some namespaces only: what they do not see is left out, and what they see no longer is taken back. Its name
 * is told to nobody who was not told it before.
 */
function putOn(namespaces: readonly string[], newest: ReadonlyMap<Key, StreamChange>) {
  const shown = new Map<Key, Entity>()
  let sight = sightOf(namespaces, [])
  const look = () => {
    sight = sightOf(namespaces, podsOf(newest.values()))
  }
  const seen = (key: Key): Entity | null => {
    const value = newest.get(key)?.value ?? null
    return value === null ? null : visibleEntity(value, sight)
  }
  const show = (key: Key): StreamChange[] => {
    const value = seen(key)
    if (value === null) return shown.delete(key) ? [forgotten(key)] : []
    shown.set(key, value)
    return [{ ...forgotten(key), value }]
  }
  return {
    all(): StreamChange[] {
      shown.clear()
      look()
      return [...newest.keys()].flatMap(show)
    },
    changed(pending: ReadonlySet<Key>): StreamChange[] {
      const changes = new Set(pending)
      // Whose a request is depends on the pods that work for it.
      if ([...pending].some((key) => key.startsWith('pod '))) {
        look()
        for (const key of newest.keys()) if (key.startsWith('request ') && seen(key) !== (shown.get(key) ?? null)) changes.add(key)
      }
      return [...changes].flatMap(show)
    },
  }
}

function* podsOf(changes: Iterable<StreamChange>): Iterable<Pod> {
  for (const { value } of changes) if (value?.kind === 'pod') yield value
}

function toKey({ kind, name }: Pick<StreamChange, 'kind' | 'name'>): Key {
  return `${kind} ${name}`
}

function forgotten(key: Key): StreamChange {
  const kind = ENTITY_KINDS.find((candidate) => key.startsWith(`${candidate} `))!
  return { kind, name: key.slice(kind.length + 1), value: null }
}
