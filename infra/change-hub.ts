/** Tells whoever listens what each batch changed. Works the difference out once, and only when somebody listens. */
import type { Changes } from '../models/contracts/api.ts'
import type { Trouble } from '../models/contracts/stream.ts'
import { diffEntities } from '../twin/diff.ts'
import type { TwinState } from '../twin/twin-state.ts'
import { statusOf } from './twin-api.ts'

export interface ChangeHub {
  readonly onChanges: (listener: (changes: Changes) => void) => () => void
  /** With one state twice it tells the status alone. */
  readonly announce: (before: TwinState, after: TwinState) => void
}

export function makeChangeHub(loopStatus: () => string, troubles: () => readonly Trouble[] = () => []): ChangeHub {
  const listeners = new Set<(changes: Changes) => void>()
  return {
    onChanges: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    announce: (before, after) => {
      if (listeners.size === 0) return
      const changes = { status: statusOf(after, { loopStatus: loopStatus(), troubles: troubles() }), entities: diffEntities(before, after) }
      for (const listener of listeners) listener(changes)
    },
  }
}
