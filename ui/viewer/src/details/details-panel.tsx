/** Everything known of the chosen thing, and ways on to what belongs to it. */
import type { Entity } from '../../../../models/entities/entities.ts'
import { age, clockTime, counted } from '../format.ts'
import { hasHistory } from '../history/fields.ts'
import { HistorySection } from '../history/history-section.tsx'
import { changeHash, type Selection, usePageHash } from '../live/page-hash.ts'
import { useTwin } from '../live/store.ts'
import { useTwinNow } from '../live/twin-time.ts'
import type { TwinView } from '../live/view.ts'
import { acceleratorSign, cameraSign, nodeSign, type Sign } from '../map/signs.ts'
import { FreshnessMark, Mark, OriginMark } from '../parts/marks.tsx'
import { type Group, groupsOf, type Row } from './groups.ts'
import { relatedOf } from './related.ts'

export function DetailsPanel() {
  const view = useTwin()
  const nowMs = useTwinNow()
  const { selection } = usePageHash()
  const entity = selection === null ? undefined : view.entities[selection.kind].get(selection.name)
  if (selection === null) return <Nothing />
  if (entity === undefined) {
    return (
      <p className="empty">
        The twin holds no {selection.kind} <b>{selection.name}</b>{' '}
        {view.status === null ? 'yet' : 'now; ended work is forgotten after two minutes'}.
      </p>
    )
  }
  const divergences = (view.status?.divergences ?? []).filter(({ kind, name }) => kind === selection.kind && name === selection.name)
  return (
    <article className="details" aria-label={`${selection.kind} ${selection.name}`}>
      <header className="details-head">
        <span className="details-kind">{selection.kind}</span>
        <h2>{selection.name}</h2>
        <Mark tone={signOf(entity).tone}>{signOf(entity).word}</Mark>
        <OriginMark isEmulated={emulatedOf(entity)} />
      </header>
      {groupsOf(entity, nowMs).map((group) => (
        <GroupTable key={group.title} group={group} nowMs={nowMs} />
      ))}
      {hasHistory(entity.kind) ? (
        <HistorySection key={`${entity.kind} ${selection.name}`} kind={entity.kind} name={selection.name} />
      ) : null}
      <Related entity={entity} view={view} />
      {divergences.length === 0 ? null : (
        <section className="details-group">
          <h3>Surprises</h3>
          <p className="fine">What was told contradicted what the twin believed; what was told was adopted.</p>
          <ul className="plain">
            {divergences.slice(-6).map(({ timeMs, event, mode }) => (
              <li key={`${timeMs} ${event}`}>
                {clockTime(timeMs, nowMs)} <code>{event}</code> while {mode}
              </li>
            ))}
          </ul>
        </section>
      )}
    </article>
  )
}

function Nothing() {
  return (
    <div className="empty">
      <p>Choose a camera, node or accelerator on the map.</p>
      <p>
        Tab reaches the map, arrow keys move on it, <kbd>Enter</kbd> opens; <kbd>?</kbd> shows all keys.
      </p>
    </div>
  )
}

function GroupTable({ group: { title, told, rows }, nowMs }: { group: Group; nowMs: number }) {
  const columns = (['desired', 'reported', 'predicted'] as const).filter((column) => rows.some((row) => row[column] !== undefined))
  return (
    <section className={`details-group ${told?.freshness === 'stale' || told?.freshness === 'lost' ? 'is-old' : ''}`}>
      <h3>{title}</h3>
      <div className="told">
        {told === null ? null : (
          <>
            {told.freshness === null ? null : <FreshnessMark freshness={told.freshness} />} {age(nowMs - told.timeMs)} ago · {told.source}
          </>
        )}
      </div>
      {rows.length === 0 ? (
        <p className="fine">Nobody has told yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <td />
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <FactRow key={row.label} row={row} columns={columns} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function FactRow({ row, columns }: { row: Row; columns: readonly ('desired' | 'reported' | 'predicted')[] }) {
  return (
    <tr>
      <th scope="row">{row.label}</th>
      {columns.map((column) => (
        <td key={column} className={row[column] === undefined || row[column] === 'unknown' ? 'is-unknown' : undefined}>
          {row[column] ?? '·'}
        </td>
      ))}
    </tr>
  )
}

function Related({ entity, view }: { entity: Entity; view: TwinView }) {
  const lists = relatedOf(entity, view)
  return lists.map(({ title, items }) => (
    <section key={title} className="details-group">
      <h3>{title}</h3>
      {items.length === 0 ? <p className="fine">None.</p> : null}
      <ul className="plain related">
        {items.slice(0, 40).map(({ kind, name, note }) => (
          <li key={name}>
            <button type="button" className="link" onClick={() => choose({ kind, name })}>
              {name}
            </button>
            <span className="fine">{note}</span>
          </li>
        ))}
      </ul>
      {items.length > 40 ? <p className="fine">and {counted(items.length - 40, 'more')}</p> : null}
    </section>
  ))
}

const choose = (selection: Selection) => changeHash({ selection })

function signOf(entity: Entity): Sign {
  switch (entity.kind) {
    case 'node':
      return nodeSign(entity)
    case 'accelerator':
      return acceleratorSign(entity)
    case 'camera':
      return cameraSign(entity)
    default:
      return { word: entity.mode, glyph: 'dot', tone: entity.mode === 'failed' ? 'bad' : entity.mode === 'running' ? 'accent' : 'muted' }
  }
}

function emulatedOf(entity: Entity): boolean | undefined {
  return entity.kind === 'node' || entity.kind === 'accelerator' || entity.kind === 'camera'
    ? entity.reported.identity?.value.emulated
    : undefined
}
