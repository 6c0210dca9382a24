/** The modes of a thing as periods of a span, made from its changes. */
import type { Transition } from '../../../../models/contracts/history.ts'
import type { Span } from './ranges.ts'

export interface Period extends Span {
  readonly mode: string
}

/**
 * @param transitions Of the span, oldest first.
 * @param known.sinceMs Before it nothing is known, and nothing is claimed.
 * @param known.mode The mode at the end of the span, for a span without a change; null: unknown.
 */
export function toPeriods(
  transitions: readonly Transition[],
  { fromMs, toMs }: Span,
  known: { readonly sinceMs: number; readonly mode: string | null },
): readonly Period[] {
  const startMs = Math.max(fromMs, known.sinceMs)
  const first = transitions[0]
  if (first === undefined) return known.mode === null || startMs >= toMs ? [] : [{ mode: known.mode, fromMs: startMs, toMs }]
  const changes = transitions.map(({ timeMs, to }, index) => ({ mode: to, fromMs: timeMs, toMs: transitions[index + 1]?.timeMs ?? toMs }))
  return [{ mode: first.from, fromMs: startMs, toMs: first.timeMs }, ...changes].filter((period) => period.fromMs < period.toMs)
}
