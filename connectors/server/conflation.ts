/**
 * What the viewers are told, without sockets: a board with the newest value of every entity, and followers that
 * remember only the names of what they have not been told. A follower that falls behind loses versions in between,
 * never the last one, and holds no more names than the board has entities.
 */
import type { Changes } from '../../models/contracts/api.ts'
import type { StreamChange, StreamPatch, StreamSnapshot, StreamStatus } from '../../models/contracts/stream.ts'
import { ENTITY_KINDS, type EntityKind } from '../../models/entities/entities.ts'

type Key = `${EntityKind} ${string}`

export interface Board {
  /** Grows by one with each change published. */
  revision(): number
  entityCount(): number
  publish(changes: Changes): void
  /** Adds what was read from a whole state, except what a change has already overtaken. Once, before anyone follows. */
  fill(changes: readonly StreamChange[]): void
  follow(): Follower
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

  function follow(): Follower {
    const pending = new Set<Key>()
    // Null before the first snapshot: a patch would mean nothing.
    let toldRevision: number | null = null
    // Until the next snapshot every patch is a gap.
    let isLost = false
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
        return { epoch, revision, status, changes: [...newest.values()] }
      },
      patch(sentMs) {
        if (toldRevision === null || toldRevision === revision) return null
        const changes = [...pending].map((key) => newest.get(key) ?? forgotten(key))
        const from = isLost ? revision : toldRevision
        pending.clear()
        toldRevision = revision
        return { epoch, from, to: revision, sentMs, status, changes }
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

function toKey({ kind, name }: Pick<StreamChange, 'kind' | 'name'>): Key {
  return `${kind} ${name}`
}

function forgotten(key: Key): StreamChange {
  const kind = ENTITY_KINDS.find((candidate) => key.startsWith(`${candidate} `))!
  return { kind, name: key.slice(kind.length + 1), value: null }
}
