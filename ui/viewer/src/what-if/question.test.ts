import { describe, expect, it } from '@jest/globals'
import { ALGORITHM_NAMES, editShape, whatIfQueryShape } from '../../../../models/contracts/what-if.ts'
import { aNewAccelerator } from '../../../../models/entities/accelerator.ts'
import { aNewCamera } from '../../../../models/entities/camera.ts'
import { aNewLink } from '../../../../models/entities/link.ts'
import { aNewNode } from '../../../../models/entities/node.ts'
import { EMPTY_VIEW } from '../live/view.ts'
import { choicesFrom, describeEdit, EDIT_FORMS, type EditKind, faultOf } from './edits.ts'
import { whyNotProposable } from './proposable.ts'
import { ALGORITHMS, FIRST_QUESTION, toQuery, whyNotAskable } from './question.ts'

const entities = {
  ...EMPTY_VIEW.entities,
  node: new Map([['pi-1', aNewNode('pi-1')]]),
  accelerator: new Map([['pi-1/cpu0', aNewAccelerator('pi-1/cpu0')]]),
  link: new Map([['pi-1-uplink', aNewLink('pi-1-uplink')]]),
  camera: new Map([['cam-1', aNewCamera('cam-1')]]),
}

describe('questions', () => {
  it('offers all algorithms there are', () => {
    expect([...ALGORITHMS].sort()).toEqual([...ALGORITHM_NAMES].sort())
  })

  it.each(['each-camera', 'waiting', 'heavy', 'light'] as const)('of %s work fit the contract', (workload) => {
    const question = { ...FIRST_QUESTION, workload }
    expect(whyNotAskable(question, 4)).toBeNull()
    const query = whatIfQueryShape.parse(toQuery(question, ['cam-1', 'cam-2']))
    if (workload === 'heavy') expect(query.workload).toHaveLength(6)
    if (workload === 'light') expect(query.workload).toHaveLength(3)
  })

  it('say why they cannot be asked', () => {
    expect(whyNotAskable({ ...FIRST_QUESTION, base: 'past', baseTime: '' }, 1)).toMatch(/past time/)
    expect(whyNotAskable({ ...FIRST_QUESTION, algorithms: [] }, 1)).toMatch(/algorithm/)
    expect(whyNotAskable({ ...FIRST_QUESTION, delta2: '' }, 1)).toMatch(/δ2/)
    expect(whyNotAskable({ ...FIRST_QUESTION, workload: 'heavy' }, 0)).toMatch(/camera/)
    expect(whyNotAskable({ ...FIRST_QUESTION, workload: 'heavy', frames: '1.5' }, 2)).toMatch(/whole/)
  })
})

describe('edits', () => {
  it.each(Object.keys(EDIT_FORMS) as EditKind[])('%s built from its first choices fits the contract and reads as one line', (kind) => {
    const { fields, build } = EDIT_FORMS[kind]
    const values = fields.map((field) => {
      const value = field.type === 'choice' ? (choicesFrom(field.from, entities)[0] ?? '') : field.initial
      expect(faultOf(field, value)).toBeNull()
      return [field.name, value]
    })
    const edit = build(Object.fromEntries(values))
    expect(editShape.parse(edit)).toEqual(edit)
    expect(describeEdit(edit)).not.toMatch(/undefined|NaN/)
  })
})

it('only a schedule of what really waits can be proposed', () => {
  const query = whatIfQueryShape.parse({ workload: 'waiting' })
  const placement = {
    pod: 'p',
    request: 'r',
    camera: 'c',
    application: 'a',
    stage: 's',
    from: null,
    to: 'n/d',
    image: 'i',
    predictedStartMs: 0,
    predictedFinishMs: 1,
  }
  const outcome = { placements: [placement] }
  expect(whyNotProposable({ query }, outcome)).toBeNull()
  expect(whyNotProposable({ query }, { placements: [] })).toMatch(/nothing/)
  expect(whyNotProposable({ query: { ...query, granularity: 'block' } }, outcome)).toMatch(/stages/)
  expect(whyNotProposable({ query: { ...query, workload: 'each-camera' } }, outcome)).toMatch(/waits/)
  expect(whyNotProposable({ query: { ...query, base: { kind: 'time', timeMs: 1 } } }, outcome)).toMatch(/past/)
  expect(whyNotProposable({ query: { ...query, edits: [{ kind: 'lose-node', node: 'x' }] } }, outcome)).toMatch(/not real/)
})
