import { expect, it } from '@jest/globals'
import { startingPoints } from './starting-points.ts'

const metrics = 'edgetwin.metrics.v1'
const start = (held: number | undefined, [beginOffset, endOffset]: readonly [number, number], madeAnew?: ReadonlySet<string>) =>
  startingPoints({
    prefix: 'a.',
    ranges: [{ topic: `a.${metrics}`, partition: 2, beginOffset, endOffset }],
    taken: held === undefined ? [] : [{ topic: metrics, partition: 2, offset: held }],
    ...(madeAnew === undefined ? {} : { madeAnew }),
  })[0]

it.each([
  ['nothing was read: the first there is', undefined, [5, 9], 4],
  ['the next one', 6, [5, 9], 6],
  ['all was read', 8, [5, 9], 8],
  ['the last one read is just gone', 4, [5, 9], 4],
  ['an empty topic after all was read', 8, [9, 9], 8],
] as const)('goes on: %s', (_, held, range, takenOffset) => {
  expect(start(held, range)).toEqual({ topic: `a.${metrics}`, partition: 2, positionTopic: metrics, takenOffset, gap: null })
})

it('tells what retention took, and goes on from what is left', () => {
  const gap = { topic: `a.${metrics}`, partition: 2, reason: 'retention', wantedOffset: 4, beginOffset: 5, endOffset: 9 }
  expect(start(3, [5, 9])).toMatchObject({ positionTopic: metrics, takenOffset: 4, gap })
})

it.each([
  ['ends before what we have read', 9, [0, 9], undefined],
  ['holds other records than those we have read', 3, [0, 9], new Set([`${metrics}:2`])],
] as const)('gives a topic that was made anew positions of its own: it %s', (_, held, range, madeAnew) => {
  expect(start(held, range, madeAnew)).toMatchObject({ positionTopic: `${metrics}#2`, takenOffset: -1, gap: { reason: 'made-anew' } })
})

it('goes on in the newest of the topics of that name', () => {
  const ranges = [{ topic: metrics, partition: 0, beginOffset: 0, endOffset: 9 }]
  const taken = [11, 10, 2].map((number) => ({ topic: `${metrics}#${number}`, partition: 0, offset: number }))
  expect(startingPoints({ prefix: '', ranges, taken })).toMatchObject([{ positionTopic: `${metrics}#12`, takenOffset: -1 }])
  expect(startingPoints({ prefix: '', ranges, taken: [{ topic: metrics, partition: 0, offset: 90 }, taken[2]!] })).toMatchObject([
    { positionTopic: `${metrics}#2`, takenOffset: 2 },
  ])
})
