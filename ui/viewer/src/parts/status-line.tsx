/** One line of fixed height under the header: trouble with the connection or the past first, else what the loop does and why it does nothing. */
import { age, clockTime } from '../format.ts'
import { type PageState, usePage } from '../live/store.ts'
import { useSecond } from '../live/twin-time.ts'
import { changePast } from '../time/past.ts'
import { Told } from './told.tsx'
import { TroubleLine } from './trouble-line.tsx'

export function StatusLine() {
  const page = usePage()
  const nowMs = useSecond()
  if (page.past !== null && page.connection.state === 'live') {
    return (
      <div className="status-line is-past" role="status">
        <strong>The past.</strong> All views show the site as it was at {clockTime(page.past.atMs, nowMs)}.
        <button type="button" className="link" onClick={() => changePast(null)}>
          Back to live
        </button>
      </div>
    )
  }
  const trouble = page.connection.state === 'live' ? page.live.status?.troubles[0] : undefined
  if (trouble) {
    const asOf = trouble.advisory ? '' : `All that is shown is as of ${clockTime(page.live.status?.clockMs ?? nowMs, nowMs)}. `
    return <TroubleLine title={`${asOf}${trouble.name}:`} detail={trouble.detail} remedy={trouble.remedy} />
  }
  const { tone, text } = lineOf(page, nowMs)
  return (
    <div className={`status-line is-${tone}`} role="status" aria-live="off">
      <Told text={text} />
    </div>
  )
}

function lineOf({ connection, live }: PageState, nowMs: number): { tone: 'calm' | 'bad' | 'warn'; text: string } {
  const { state, sinceMs, lastUpdateMs } = connection
  const last = lastUpdateMs === null ? '' : ` Last update ${clockTime(lastUpdateMs, nowMs)}, ${age(nowMs - lastUpdateMs)} ago.`
  switch (state) {
    case 'connecting':
      return { tone: 'warn', text: 'Connecting to the twin…' }
    case 'reconnecting':
      return { tone: 'bad', text: `Connection lost for ${age(nowMs - sinceMs)}; trying again.${last}` }
    case 'stale':
      return { tone: 'warn', text: `Connected, but the server tells nothing new.${last}` }
    case 'unauthorized':
      return { tone: 'bad', text: `The server lets nobody in: ${connection.refusal}.` }
    case 'live':
      return { tone: 'calm', text: live.status?.loopStatus || 'The loop has told nothing yet.' }
  }
}
