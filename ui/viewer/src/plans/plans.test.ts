import { expect, it } from '@jest/globals'
import { aNewDecisionRecord, type DecisionRecord } from '../../../../models/entities/decision-record.ts'
import { newsOf } from './plan-news.ts'
import { sortedPlans } from './sorted-plans.ts'

const aPlan = (id: string, mode: DecisionRecord['mode'], timeMs = 0): DecisionRecord => {
  const record = aNewDecisionRecord(id)
  return { ...record, mode, reported: { ...record.reported, steps: [{ timeMs, what: 'made', by: 'loop', detail: '' }] } }
}
const mapOf = (...plans: DecisionRecord[]) => new Map(plans.map((plan) => [plan.id, plan]))

it('puts what waits first, then the newest', () => {
  const plans = [aPlan('old', 'applied', 1), aPlan('waits', 'proposed', 0), aPlan('new', 'expired', 2)]
  expect(sortedPlans(plans).map(({ id }) => id)).toEqual(['waits', 'new', 'old'])
})

it('tells only what changed', () => {
  const before = mapOf(aPlan('a', 'proposed'), aPlan('b', 'verified'))
  expect(newsOf(before, before)).toBe('')
  expect(newsOf(before, mapOf(aPlan('a', 'applied'), aPlan('b', 'verified'), aPlan('c', 'proposed')))).toBe(
    'Plan applied:  Plan proposed: ',
  )
})
