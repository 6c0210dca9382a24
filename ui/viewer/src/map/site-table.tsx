/** The map as a table: the same facts in rows, for reading by ear, searching and copying. */
import { useState } from 'react'
import type { Accelerator } from '../../../../models/entities/accelerator.ts'
import type { Camera } from '../../../../models/entities/camera.ts'
import type { Node } from '../../../../models/entities/node.ts'
import { age, byName, percent, UNKNOWN } from '../format.ts'
import type { Sample } from '../live/history.ts'
import { changeHash, type Selection, usePageHash } from '../live/page-hash.ts'
import { usePage, useTwin } from '../live/store.ts'
import { useTwinNow } from '../live/twin-time.ts'
import { type Work, workOf } from '../live/work.ts'
import { TextField } from '../parts/fields.tsx'
import { FreshnessMark, Mark, OriginMark } from '../parts/marks.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { ageingOf } from './scene.ts'
import { acceleratorSign, cameraSign, nodeSign } from './signs.ts'

const ROWS_MAX = 1_000

export function SiteTable() {
  const { entities } = useTwin()
  const { history, past } = usePage()
  const nowMs = useTwinNow()
  const { selection } = usePageHash()
  const [filter, setFilter] = useState('')
  const work = workOf(entities.pod)
  const all: readonly (Camera | Node | Accelerator)[] = [
    ...sorted(entities.camera),
    ...sorted(entities.node),
    ...sorted(entities.accelerator),
  ]
  const rows = all.filter((entity) => `${entity.kind} ${entity.name} ${entity.mode}`.includes(filter.trim().toLowerCase()))
  return (
    <div className="pad">
      <TextField label="Filter by kind, name or state" value={filter} onChange={setFilter} placeholder="accelerator tx2 failed" />
      <table className="site-table">
        <caption className="unseen">All cameras, nodes and accelerators</caption>
        <thead>
          <tr>
            {['name', 'kind', 'state', 'load', 'work', 'age', 'origin'].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS_MAX).map((entity) => (
            <TableRow
              key={`${entity.kind} ${entity.name}`}
              entity={entity}
              samples={past === null && entity.kind !== 'camera' ? (history.get(entity.name) ?? []) : []}
              work={work}
              nowMs={nowMs}
              selection={selection}
            />
          ))}
        </tbody>
      </table>
      {rows.length > ROWS_MAX ? (
        <p className="fine">
          The first {ROWS_MAX} of {rows.length}: filter to see others.
        </p>
      ) : null}
    </div>
  )
}

interface RowProps {
  readonly entity: Camera | Node | Accelerator
  readonly samples: readonly Sample[]
  readonly work: Work
  readonly nowMs: number
  readonly selection: Selection | null
}

function TableRow({ entity, samples, work, nowMs, selection }: RowProps) {
  const { kind, name } = entity
  const sign = kind === 'camera' ? cameraSign(entity) : kind === 'node' ? nodeSign(entity) : acceleratorSign(entity)
  const ageing = ageingOf(entity)
  return (
    <tr className={selection?.kind === kind && selection.name === name ? 'is-chosen' : undefined}>
      <th scope="row">
        <button type="button" className="link" onClick={() => changeHash({ selection: { kind, name }, panel: 'details' })}>
          {name}
        </button>
      </th>
      <td>{kind === 'accelerator' ? (entity.reported.identity?.value.acceleratorKind ?? kind) : kind}</td>
      <td>
        <Mark tone={sign.tone}>{sign.word}</Mark>
      </td>
      <td className="is-number">
        <Sparkline samples={samples} nowMs={nowMs} /> <span className="load">{loadOf(entity)}</span>
      </td>
      <td>{workText(entity, work)}</td>
      <td className="is-number">
        {ageing === null ? UNKNOWN : age(nowMs - ageing.timeMs)} {ageing === null ? null : <FreshnessMark freshness={ageing.freshness} />}
      </td>
      <td>
        <OriginMark isEmulated={entity.reported.identity?.value.emulated} />
      </td>
    </tr>
  )
}

function loadOf(entity: Camera | Node | Accelerator): string {
  if (entity.kind === 'camera')
    return entity.reported.stream === null ? UNKNOWN : `${entity.reported.stream.value.framesPerSecond.toFixed(1)} fps`
  return percent(entity.reported.load?.value.utilizationRatio)
}

function workText(entity: Camera | Node | Accelerator, work: Work): string {
  switch (entity.kind) {
    case 'node':
      return ''
    case 'accelerator': {
      const queue = work.queueOf.get(entity.name) ?? []
      const runningCount = queue.filter(({ mode }) => mode === 'running').length
      return queue.length === 0 ? '' : `${runningCount} running, ${queue.length - runningCount} waiting`
    }
    case 'camera':
      return (work.streamsOf.get(entity.name) ?? []).map(({ application, accelerator }) => `${application} → ${accelerator}`).join(', ')
  }
}

const sorted = <T extends { readonly name: string }>(entities: ReadonlyMap<string, T>): T[] =>
  [...entities.values()].sort((a, b) => byName(a.name, b.name))
