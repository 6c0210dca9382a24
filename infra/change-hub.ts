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

export interface ChangeHubOptions {
  readonly loopStatus: () => string
  readonly troubles: () => readonly Trouble[]
  readonly takesFaults: () => boolean
}

export function makeChangeHub({ loopStatus, troubles, takesFaults }: ChangeHubOptions): ChangeHub {
  const listeners = new Set<(changes: Changes) => void>()
  return {
    onChanges: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    announce: (before, after) => {
      if (listeners.size === 0) return
      const status = statusOf(after, { loopStatus: loopStatus(), troubles: troubles(), takesFaults: takesFaults() })
      const changes = { status, entities: diffEntities(before, after) }
      for (const listener of listeners) listener(changes)
    },
  }
}
