/** The list of changes to the copy, and the form that adds one more from the names that exist. */
import { useState } from 'react'
import type { Edit } from '../../../../models/contracts/what-if.ts'
import { useTwin } from '../live/store.ts'
import { SelectField, TextField } from '../parts/fields.tsx'
import { changeQuestion } from './asking.ts'
import { choicesFrom, describeEdit, EDIT_FORMS, type EditKind, type Field, faultOf, type Values } from './edits.ts'

const KINDS = Object.keys(EDIT_FORMS) as readonly EditKind[]
const TITLES = Object.fromEntries(KINDS.map((kind) => [kind, EDIT_FORMS[kind].title]))
const EDITS_MAX = 64

export function EditBuilder({ edits }: { edits: readonly Edit[] }) {
  const { entities } = useTwin()
  const [kind, setKind] = useState<EditKind>('lose-node')
  const [typed, setTyped] = useState<Values>({})
  const { fields, build } = EDIT_FORMS[kind]
  const textOf = (field: Field): string => {
    const value = typed[`${kind} ${field.name}`]
    if (field.type !== 'choice') return value ?? field.initial
    const choices = choicesFrom(field.from, entities)
    return value !== undefined && choices.includes(value) ? value : (choices[0] ?? '')
  }
  const fault = fields.map((field) => faultOf(field, textOf(field))).find((each) => each !== null)
  const why = fault !== undefined ? fault : edits.length >= EDITS_MAX ? `${EDITS_MAX} changes at most` : null
  const add = () => changeQuestion({ edits: [...edits, build(Object.fromEntries(fields.map((field) => [field.name, textOf(field)])))] })

  return (
    <section className="edits">
      <h3>Changes</h3>
      <EditList edits={edits} />
      <div className="edit-form">
        <SelectField
          label="Change"
          value={kind}
          options={KINDS}
          titles={TITLES}
          testId="whatif-edit-kind"
          onChange={(next) => setKind(next as EditKind)}
        />
        {fields.map((field) => {
          const onChange = (value: string) => setTyped({ ...typed, [`${kind} ${field.name}`]: value })
          const value = textOf(field)
          if (field.type === 'choice') {
            return (
              <SelectField
                key={field.name}
                label={field.label}
                value={value}
                options={choicesFrom(field.from, entities)}
                testId={`whatif-edit-${field.name}`}
                onChange={onChange}
              />
            )
          }
          const problem = faultOf(field, value) ?? undefined
          const limits = field.type === 'number' ? { type: 'number' as const, min: field.min, max: field.max, step: 'any' } : {}
          return <TextField key={field.name} label={field.label} value={value} problem={problem} onChange={onChange} {...limits} />
        })}
        <button type="button" data-testid="whatif-edit-add" disabled={why !== null} title={why ?? undefined} onClick={add}>
          Add
        </button>
      </div>
      {why === null ? null : <p className="fine">{why}</p>}
    </section>
  )
}

function EditList({ edits }: { edits: readonly Edit[] }) {
  return (
    <ul className="plain edit-list" aria-label="Changes to the copy">
      {edits.length === 0 ? <li className="fine">None: the site as it is.</li> : null}
      {edits.map((edit, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two equal edits are two lines
        <li key={index}>
          <span>{describeEdit(edit)}</span>
          <button
            type="button"
            className="remove"
            aria-label={`Remove: ${describeEdit(edit)}`}
            onClick={() => changeQuestion({ edits: edits.filter((_, each) => each !== index) })}
          >
            ×
          </button>
        </li>
      ))}
    </ul>
  )
}
