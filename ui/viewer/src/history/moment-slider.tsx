/** The moment without a pointer: arrow keys move the crosshair through all charts, Enter shows the site as it was then. */
import { clockTime } from '../format.ts'
import { AXIS_PX, RIGHT_PX } from './draw-chart.ts'
import type { Span } from './ranges.ts'

interface MomentProps {
  readonly span: Span
  readonly stepMs: number
  readonly momentMs: number | null
  readonly nowMs: number
  /** The values of the fields at the moment. */
  readonly words: string
  /** Null at the right end: the newest, which goes on. */
  readonly onChoose: (timeMs: number | null) => void
  readonly onGo: (timeMs: number) => void
}

export function MomentSlider({ span, stepMs, momentMs, nowMs, words, onChoose, onGo }: MomentProps) {
  const time = momentMs === null ? 'the newest' : clockTime(momentMs, nowMs)
  const share = momentMs === null ? 1 : (momentMs - span.fromMs) / (span.toMs - span.fromMs)
  return (
    <div className="history-moment">
      <div className="history-moment-track" style={{ marginLeft: AXIS_PX, marginRight: RIGHT_PX }}>
        <span className="history-moment-time" aria-hidden="true" style={{ left: `${Math.min(0.85, Math.max(0.1, share)) * 100}%` }}>
          {momentMs === null ? '' : time}
        </span>
        <input
          type="range"
          data-testid="history-moment"
          min={span.fromMs}
          max={span.toMs}
          step={stepMs}
          value={momentMs ?? span.toMs}
          aria-label="Moment"
          aria-valuetext={`${time}: ${words}`}
          onChange={({ target }) => onChoose(Number(target.value) > span.toMs - stepMs ? null : Number(target.value))}
          onKeyDown={({ key }) => {
            if (key === 'Enter' && momentMs !== null) onGo(momentMs)
          }}
        />
      </div>
      <button type="button" disabled={momentMs === null} data-testid="history-go" onClick={() => momentMs !== null && onGo(momentMs)}>
        {momentMs === null ? 'Click a chart or move the slider to go back in time' : `Show the site at ${time}`}
      </button>
    </div>
  )
}
