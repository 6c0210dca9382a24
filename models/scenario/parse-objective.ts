/** The `by` clause: what makes one outcome better than another. Criteria in order, or each with its weight. */
import { CRITERIA, type Criterion, type Objective, objectiveShape } from '../contracts/objective.ts'
import { NUMBER } from './units.ts'
import type { Reader } from './words.ts'

const WEIGHT = new RegExp(`^x(${NUMBER})$`)

/** `makespan, moves` or `makespan x10, energy x1`. @throws TwinError QUERY_INVALID */
export function parseObjective(reader: Reader): Objective {
  const first = reader.peek()
  const read: { criterion: Criterion; weight: number | null }[] = []
  do {
    const word = reader.peek()
    const criterion = reader.choice(CRITERIA)
    if (read.some((each) => each.criterion === criterion)) reader.fail(word, 'each criterion once')
    const [, weight = null] = WEIGHT.exec(reader.peek().text) ?? []
    if (weight !== null) reader.next()
    read.push({ criterion, weight: weight === null ? null : Number(weight) })
  } while (reader.accept(','))
  const order = read.map(({ criterion }) => criterion)
  if (read.every(({ weight }) => weight === null)) return { kind: 'lexicographic', order }
  const expected = 'a weight for each criterion, such as makespan x10, or for none; one of them above 0, none above x1000000000'
  const weights = Object.fromEntries(read.map(({ criterion, weight }) => [criterion, weight]))
  return reader.checked(objectiveShape, { kind: 'weighted', weights }, { word: first, expected })
}

export function formatObjective(objective: Objective): string {
  if (objective.kind === 'lexicographic') return objective.order.join(', ')
  return CRITERIA.flatMap((criterion) => {
    const weight = objective.weights[criterion]
    return weight === undefined ? [] : `${criterion} x${weight}`
  }).join(', ')
}
