/**
 * Which thing on the map the arrow keys go to: the nearest whose middle lies in that direction, sideways distance
 * counting double. Ties go to the earlier item, so the same key always leads to the same place.
 */
import type { Box } from './placed.ts'

export type Direction = 'up' | 'down' | 'left' | 'right'

export const DIRECTION_OF_KEY: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
}

/** @returns the index to go to; `from` when nothing lies that way. */
export function neighbourOf(items: readonly Box[], from: number, direction: Direction): number {
  const origin = items[from]
  if (origin === undefined) return 0
  let best = from
  let bestDistance = Number.POSITIVE_INFINITY
  for (const [index, item] of items.entries()) {
    const ahead = aheadPx(origin, item, direction)
    if (index === from || ahead <= 0) continue
    const distance = ahead + 2 * asidePx(origin, item, direction)
    if (distance < bestDistance) {
      best = index
      bestDistance = distance
    }
  }
  return best
}

const middleX = ({ x, width }: Box) => x + width / 2
const middleY = ({ y, height }: Box) => y + height / 2

function aheadPx(from: Box, to: Box, direction: Direction): number {
  switch (direction) {
    case 'up':
      return from.y - to.y
    case 'down':
      return to.y - from.y
    case 'left':
      return middleX(from) - middleX(to)
    case 'right':
      return middleX(to) - middleX(from)
  }
}

function asidePx(from: Box, to: Box, direction: Direction): number {
  return direction === 'up' || direction === 'down' ? Math.abs(middleX(to) - middleX(from)) : Math.abs(middleY(to) - middleY(from))
}
