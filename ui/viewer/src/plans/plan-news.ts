/** What a screen reader is told when plans come or change: the newest word on each, at most every two seconds. */
import { useEffect, useRef, useState } from 'react'
import type { DecisionRecord } from '../../../../models/entities/decision-record.ts'
import { percent, readable } from '../format.ts'

const PAUSE_MS = 2_000
type Plans = ReadonlyMap<string, DecisionRecord>

/** @returns a sentence for each plan that is in another mode than before; empty when none is. */
export function newsOf(before: Plans, after: Plans): string {
  return [...after.values()]
    .filter(({ id, mode }) => before.get(id)?.mode !== mode)
    .map(({ mode, desired, reported }) => {
      const off = reported.errorRatio === null ? '' : `, off by ${percent(reported.errorRatio)}`
      return `Plan ${mode}${off}: ${readable(desired?.summary ?? '')}`
    })
    .join(' ')
}

export function usePlanNews(plans: Plans, isKnown: boolean): string {
  const [news, setNews] = useState('')
  // The plans that were there when the page came are no news.
  const told = useRef<Plans | null>(null)
  const newest = useRef(plans)
  newest.current = plans
  useEffect(() => {
    if (!isKnown) return
    told.current ??= newest.current
    const timer = setInterval(() => {
      const text = newsOf(told.current ?? newest.current, newest.current)
      told.current = newest.current
      if (text !== '') setNews(text)
    }, PAUSE_MS)
    return () => clearInterval(timer)
  }, [isKnown])
  return news
}
