/**
 * What the server can ask of the running twin. `infra` provides it, `connectors/server` puts it on REST and
 * socket.io; neither knows the other. Rejections are TwinErrors.
 */
import type { Entity, EntityKind } from '../entities/entities.ts'
import type { LoopMode } from '../events/decision-events.ts'
import type { JournaledEvent } from '../events/events.ts'
import type { DeadLetter } from '../ports.ts'
import type { ActiveFault, Fault } from './fault.ts'
import type { StreamStatus } from './stream.ts'
import type { TwinJson } from './twin-json.ts'
import type { AlgorithmName, WhatIfAnswer, WhatIfQuery } from './what-if.ts'

/** The twin as it is, or as it was after a journal sequence or at a time. */
export type At =
  | { readonly kind: 'now' }
  | { readonly kind: 'sequence'; readonly sequence: number }
  | { readonly kind: 'time'; readonly timeMs: number }

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** What to do when it is not ok. */
  readonly remedy: string
  /** True: worth knowing, but the process serves all the same, so it stays ready. */
  readonly advisory?: boolean | undefined
}

export interface Changes {
  readonly status: StreamStatus
  /** Entities that changed since the last call of the listener, newest value; null: forgotten. */
  readonly entities: readonly { readonly kind: EntityKind; readonly name: string; readonly value: Entity | null }[]
}

export interface TwinApi {
  state(at: At): Promise<{ readonly state: TwinJson; readonly hash: string }>
  entities(kind: EntityKind, at: At): Promise<readonly Entity[]>
  /** @throws TwinError ENTITY_UNKNOWN with the nearest names. */
  entity(kind: EntityKind, name: string, at: At): Promise<Entity>
  status(): StreamStatus
  /** Calls back with every change until stopped, synchronously after the fold; the listener must be quick. */
  onChanges(listener: (changes: Changes) => void): () => void
  events(options: { readonly after: number; readonly limit: number; readonly type?: string }): Promise<readonly JournaledEvent[]>
  deadLetters(limit: number): Promise<readonly DeadLetter[]>
  whatIf(query: WhatIfQuery, by: string): Promise<WhatIfAnswer>
  /** Turns an outcome of a what-if asked before into a decision that waits for approval; resolves to its id. */
  propose(options: { readonly whatIfId: string; readonly algorithm: AlgorithmName; readonly by: string }): Promise<string>
  approve(options: { readonly id: string; readonly by: string; readonly reason: string }): Promise<void>
  reject(options: { readonly id: string; readonly by: string; readonly reason: string }): Promise<void>
  setLoopMode(options: { readonly mode: LoopMode; readonly by: string }): Promise<void>
  faults(): Promise<readonly ActiveFault[]>
  addFault(fault: Fault): Promise<ActiveFault>
  clearFault(id: string): Promise<void>
  checks(): Promise<readonly Check[]>
}
