/** Asks what would have to change for an accelerator to win; one question at a time. */
import { useRef, useState } from 'react'
import type { FlipAnswer, FlipQuery } from '../../../../models/contracts/flips.ts'
import type { WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import { api, type Problem } from '../live/api.ts'

type AcceleratorTarget = Extract<FlipQuery['target'], { kind: 'accelerator' }>
export interface AcceleratorQuery extends FlipQuery {
  readonly target: AcceleratorTarget
}

export interface AskedFlips extends AcceleratorTarget {
  /** Null while it is searched. */
  readonly answer: FlipAnswer | null
  readonly problem: Problem | null
}

const RUNS_MAX = 200

/** Of the very twin that was answered about, which has gone on since. */
export function flipQuery({ query, basis }: Pick<WhatIfAnswer, 'query' | 'basis'>, target: AcceleratorTarget): AcceleratorQuery {
  const base = query.base.kind === 'now' ? ({ kind: 'sequence', sequence: basis.sequence } as const) : query.base
  return { query: { ...query, base }, target, runCountMax: RUNS_MAX }
}

export function useFlips() {
  const [asked, setAsked] = useState<AskedFlips | null>(null)
  const [isMissing, setIsMissing] = useState(false)
  const newest = useRef<AcceleratorQuery | null>(null)
  const find = async (query: AcceleratorQuery): Promise<void> => {
    newest.current = query
    setAsked({ ...query.target, answer: null, problem: null })
    const result = await api.flips(query)
    if (newest.current !== query) return
    if (result.ok) setAsked({ ...query.target, answer: result.value, problem: null })
    else if (result.problem.code === 'ROUTE_UNKNOWN') setIsMissing(true)
    else setAsked({ ...query.target, answer: null, problem: result.problem })
  }
  return { asked, isMissing, find: (query: AcceleratorQuery) => void find(query) }
}
