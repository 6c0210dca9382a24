/** The question under way and its answer, shared by the form in the panel and the answer on the stage. */
import { useSyncExternalStore } from 'react'
import type { WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { api, type Problem } from '../live/api.ts'
import { changeHash } from '../live/page-hash.ts'
import { FIRST_QUESTION, type Question, toQuery } from './question.ts'

export interface Asking {
  readonly question: Question
  readonly isRunning: boolean
  readonly problem: Problem | null
  /** The last answer stays until the next one comes. */
  readonly answer: WhatIfAnswer | null
  /** For the live region. */
  readonly announcement: string
}

let asking: Asking = { question: FIRST_QUESTION, isRunning: false, problem: null, answer: null, announcement: '' }
let underWay: AbortController | null = null
const listeners = new Set<() => void>()

function change(next: Partial<Asking>): void {
  asking = { ...asking, ...next }
  for (const listener of listeners) listener()
}

export function useAsking(): Asking {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => asking,
  )
}

export const changeQuestion = (next: Partial<Question>): void => change({ question: { ...asking.question, ...next } })

export async function ask(cameras: readonly string[]): Promise<void> {
  underWay?.abort()
  const mine = new AbortController()
  underWay = mine
  change({ isRunning: true, problem: null, announcement: 'The question is being worked out.' })
  const result = await api.whatIf(toQuery(asking.question, cameras), mine.signal)
  if (underWay !== mine) return
  underWay = null
  if (result.ok) {
    const best = result.value.outcomes[0]
    const announcement =
      best === undefined
        ? 'No algorithm found a schedule.'
        : `${result.value.outcomes.length} schedules. Best: ${best.algorithm}, makespan ${Math.round(best.makespanMs)} milliseconds.`
    change({ isRunning: false, answer: result.value, announcement })
    changeHash({ stage: 'answer' })
  } else {
    change({ isRunning: false, problem: result.problem, announcement: `It failed: ${result.problem.title}` })
  }
}

export function cancel(): void {
  underWay?.abort()
  underWay = null
  change({ isRunning: false, announcement: 'Cancelled.' })
}
