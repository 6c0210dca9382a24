/** The frame of the page: header, status line, stage, side panel and strip, all of fixed size so that no update moves anything. */
import { useCallback, useEffect, useState } from 'react'
import { DetailsPanel } from './details/details-panel.tsx'
import { FaultsPanel } from './faults/faults-panel.tsx'
import { useFaults } from './faults/use-faults.ts'
import { useFreshAccess } from './live/access.ts'
import { changeHash, type PageHash, usePageHash } from './live/page-hash.ts'
import { usePage } from './live/store.ts'
import { useTheme } from './live/theme.ts'
import { SiteMap } from './map/site-map.tsx'
import { SiteTable } from './map/site-table.tsx'
import { Header } from './parts/header.tsx'
import { Help } from './parts/help.tsx'
import { useKeys } from './parts/keys.ts'
import { Legend } from './parts/legend.tsx'
import { StatusLine } from './parts/status-line.tsx'
import { type Tab, Tabs } from './parts/tabs.tsx'
import { TokenDialog } from './parts/token-dialog.tsx'
import { usePlanNews } from './plans/plan-news.ts'
import { PlansPanel } from './plans/plans-panel.tsx'
import { RequestsStrip } from './requests/requests-strip.tsx'
import { StandingPanel } from './standing/standing-panel.tsx'
import { askShared, useAsking } from './what-if/asking.ts'
import { ResultView } from './what-if/result.tsx'
import { WhatIfPanel } from './what-if/what-if-panel.tsx'

export function App() {
  useTheme()
  const { connection, live } = usePage()
  const hash = usePageHash()
  const { announcement } = useAsking()
  useEffect(() => askShared(hash.scenario), [hash.scenario])
  const planNews = usePlanNews(live.entities.decision, live.status !== null)
  useFreshAccess(connection.state === 'live')
  const { faults, reload } = useFaults(connection.state === 'live' && (live.status?.takesFaults ?? false))
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  const openHelp = useCallback(() => setIsHelpOpen(true), [])
  useKeys({ isModal: isHelpOpen, hasFaults: faults !== null, onHelp: openHelp })

  const isOld = live.status?.troubles.some(({ advisory }) => !advisory) ?? false
  const isCutOff = isOld || (connection.state !== 'live' && connection.lastUpdateMs !== null)
  const waitingPlanCount = [...live.entities.decision.values()].filter(({ mode }) => mode === 'proposed').length
  const panel = hash.panel === 'faults' && faults === null ? 'details' : hash.panel
  const panels: Tab<PageHash['panel']>[] = [
    { id: 'details', title: 'Details' },
    { id: 'what-if', title: 'What if' },
    { id: 'plans', title: 'Plans', note: waitingPlanCount },
    { id: 'standing', title: 'Standing' },
    ...(faults === null ? [] : [{ id: 'faults' as const, title: 'Faults', note: faults.length }]),
  ]
  return (
    <div className={isCutOff ? 'page is-cut-off' : 'page'}>
      <Header onHelp={openHelp} />
      <StatusLine />
      <main className="stage">
        <Tabs name="Views" tabs={STAGES} chosen={hash.stage} onChoose={(stage) => changeHash({ stage })}>
          {hash.stage === 'map' ? <Legend /> : null}
        </Tabs>
        <div className="stage-body" id="panel-Views" role="tabpanel" aria-labelledby={`tab-Views-${hash.stage}`}>
          <h2 className="unseen">{STAGES.find(({ id }) => id === hash.stage)?.title}</h2>
          {hash.stage === 'map' ? <SiteMap /> : hash.stage === 'table' ? <SiteTable /> : <ResultView />}
        </div>
      </main>
      <aside className="panel" aria-label="Panel">
        <Tabs name="Panels" tabs={panels} chosen={panel} onChoose={(next) => changeHash({ panel: next })} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it must scroll by keys even when nothing in it can be used */}
        <div className="panel-body" id="panel-Panels" role="tabpanel" tabIndex={0} aria-labelledby={`tab-Panels-${panel}`}>
          <h2 className="unseen">{panels.find(({ id }) => id === panel)?.title}</h2>
          {panel === 'details' ? <DetailsPanel /> : null}
          {panel === 'what-if' ? <WhatIfPanel /> : null}
          {panel === 'plans' ? <PlansPanel /> : null}
          {panel === 'standing' ? <StandingPanel /> : null}
          {panel === 'faults' && faults !== null ? <FaultsPanel faults={faults} reload={reload} /> : null}
        </div>
      </aside>
      <RequestsStrip />
      <div className="unseen" role="status" aria-live="polite">
        {announcement}
      </div>
      <div className="unseen" role="status" aria-live="polite">
        {planNews}
      </div>
      <Help isOpen={isHelpOpen} onClose={() => setIsHelpOpen(false)} />
      <TokenDialog />
    </div>
  )
}

const STAGES: readonly Tab<PageHash['stage']>[] = [
  { id: 'map', title: 'Site' },
  { id: 'table', title: 'Table' },
  { id: 'answer', title: 'Answer' },
]
