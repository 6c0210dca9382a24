/** The charts in words and numbers: what each field was in each interval, newest first, and every change of mode. */
import { useState } from 'react'
import type { Transition, TransitionKind } from '../../../../models/contracts/history.ts'
import { clockTime, counted, UNKNOWN } from '../format.ts'
import { modeSign } from '../map/signs.ts'
import { download } from '../parts/download.ts'
import { formatUnit, type ShownField } from './fields.ts'
import { historyCsv } from './history-csv.ts'

const ROWS_MAX = 100

interface TableProps {
  readonly kind: TransitionKind
  readonly name: string
  readonly fields: readonly ShownField[]
  readonly transitions: readonly Transition[]
  readonly nowMs: number
}

export function HistoryTable(props: TableProps) {
  const { kind, name, fields } = props
  const [isOpen, setIsOpen] = useState(false)
  return (
    <details className="history-table" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary data-testid="history-table">As a table</summary>
      {isOpen ? (
        <>
          <Changes {...props} />
          <Numbers {...props} />
          <div className="buttons">
            <button type="button" onClick={() => download(`${kind}-${name.replaceAll('/', '-')}.csv`, 'text/csv', historyCsv(fields))}>
              Save CSV
            </button>
          </div>
        </>
      ) : null}
    </details>
  )
}

function Changes({ kind, transitions, nowMs }: TableProps) {
  if (transitions.length === 0) return <p className="fine">No change of mode in this span.</p>
  return (
    <ul className="plain fine reasons">
      {transitions
        .slice(-ROWS_MAX)
        .reverse()
        .map(({ timeMs, from, to, reason }) => (
          <li key={`${timeMs} ${to}`}>
            {clockTime(timeMs, nowMs)}: {modeSign(kind, from).word} → <b>{modeSign(kind, to).word}</b>
            {reason === '' ? '' : `, ${reason}`}
          </li>
        ))}
    </ul>
  )
}

function Numbers({ kind, name, fields, nowMs }: TableProps) {
  const times = [...new Set(fields.flatMap(({ points }) => points.map(({ timeMs }) => timeMs)))].sort((a, b) => b - a)
  const columns = fields.map(({ field, points }) => ({ ...field, at: new Map(points.map((point) => [point.timeMs, point])) }))
  return (
    <div className="scroll-x">
      <table className="numbers">
        <caption className="unseen">
          Means of {kind} {name}, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">from</th>
            {columns.map(({ field, title }) => (
              <th key={field} scope="col">
                {title.split(',')[0]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.slice(0, ROWS_MAX).map((timeMs) => (
            <tr key={timeMs}>
              <th scope="row">{clockTime(timeMs, nowMs)}</th>
              {columns.map(({ field, unit, at }) => {
                const point = at.get(timeMs)
                return <td key={field}>{point === undefined ? UNKNOWN : formatUnit(unit, point.mean)}</td>
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {times.length > ROWS_MAX ? <p className="fine">and {counted(times.length - ROWS_MAX, 'more')}: the CSV has all</p> : null}
    </div>
  )
}
