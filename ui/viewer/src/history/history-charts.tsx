/**
 * History of one thing: a chart for each field that somebody tells, one moment through all of them, and a way from any moment
 * to the whole site as it was then.
 */
import { useMemo, useState } from 'react'
import type { TransitionKind } from '../../../../models/contracts/history.ts'
import { age } from '../format.ts'
import type { Problem } from '../live/api.ts'
import { changeHash, usePageHash } from '../live/page-hash.ts'
import { usePage } from '../live/store.ts'
import { twinNowMs, useSecond } from '../live/twin-time.ts'
import { modeSign } from '../map/signs.ts'
import { Choice } from '../parts/choice.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'
import { changePast } from '../time/past.ts'
import { gapOf, pointAt, withTail } from './columns.ts'
import { FieldChart, valueText } from './field-chart.tsx'
import { fieldsOf, type LiveSample, type ShownField } from './fields.ts'
import { type Heard, NOTHING_HEARD, withHeard } from './heard.ts'
import { HistoryTable } from './history-table.tsx'
import { ModeLane } from './mode-lane.tsx'
import { MomentSlider } from './moment-slider.tsx'
import { toPeriods } from './periods.ts'
import { RANGE_TITLES, RANGES, type Range, type Span, spanOf } from './ranges.ts'
import { type HistoryAnswer, type KnownHistory, useHeard, useHistory } from './use-history.ts'

interface Thing {
  readonly kind: TransitionKind
  readonly name: string
}

export function HistoryCharts(thing: Thing) {
  // Before the first snapshot nobody knows what time it is for the twin.
  return usePage().live.status === null ? null : <LiveHistory {...thing} />
}

function LiveHistory({ kind, name }: Thing) {
  const page = usePage()
  const { range } = usePageHash()
  const nowMs = twinNowMs({ ...page, past: null }, useSecond())
  const pastMs = page.past?.atMs ?? null
  const { fromMs, toMs } = spanOf(range, { nowMs, pastMs })
  const span = useMemo(() => ({ fromMs, toMs }), [fromMs, toMs])
  const isLive = span.toMs > nowMs
  const known = useHistory({ kind, name, range, span, isLive })
  const entity = page.live.entities[kind].get(name)
  const heard = useHeard(entity, page.live.status?.clockMs ?? nowMs)
  if (known.isMissing) return null
  const { answer, problem } = known
  return (
    <section className="details-group history" aria-label="History" aria-busy={answer === null && problem === null} data-testid="history">
      <h3>History</h3>
      <div className="told">{answer === null ? null : sourceText(answer)}</div>
      <Choice
        legend="Span"
        isLegendShown={false}
        testId="history-range"
        options={RANGES.map((value) => ({ value, title: RANGE_TITLES[value] }))}
        value={range}
        onChange={(next: Range) => changeHash({ range: next })}
      />
      <ProblemNote problem={problem} />
      {answer === null ? (
        <Waiting problem={problem} />
      ) : (
        <Stack kind={kind} name={name} answer={answer} heard={isLive ? heard : NOTHING_HEARD} span={span} nowMs={nowMs} />
      )}
    </section>
  )
}

const STORES: Readonly<Record<HistoryAnswer['transitions']['source'], string>> = { sqlite: 'SQLite', influx: 'InfluxDB' }

function sourceText({ series, transitions }: HistoryAnswer): string {
  const resolutionMs = series[0]?.resolutionMs ?? 0
  return `${STORES[transitions.source]}, ${age(resolutionMs)}`
}

function Waiting({ problem }: Pick<KnownHistory, 'problem'>) {
  return problem === null ? <p className="history-waiting fine">Asking…</p> : <p className="fine">It is asked again every half a minute.</p>
}

interface StackProps extends Thing {
  readonly answer: HistoryAnswer
  readonly heard: Heard
  readonly span: Span
  readonly nowMs: number
}

function Stack({ kind, name, answer, heard, span, nowMs }: StackProps) {
  const { past } = usePage()
  const [hoveredMs, setHoveredMs] = useState<number | null>(null)
  const [chosenMs, setChosenMs] = useState<number | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const fields = useMemo(() => shownFields(kind, answer, heard.samples), [kind, answer, heard.samples])
  const transitions = useMemo(() => withHeard(answer.transitions.transitions, heard.changes), [answer, heard.changes])
  const grounds = useMemo(() => {
    const { oldestMs } = answer.transitions
    const sinceMs = Math.min(...[...answer.series.map((one) => one.oldestMs), oldestMs].map((timeMs) => timeMs ?? Number.POSITIVE_INFINITY))
    return toPeriods(transitions, span, { sinceMs, mode: heard.mode }).map((period) => ({
      ...period,
      tone: modeSign(kind, period.mode).tone,
    }))
  }, [answer, transitions, span, heard.mode, kind])
  if (fields.length === 0) return <Empty kind={kind} name={name} />

  const momentMs = hoveredMs ?? chosenMs ?? past?.atMs ?? null
  const valueAt = ({ points, resolutionMs }: ShownField) =>
    (momentMs === null ? points.at(-1) : pointAt(points, momentMs, gapOf(points, resolutionMs))) ?? null
  const go = async (timeMs: number) => {
    setChosenMs(timeMs)
    const failed = await changePast(new Date(Math.min(Math.round(timeMs), nowMs)))
    setProblem(failed)
    // From now on it is the moment of the whole page.
    if (failed === null) setChosenMs(null)
  }
  return (
    <>
      <div className="history-stack">
        <ModeLane kind={kind} periods={grounds} span={span} nowMs={nowMs} />
        {fields.map((shown, index) => (
          <FieldChart
            key={shown.field.field}
            shown={shown}
            value={valueAt(shown)}
            span={span}
            grounds={grounds}
            pastMs={past?.atMs ?? null}
            momentMs={momentMs}
            hasTimes={index === fields.length - 1}
            onHover={setHoveredMs}
            onPick={(timeMs) => void go(timeMs)}
          />
        ))}
      </div>
      <MomentSlider
        span={span}
        stepMs={fields[0]!.resolutionMs}
        momentMs={momentMs}
        nowMs={nowMs}
        words={fields.map((shown) => `${shown.field.title} ${valueText(valueAt(shown), shown.field.unit)}`).join(', ')}
        onChoose={setChosenMs}
        onGo={(timeMs) => void go(timeMs)}
      />
      <ProblemNote problem={problem} />
      <HistoryTable kind={kind} name={name} fields={fields} transitions={transitions} nowMs={nowMs} />
    </>
  )
}

/** Those that somebody ever told, with what came since the answer. */
function shownFields(kind: TransitionKind, answer: HistoryAnswer, heard: readonly LiveSample[]): readonly ShownField[] {
  return fieldsOf(kind).flatMap((field) => {
    const series = answer.series.find((one) => one.field === field.field)
    if (series === undefined) return []
    const samples = heard.flatMap(({ timeMs, values }) => {
      const value = values[field.field]
      return value === undefined ? [] : [{ timeMs, value }]
    })
    const points = withTail(series.points, samples, series.resolutionMs)
    return points.length === 0 && series.oldestMs === null ? [] : [{ field, points, resolutionMs: series.resolutionMs }]
  })
}

function Empty({ kind, name }: Thing) {
  return (
    <p className="fine" data-testid="history-empty">
      No history yet: values appear after the first samples of {kind} {name} are kept, a few seconds after they are told.
    </p>
  )
}
