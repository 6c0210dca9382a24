import { expect, it } from '@jest/globals'
import { RADAR, radarLayout } from './radar-layout.ts'

const aPoint = (requestsPerCamera: number, imbalanceSeconds: number) => ({
  timeMs: 1,
  sequence: 1,
  requestsPerCamera,
  imbalanceSeconds,
  className: 'B-L' as const,
  heldClassName: 'B-L' as const,
})

it.each([
  [0.1, 1],
  [0, 0],
  [5, 1e6],
])('keeps points on their side of the borders %d and %d, and in the picture', (delta1Seconds, delta2) => {
  const points = [
    aPoint(delta2 / 2, delta1Seconds / 2),
    aPoint(delta2 * 3 + 1, delta1Seconds / 2),
    aPoint(delta2 / 2, delta1Seconds * 40 + 1),
  ]
  const { border, trail } = radarLayout({ delta1Seconds, delta2, trail: points, point: null })
  const [below, heavy, unbalanced] = trail
  expect(below!.x).toBeLessThanOrEqual(border.x)
  expect(below!.y).toBeGreaterThanOrEqual(border.y)
  expect(heavy!.x).toBeGreaterThan(border.x)
  expect(unbalanced!.y).toBeLessThan(border.y)
  for (const { x, y } of [border, ...trail]) {
    expect(x).toBeGreaterThanOrEqual(RADAR.left)
    expect(x).toBeLessThanOrEqual(RADAR.width - RADAR.right)
    expect(y).toBeGreaterThanOrEqual(RADAR.top)
    expect(y).toBeLessThanOrEqual(RADAR.height - RADAR.bottom)
  }
})

it('has room without any point', () => {
  const { point, max } = radarLayout({ delta1Seconds: 0.1, delta2: 1, trail: [], point: null })
  expect([point, max]).toEqual([null, { requestsPerCamera: 2, imbalanceSeconds: 0.2 }])
})
