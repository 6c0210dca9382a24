/** The last two minutes of a ratio as a small line; the number beside it says how much. */
import { HISTORY_MS, type Sample } from '../live/history.ts'

const WIDTH = 64
const HEIGHT = 16

/** @param nowMs The right edge. Nothing is drawn of fewer than two samples. */
export function Sparkline({ samples, nowMs }: { samples: readonly Sample[]; nowMs: number }) {
  const points = samples.filter(({ timeMs }) => timeMs > nowMs - HISTORY_MS)
  return (
    <svg className="sparkline" width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      {points.length < 2 ? null : <polyline points={points.map((sample) => pointText(sample, nowMs)).join(' ')} />}
    </svg>
  )
}

function pointText({ timeMs, ratio }: Sample, nowMs: number): string {
  // The newest may be a little ahead of the clock's last tick.
  const x = WIDTH * Math.min(1, 1 - (nowMs - timeMs) / HISTORY_MS)
  return `${x.toFixed(1)},${(HEIGHT - 1 - ratio * (HEIGHT - 2)).toFixed(1)}`
}
