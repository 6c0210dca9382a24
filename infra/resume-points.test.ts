import { expect, it } from '@jest/globals'
import { resumePoints } from './resume-points.ts'

const at = (topic: string, offset: number, partition = 0) => ({ topic, partition, offset })

it('goes on where the last of the sites stands, topic by topic', () => {
  expect(
    resumePoints([
      [at('a', 7), at('b', 2)],
      [at('a', 4), at('b', 9)],
    ]),
  ).toEqual([at('a', 4), at('b', 2)])
  expect(
    resumePoints([
      [at('a', 7, 0), at('a', 3, 1)],
      [at('a', 5, 0), at('a', 4, 1)],
    ]),
  ).toEqual([at('a', 5, 0), at('a', 3, 1)])
})

it('starts from the beginning for a site that has read nothing', () => {
  expect(resumePoints([[at('a', 7)], []])).toEqual([])
  expect(resumePoints([[at('a', 7), at('b', 1)], [at('a', 9)]])).toEqual([at('a', 7)])
  expect(resumePoints([])).toEqual([])
})

it('reads all of a topic that was made anew while one of them was not there', () => {
  expect(resumePoints([[at('a', 70), at('a#2', 5)], [at('a', 90)]])).toEqual([at('a#2', -1)])
  expect(resumePoints([[at('a#2', 5)], [at('a', 90), at('a#2', 3)]])).toEqual([at('a#2', 3)])
  expect(resumePoints([[at('a#2', 5)], []])).toEqual([at('a#2', -1)])
})
