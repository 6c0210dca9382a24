/** The modes of the span as a lane over the charts, each in words where there is room. The table says them all. */
import type { TransitionKind } from '../../../../models/contracts/history.ts'
import { clockTime } from '../format.ts'
import { modeSign } from '../map/signs.ts'
import { AXIS_PX, RIGHT_PX } from './draw-chart.ts'
import type { Period } from './periods.ts'
import type { Span } from './ranges.ts'

/** Of the lane, what a word needs. */
const WORD_SHARE = 0.14

export function ModeLane({ kind, periods, span, nowMs }: { kind: TransitionKind; periods: readonly Period[]; span: Span; nowMs: number }) {
  const lengthMs = span.toMs - span.fromMs
  const words = periods.map(({ mode, fromMs }) => `${modeSign(kind, mode).word} from ${clockTime(fromMs, nowMs)}`)
  return (
    <div className="history-lane" role="img" aria-label={words.length === 0 ? 'Mode not known' : `Mode: ${words.slice(-12).join(', ')}`}>
      <span className="history-lane-title" style={{ width: AXIS_PX }}>
        mode
      </span>
      <div className="history-lane-track" style={{ marginRight: RIGHT_PX }}>
        {periods.map(({ mode, fromMs, toMs }) => {
          const { word, tone } = modeSign(kind, mode)
          const share = (toMs - fromMs) / lengthMs
          const left = `${((fromMs - span.fromMs) / lengthMs) * 100}%`
          return (
            <span
              key={fromMs}
              className={`history-period is-${tone}`}
              style={{ left, width: `${share * 100}%` }}
              title={`${word} from ${clockTime(fromMs, nowMs)}`}
            >
              {share < WORD_SHARE ? '' : word}
            </span>
          )
        })}
      </div>
    </div>
  )
}
