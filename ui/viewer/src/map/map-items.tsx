/** The focusable elements over the canvas: one tab stop for the whole map, arrow keys between the things on it, Enter to open one. */
import { memo, useRef, useState } from 'react'
import { changeHash, type Selection, usePageHash } from '../live/page-hash.ts'
import type { TwinView } from '../live/view.ts'
import { workOf } from '../live/work.ts'
import { acceleratorLabel, cameraLabel, nodeLabel } from './labels.ts'
import type { Box, SiteLayout } from './placed.ts'
import { DIRECTION_OF_KEY, neighbourOf } from './roving.ts'

interface Item extends Box {
  readonly kind: 'camera' | 'node' | 'accelerator'
  readonly name: string
  readonly level: 1 | 2
  readonly label: string
}

export function MapItems({ layout, view }: { layout: SiteLayout; view: TwinView }) {
  const { selection } = usePageHash()
  const items = itemsOf(layout, view)
  const [activeKey, setActiveKey] = useState('')
  const list = useRef<HTMLDivElement>(null)
  const activeIndex = Math.max(
    0,
    items.findIndex((item) => keyOf(item) === activeKey),
  )

  const focus = (index: number) => {
    setActiveKey(keyOf(items[index]!))
    list.current?.querySelectorAll<HTMLElement>('[role=treeitem]')[index]?.focus()
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const direction = DIRECTION_OF_KEY[event.key]
    if (direction !== undefined) focus(neighbourOf(items, activeIndex, direction))
    else if (event.key === 'Home') focus(0)
    else if (event.key === 'End') focus(items.length - 1)
    else if (event.key === 'Enter' || event.key === ' ') choose(items[activeIndex]!)
    else return
    event.preventDefault()
  }
  return (
    <div
      ref={list}
      className="map-items"
      role="tree"
      aria-label="Site map: cameras, nodes and their accelerators"
      tabIndex={-1}
      style={{ width: layout.width, height: layout.height }}
      onKeyDown={onKeyDown}
    >
      {items.map((item, index) => (
        <MapItem
          key={keyOf(item)}
          {...item}
          isActive={index === activeIndex}
          isSelected={selection !== null && keyOf(selection) === keyOf(item)}
          onFocus={setActiveKey}
        />
      ))}
    </div>
  )
}

const MapItem = memo(function MapItem({ kind, name, level, label, x, y, width, height, isActive, isSelected, onFocus }: MapItemProps) {
  return (
    <div
      role="treeitem"
      className={`map-item map-${kind}`}
      data-testid={`${kind}-${name}`}
      aria-level={level}
      aria-selected={isSelected}
      tabIndex={isActive ? 0 : -1}
      style={{ left: x, top: y, width, height }}
      onFocus={() => onFocus(keyOf({ kind, name }))}
      onClick={(event) => {
        event.stopPropagation()
        choose({ kind, name })
      }}
      onKeyDown={undefined}
    >
      <span className="unseen">{label}</span>
    </div>
  )
})
interface MapItemProps extends Item {
  readonly isActive: boolean
  readonly isSelected: boolean
  readonly onFocus: (key: string) => void
}

const choose = ({ kind, name }: Selection) => changeHash({ selection: { kind, name }, panel: 'details' })
const keyOf = ({ kind, name }: Selection) => `${kind}:${name}`

/** Cameras, then each node with its accelerators: the order of the tab key and of reading. */
function itemsOf(layout: SiteLayout, { entities }: TwinView): Item[] {
  const work = workOf(entities.pod)
  const isGrid = layout.density === 'grid'
  const cameras = layout.cameras.flatMap((box): Item[] => {
    const camera = entities.camera.get(box.name)
    return camera === undefined ? [] : [{ ...boxOf(box), kind: 'camera', name: box.name, level: 1, label: cameraLabel(camera, work) }]
  })
  const nodes = layout.nodes.flatMap((box): Item[] => {
    const node = entities.node.get(box.name)
    const label = node === undefined ? `${box.name}, node, not heard yet` : nodeLabel(node, box.accelerators.length)
    const item: Item = { ...boxOf(box), height: box.targetPx, kind: 'node', name: box.name, level: 1, label }
    // Bars of the grid are too small to be targets: the node's details list its accelerators.
    if (isGrid) return [item]
    const rows = box.accelerators.flatMap((row): Item[] => {
      const accelerator = entities.accelerator.get(row.name)
      if (accelerator === undefined) return []
      return [{ ...boxOf(row), kind: 'accelerator', name: row.name, level: 2, label: acceleratorLabel(accelerator, work) }]
    })
    return [item, ...rows]
  })
  return [...cameras, ...nodes]
}

const boxOf = ({ x, y, width, height }: Box): Box => ({ x, y, width, height })
