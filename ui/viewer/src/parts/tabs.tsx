/** Tabs after the ARIA pattern: one tab stop, arrow keys choose. */
import type { ReactNode } from 'react'

export interface Tab<T extends string> {
  readonly id: T
  readonly title: string
  /** A count at the corner of the title; 0 is not shown. It takes no room, so that nothing moves when it comes. */
  readonly note?: number
}

export function Tabs<T extends string>({ name, tabs, chosen, onChoose, children }: TabsProps<T>) {
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const index = tabs.findIndex(({ id }) => id === chosen)
    const next = tabs[(index + step + tabs.length) % tabs.length]!
    onChoose(next.id)
    event.currentTarget.querySelector<HTMLElement>(`#tab-${name}-${next.id}`)?.focus()
  }
  return (
    <div className="tabs">
      <div className="tab-list" role="tablist" aria-label={name} onKeyDown={onKeyDown} tabIndex={-1}>
        {tabs.map(({ id, title, note }) => (
          <button
            key={id}
            id={`tab-${name}-${id}`}
            type="button"
            role="tab"
            data-testid={`tab-${id}`}
            aria-selected={id === chosen}
            aria-controls={`panel-${name}`}
            tabIndex={id === chosen ? 0 : -1}
            onClick={() => onChoose(id)}
          >
            {title}
            {note === undefined || note === 0 ? null : <span className="tab-note">{note}</span>}
          </button>
        ))}
      </div>
      {children}
    </div>
  )
}
interface TabsProps<T extends string> {
  readonly name: string
  readonly tabs: readonly Tab<T>[]
  readonly chosen: T
  readonly onChoose: (id: T) => void
  readonly children?: ReactNode
}
