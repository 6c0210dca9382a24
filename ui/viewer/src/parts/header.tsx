/** Name of the site, time, connection, theme and help: what is true of the whole page. */
import type { LoopMode } from '../../../../models/events/decision-events.ts'
import { age, UNKNOWN } from '../format.ts'
import { changeHash, type PageHash, usePageHash } from '../live/page-hash.ts'
import { type Connection, usePage } from '../live/store.ts'
import { useSecond } from '../live/twin-time.ts'
import { TimeControl } from '../time/time-control.tsx'
import { SignedIn } from './signed-in.tsx'

const NEXT_THEME: Readonly<Record<PageHash['theme'], PageHash['theme']>> = { system: 'dark', dark: 'light', light: 'system' }
const THEME_SIGNS: Readonly<Record<PageHash['theme'], string>> = { system: '◐', dark: '●', light: '○' }

export function Header({ onHelp }: { onHelp: () => void }) {
  const { connection, live } = usePage()
  const { theme } = usePageHash()
  return (
    <header className="header">
      <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
        <rect x="3" y="5" width="16" height="16" rx="3.5" />
        <rect x="13" y="11" width="16" height="16" rx="3.5" />
      </svg>
      <h1>edgetwin</h1>
      <span className="site">{live.status?.site ?? '…'}</span>
      <span className="spring" />
      <Totals />
      <LoopBadge mode={live.status?.loopMode ?? null} />
      <TimeControl />
      <ConnectionSign connection={connection} />
      <SignedIn />
      <button
        type="button"
        className="quiet"
        aria-label={`Theme: ${theme}. Change to ${NEXT_THEME[theme]}`}
        title={`Theme: ${theme}`}
        data-testid="theme"
        onClick={() => changeHash({ theme: NEXT_THEME[theme] })}
      >
        {THEME_SIGNS[theme]}
      </button>
      <button type="button" className="quiet" aria-label="Help: keys and signs" title="Help (?)" onClick={onHelp}>
        ?
      </button>
    </header>
  )
}

function Totals() {
  const { live } = usePage()
  return (
    <dl className="totals">
      <div>
        <dt>position</dt>
        <dd>{live.status?.sequence ?? UNKNOWN}</dd>
      </div>
      <div title="What was told contradicted what the twin believed">
        <dt>surprises</dt>
        <dd>{live.status?.counts.divergent ?? UNKNOWN}</dd>
      </div>
    </dl>
  )
}

function LoopBadge({ mode }: { mode: LoopMode | null }) {
  return (
    <button type="button" className="loop-badge" onClick={() => changeHash({ panel: 'plans' })} title="What the loop may do">
      loop <b>{mode ?? UNKNOWN}</b>
    </button>
  )
}

function ConnectionSign({ connection: { state, sinceMs } }: { connection: Connection }) {
  const nowMs = useSecond()
  return (
    <span className={`connection is-${state}`} data-testid="connection-state" data-state={state} role="status">
      <span className="dot" aria-hidden="true" />
      {state}
      {state === 'reconnecting' ? (
        <span className="fine" aria-hidden="true">
          {age(nowMs - sinceMs)}
        </span>
      ) : null}
    </span>
  )
}
