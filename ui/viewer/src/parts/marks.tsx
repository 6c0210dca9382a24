/** The small signs that recur: freshness, origin, mode. A word always goes with the colour. */
import type { Freshness } from '../../../../models/entities/fact.ts'
import type { Tone } from '../map/signs.ts'

const FRESHNESS_TONE: Readonly<Record<Freshness, Tone>> = { fresh: 'good', late: 'muted', stale: 'warn', lost: 'bad' }

export function FreshnessMark({ freshness }: { freshness: Freshness }) {
  return <Mark tone={FRESHNESS_TONE[freshness]}>{freshness}</Mark>
}

export function OriginMark({ isEmulated }: { isEmulated: boolean | undefined }) {
  if (isEmulated === undefined) return null
  return <span className={`origin ${isEmulated ? 'is-emulated' : 'is-real'}`}>{isEmulated ? 'emulated' : 'real'}</span>
}

export function Mark({ tone, children }: { tone: Tone; children: React.ReactNode }) {
  return <span className={`mark is-${tone}`}>{children}</span>
}
