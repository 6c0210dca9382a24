/** Where the load stands between the four classes of DHS: a picture, and the same in words and numbers. */
import type { Radar } from '../../../../models/contracts/standing.ts'
import { clockTime, counted } from '../format.ts'
import { CLASS_NAMES } from '../what-if/load-class.tsx'
import { ALGORITHM_TITLES } from '../what-if/question.ts'
import { RADAR, radarLayout } from './radar-layout.ts'

const TRAIL_ROWS_MAX = 12

export function RadarCard({ radar }: { radar: Radar }) {
  const { point, loadClass, work, borders, trail } = radar
  return (
    <section data-testid="radar">
      <h3>
        Load class {point === null ? 'unknown' : point.className}{' '}
        {point === null ? null : (
          <span className="fine">
            {CLASS_NAMES[point.className]}
            {loadClass === null ? '' : `: DHS takes ${ALGORITHM_TITLES[loadClass.algorithm]}`}
            {point.heldClassName === point.className ? '' : `; held at ${point.heldClassName}, as the border is near`}
          </span>
        )}
      </h3>
      <Picture radar={radar} />
      {point === null ? (
        <p className="fine">No request is known yet.</p>
      ) : (
        <>
          <dl className="figures">
            <div>
              <dt>imbalance (δ1 {number(radar.delta1Seconds)} s)</dt>
              <dd>{number(point.imbalanceSeconds)} s</dd>
            </div>
            <div>
              <dt>A / n (δ2 {number(radar.delta2)})</dt>
              <dd>{number(point.requestsPerCamera)}</dd>
            </div>
          </dl>
          <ul className="plain fine reasons">
            {borders.map(({ axis, distance, beyond }) => (
              <li key={axis}>
                {number(Math.abs(distance))}
                {axis === 'imbalance' ? '\u00a0s of imbalance' : ' requests per camera'} {distance < 0 ? 'less' : 'more'}: {beyond}
              </li>
            ))}
            <li>{work === 'open' ? 'Of the requests that are open.' : 'Nothing is open: of the requests that were raised last.'}</li>
          </ul>
          <Trail trail={trail} />
        </>
      )}
    </section>
  )
}

function Trail({ trail }: Pick<Radar, 'trail'>) {
  return (
    <details>
      <summary className="fine">Trail, {counted(trail.length, 'point')}</summary>
      <table className="numbers">
        <caption className="unseen">The newest points of the trail, newest first</caption>
        <thead>
          <tr>
            <th scope="col">time</th>
            <th scope="col">class</th>
            <th scope="col">imbalance</th>
            <th scope="col">A / n</th>
          </tr>
        </thead>
        <tbody>
          {trail
            .slice(-TRAIL_ROWS_MAX)
            .reverse()
            .map(({ timeMs, sequence, className, imbalanceSeconds, requestsPerCamera }) => (
              <tr key={sequence}>
                <th scope="row">{clockTime(timeMs, Date.now())}</th>
                <td>{className}</td>
                <td>{number(imbalanceSeconds)} s</td>
                <td>{number(requestsPerCamera)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </details>
  )
}

function Picture({ radar }: { radar: Radar }) {
  const { border, max, trail, point } = radarLayout(radar)
  const { width, height, left, right, top, bottom } = RADAR
  const foot = height - bottom
  const end = width - right
  const className = radar.point?.className
  const quadrants = [
    { name: 'U-L', x: left, y: top, width: border.x - left, height: border.y - top },
    { name: 'U-H', x: border.x, y: top, width: end - border.x, height: border.y - top },
    { name: 'B-L', x: left, y: border.y, width: border.x - left, height: foot - border.y },
    { name: 'B-H', x: border.x, y: border.y, width: end - border.x, height: foot - border.y },
  ]
  return (
    <svg className="radar" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={inWords(radar)}>
      {quadrants.map(({ name, ...box }) => (
        <rect key={name} className={name === className ? 'is-here' : undefined} {...box} />
      ))}
      <path className="radar-border" d={`M${border.x} ${top}V${foot}M${left} ${border.y}H${end}`} />
      <path className="radar-axis" d={`M${left} ${top}V${foot}H${end}`} />
      <polyline className="radar-trail" points={trail.map(({ x, y }) => `${x},${y}`).join(' ')} />
      {trail.slice(0, -1).map(({ x, y }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: points may coincide
        <circle key={index} className="radar-past" cx={x} cy={y} r={2} opacity={0.25 + (0.6 * index) / trail.length} />
      ))}
      {point === null ? null : <circle className="radar-point" cx={point.x} cy={point.y} r={5} />}
      {quadrants.map(({ name, x, y, width }) => (
        <text key={name} className={name === className ? 'radar-name is-here' : 'radar-name'} x={x + width - 6} y={y + 15} textAnchor="end">
          {name}
        </text>
      ))}
      <g>
        <text x={left} y={foot + 14}>
          0
        </text>
        <text x={border.x} y={foot + 14} textAnchor="middle">
          δ2 {number(radar.delta2)}
        </text>
        <text x={end} y={foot + 14} textAnchor="end">
          {number(max.requestsPerCamera)}
        </text>
        <text x={end} y={height - 4} textAnchor="end">
          requests per camera, A / n →
        </text>
        <text x={left - 5} y={border.y + 4} textAnchor="end">
          δ1 {number(radar.delta1Seconds)}
        </text>
        <text x={left - 5} y={top + 9} textAnchor="end">
          {number(max.imbalanceSeconds)} s
        </text>
        <text x={4} y={height - 4}>
          ↑ imbalance, s
        </text>
      </g>
    </svg>
  )
}

function inWords({ point, delta1Seconds, delta2 }: Radar): string {
  if (point === null) return 'Radar of the load classes: no request is known yet'
  const { className, imbalanceSeconds, requestsPerCamera } = point
  return `Radar of the load classes: ${className}, ${CLASS_NAMES[className]}; imbalance ${number(imbalanceSeconds)} seconds against δ1 ${number(delta1Seconds)}, ${number(requestsPerCamera)} requests per camera against δ2 ${number(delta2)}`
}

const number = (value: number) => String(Number(value.toPrecision(3)))
