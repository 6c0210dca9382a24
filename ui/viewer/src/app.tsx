/** The frame of the page: header, status line, stage, side panel and strip, all of fixed size so that no update moves anything. */
import { SiteMap } from './map/site-map.tsx'
import { StatusLine } from './parts/status-line.tsx'
import { usePage } from './live/store.ts'

export function App() {
  const { connection } = usePage()
  return (
    <div className="page">
      <header className="header">
        <h1>edgetwin</h1>
        <span data-testid="connection-state">{connection.state}</span>
      </header>
      <StatusLine />
      <main className="stage">
        <SiteMap />
      </main>
    </div>
  )
}
