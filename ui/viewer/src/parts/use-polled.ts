/** Asks now and again while the page is looked at; what the server does not have is not asked for twice. */
import { useEffect, useState } from 'react'
import type { Answer, Problem } from '../live/api.ts'

const EVERY_MS = 5_000

export interface Polled<T> {
  /** The newest; it stays while the server fails. */
  readonly value: T | null
  readonly problem: Problem | null
  /** This server has no such thing. */
  readonly isMissing: boolean
}

/** @param ask The same function at every call. */
export function usePolled<T>(ask: () => Promise<Answer<T>>): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: null, problem: null, isMissing: false })
  const { isMissing } = polled
  useEffect(() => {
    if (isMissing) return
    let isGone = false
    const poll = async () => {
      if (document.hidden) return
      const answer = await ask()
      if (isGone) return
      if (answer.ok) setPolled({ value: answer.value, problem: null, isMissing: false })
      else setPolled(({ value }) => ({ value, problem: answer.problem, isMissing: answer.problem.status === 404 }))
    }
    void poll()
    const timer = setInterval(() => void poll(), EVERY_MS)
    return () => {
      isGone = true
      clearInterval(timer)
    }
  }, [ask, isMissing])
  return polled
}
