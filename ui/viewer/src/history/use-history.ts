/** Asks for the history of one thing again and again, and keeps what the stream tells in between. */
import { useEffect, useEffectEvent, useState } from 'react'
import type { TransitionKind } from '../../../../models/contracts/history.ts'
import type { SeriesAnswer, TransitionsAnswer } from '../../../../models/contracts/history-api.ts'
import type { EntityOfKind } from '../../../../models/entities/entities.ts'
import { api, type Problem } from '../live/api.ts'
import { fieldsOf } from './fields.ts'
import { type Heard, heardWith, NOTHING_HEARD } from './heard.ts'
import { POINTS_MAX, type Range, type Span } from './ranges.ts'

const ASK_EVERY_MS = 30_000
const ASK_EVERY_MS_MAX = 300_000

export interface HistoryAnswer {
  /** One of each field of the kind, in the order of `fieldsOf`. */
  readonly series: readonly SeriesAnswer[]
  readonly transitions: TransitionsAnswer
}
export interface KnownHistory {
  /** The newest; it stays while the store fails. */
  readonly answer: HistoryAnswer | null
  readonly problem: Problem | null
  /** This server keeps none. */
  readonly isMissing: boolean
}

interface AskedHistory {
  readonly kind: TransitionKind
  readonly name: string
  readonly range: Range
  readonly span: Span
  /** Whether the span moves on with time. */
  readonly isLive: boolean
}

export function useHistory({ kind, name, range, span, isLive }: AskedHistory): KnownHistory {
  const [known, setKnown] = useState<KnownHistory>({ answer: null, problem: null, isMissing: false })
  const { isMissing } = known
  const resolutionMs = known.answer?.series[0]?.resolutionMs ?? 0
  const everyMs = Math.max(ASK_EVERY_MS, Math.min(ASK_EVERY_MS_MAX, resolutionMs))
  const ask = useEffectEvent(() => askAll({ kind, name, span }))
  const fixedFromMs = isLive ? null : span.fromMs
  // biome-ignore lint/correctness/useExhaustiveDependencies: a live span is asked for as it is when its time has come
  useEffect(() => {
    if (isMissing) return
    let isGone = false
    const poll = async () => {
      if (document.hidden) return
      const told = await ask()
      if (isGone) return
      if ('answer' in told) setKnown({ answer: told.answer, problem: null, isMissing: false })
      else setKnown(({ answer }) => ({ answer, problem: told.problem, isMissing: told.problem.code === 'ROUTE_UNKNOWN' }))
    }
    void poll()
    const timer = setInterval(() => void poll(), everyMs)
    return () => {
      isGone = true
      clearInterval(timer)
    }
  }, [kind, name, range, fixedFromMs, everyMs, isMissing])
  return known
}

async function askAll({ kind, name, span }: Pick<AskedHistory, 'kind' | 'name' | 'span'>) {
  const [transitions, ...series] = await Promise.all([
    api.transitions(kind, name, span),
    ...fieldsOf(kind).map(({ field }) => api.series(kind, name, { ...span, field, points: POINTS_MAX })),
  ])
  if (!transitions.ok) return { problem: transitions.problem }
  const answers: SeriesAnswer[] = []
  for (const one of series) {
    if (!one.ok) return { problem: one.problem }
    answers.push(one.value)
  }
  return { answer: { series: answers, transitions: transitions.value } }
}

export function useHeard(entity: EntityOfKind[TransitionKind] | undefined, clockMs: number): Heard {
  const [heard, setHeard] = useState(NOTHING_HEARD)
  const hear = useEffectEvent((told: EntityOfKind[TransitionKind]) => setHeard((known) => heardWith(known, told, clockMs)))
  useEffect(() => {
    if (entity !== undefined) hear(entity)
  }, [entity])
  return heard
}
