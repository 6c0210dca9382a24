/**
 * Answers that are asked for once and kept for a while, within bounds: of what is kept and of what is asked at once.
 *
 * The same question asked twice at a time is asked once. A failure is never kept.
 */
import { TwinError } from '../../../models/errors.ts'
import type { Clock } from '../../../models/ports.ts'

export interface RememberedOptions<T> {
  readonly clock: Clock
  readonly keepMs: (value: T) => number
  /** The longest kept is forgotten first. */
  readonly keptMax: number
  readonly atOnceMax: number
}

export interface Question<T> {
  readonly ask: () => Promise<T>
  /** Asked anew, whatever is kept. */
  readonly isFresh: boolean
  /** For so much longer than it is kept, the last answer does when asking fails. */
  readonly graceMs: number
}

export interface Answered<T> {
  readonly value: T
  /** Set when asking failed and an old answer had to do: until when it does. */
  readonly graceEndMs: number | null
}

export interface Remembered<T> {
  /** @throws TwinError OVERLOADED, or what asking throws. */
  get(key: string, question: Question<T>): Promise<Answered<T>>
}

export function createRemembered<T>({ clock, keepMs, keptMax, atOnceMax }: RememberedOptions<T>): Remembered<T> {
  const kept = new Map<string, { readonly value: T; readonly untilMs: number }>()
  const underWay = new Map<string, Promise<T>>()

  function ask(key: string, question: Question<T>): Promise<T> {
    const asked = underWay.get(key)
    if (asked !== undefined) return asked
    if (underWay.size >= atOnceMax) {
      throw new TwinError('OVERLOADED', `${atOnceMax} questions about who may do what are under way; try again in a second`)
    }
    const askedMs = clock()
    const asking = question
      .ask()
      .then((value) => {
        kept.delete(key)
        kept.set(key, { value, untilMs: askedMs + keepMs(value) })
        for (const oldest of kept.keys()) {
          if (kept.size <= keptMax) break
          kept.delete(oldest)
        }
        return value
      })
      .finally(() => underWay.delete(key))
    underWay.set(key, asking)
    return asking
  }

  return {
    async get(key, question) {
      const known = kept.get(key)
      if (known !== undefined && !question.isFresh && clock() < known.untilMs) return { value: known.value, graceEndMs: null }
      try {
        return { value: await ask(key, question), graceEndMs: null }
      } catch (error) {
        const graceEndMs = known === undefined ? 0 : known.untilMs + question.graceMs
        if (known === undefined || question.graceMs === 0 || clock() >= graceEndMs) throw error
        return { value: known.value, graceEndMs }
      }
    },
  }
}
