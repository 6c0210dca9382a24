/** What an event did to one entity: the entity afterwards, and whether the event was old news or a surprise. */

export interface Applied<T> {
  readonly entity: T
  /** Something newer was already known; nothing changed. */
  readonly superseded: boolean
  /** False when the entity's machine has no such arrow from its mode: divergence. */
  readonly expected: boolean
}

export const adopted = <T>(entity: T, expected = true): Applied<T> => ({ entity, superseded: false, expected })
export const superseded = <T>(entity: T): Applied<T> => ({ entity, superseded: true, expected: true })
