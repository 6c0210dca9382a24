/** Which outcomes nobody can reject without giving something up: those that no other one beats or equals in everything. */
import type { Criterion } from '../models/contracts/objective.ts'
import { criterionOf, type Measures } from './objectives.ts'

/** What is weighed against each other; mean latency, misses and the number of moves follow these closely. */
const PARETO_CRITERIA: readonly Criterion[] = ['makespan', 'energy', 'moveTime', 'p95Latency']

/** In the order given. Equal ones are all in the set. */
export function withPareto<T extends Measures>(outcomes: readonly T[]): (T & { isPareto: boolean })[] {
  const values = outcomes.map((outcome) => PARETO_CRITERIA.map((criterion) => criterionOf(outcome, criterion)))
  return outcomes.map((outcome, index) => {
    return { ...outcome, isPareto: !values.some((other) => dominates(other, values[index]!)) }
  })
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, index) => value <= b[index]!) && a.some((value, index) => value < b[index]!)
}
