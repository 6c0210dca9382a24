/**
 * The map: a canvas that shows the site, and over it one focusable element per thing, which carries the words for
 * screen readers, the keyboard and the pointer. Both come from one layout, so they cannot disagree.
 */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { EMPTY_HISTORY } from '../live/history.ts'
import { usePageHash } from '../live/page-hash.ts'
import { usePage, useTwin } from '../live/store.ts'
import { useTheme } from '../live/theme.ts'
import { useTwinNow } from '../live/twin-time.ts'
import { type Palette, readPalette } from '../palette.ts'
import { drawSite } from './draw-site.ts'
import { layoutSite } from './layout.ts'
import { MapItems } from './map-items.tsx'
import { sceneOf } from './scene.ts'
import { structureKey, structureOf } from './structure.ts'

export function SiteMap() {
  const canvas = useRef<HTMLCanvasElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const room = useRoom(scroller)
  const [scroll, setScroll] = useState({ left: 0, top: 0 })
  const view = useTwin()
  // What was sampled since does not belong to a past instant.
  const { history: samples, past } = usePage()
  const history = past === null ? samples : EMPTY_HISTORY
  const { selection } = usePageHash()
  const theme = useTheme()
  const nowMs = useTwinNow()
  const [palette, setPalette] = useState<Palette | null>(null)

  const structure = useMemo(() => structureOf(view.entities), [view.entities])
  const key = structureKey(structure)
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal keys are equal structures
  const layout = useMemo(() => layoutSite(structure, room), [key, room])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the style sheet answers
  useLayoutEffect(() => setPalette(readPalette(document.body)), [theme])
  useEffect(() => {
    if (canvas.current === null || palette === null || room.width === 0) return
    drawSite(canvas.current, sceneOf(view, { layout, history, palette, selection, nowMs }), { ...room, ...scroll })
  })

  const isEmpty = structure.nodes.length === 0 && structure.cameras.length === 0
  return (
    <div className="map">
      <canvas ref={canvas} className="map-canvas" style={room} />
      <div
        ref={scroller}
        className="map-scroller"
        onScroll={({ currentTarget }) => setScroll({ left: currentTarget.scrollLeft, top: currentTarget.scrollTop })}
      >
        {isEmpty ? <EmptyMap isWaiting={view.status === null} /> : <MapItems layout={layout} view={view} />}
      </div>
    </div>
  )
}

function EmptyMap({ isWaiting }: { isWaiting: boolean }) {
  if (isWaiting) return <p className="empty">Waiting for the first snapshot of the twin…</p>
  return (
    <p className="empty">
      The twin knows of no node yet. It fills as the site reports; <code>npm run twinctl -- doctor</code> tells what is missing.
    </p>
  )
}

function useRoom(element: React.RefObject<HTMLElement | null>): { readonly width: number; readonly height: number } {
  const [room, setRoom] = useState({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const target = element.current
    if (target === null) return
    const measure = () => setRoom({ width: target.clientWidth, height: target.clientHeight })
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(target)
    return () => observer.disconnect()
  }, [element])
  return room
}
