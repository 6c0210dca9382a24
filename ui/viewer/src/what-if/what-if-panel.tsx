/** Puts a question together: from which twin, with which changes, for which work, by which algorithms. */
import { byName } from '../format.ts'
import { useWhyNot } from '../live/access.ts'
import { useTwin } from '../live/store.ts'
import { Choice } from '../parts/choice.tsx'
import { SelectField, TextField } from '../parts/fields.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'
import { toLocalInput } from '../time/local-input.ts'
import { askForm, cancel, changeQuestion, useAsking } from './asking.ts'
import { EditBuilder } from './edit-builder.tsx'
import { ALGORITHM_TITLES, ALGORITHMS, type Question, type WorkloadChoice, whyNotAskable } from './question.ts'
import { ScenarioText } from './scenario-text.tsx'

const WORKLOADS: Readonly<Record<WorkloadChoice, string>> = {
  'each-camera': 'each application of each camera once',
  waiting: 'what waits or runs now',
  heavy: 'heavy: 2 AlexNet, 2 GoogLeNet, 2 ResNet-50',
  light: 'light: 1 AlexNet, 1 GoogLeNet, 1 ResNet-50',
}

export function WhatIfPanel() {
  const why = useWhyNot('create whatifs')
  return (
    <div className="pad what-if">
      <p className="fine">{why || 'Asked of a copy of the twin. Nothing is touched.'}</p>
      <fieldset className="bare" disabled={why !== ''}>
        <ScenarioText />
        <QuestionForm />
      </fieldset>
    </div>
  )
}

function QuestionForm() {
  const { question, isRunning, problem, problemOf } = useAsking()
  const { entities } = useTwin()
  const cameras = [...entities.camera.keys()].sort(byName)
  const why = whyNotAskable(question, cameras.length)
  return (
    <form
      className="what-if"
      aria-label="What if"
      onSubmit={(event) => {
        event.preventDefault()
        if (why === null && !isRunning) void askForm(cameras)
      }}
    >
      <Base question={question} />
      <EditBuilder edits={question.edits} />
      <Work question={question} />
      <Settings question={question} />
      <div className="buttons run-row">
        <button type="submit" className="primary" data-testid="whatif-run" disabled={why !== null || isRunning}>
          {isRunning ? 'Running…' : 'Run the form'}
        </button>
        <button type="button" disabled={!isRunning} onClick={cancel}>
          Cancel
        </button>
        <span className="fine">{why ?? ''}</span>
      </div>
      {problemOf === 'form' ? <ProblemNote problem={problem} /> : null}
    </form>
  )
}

function Base({ question: { base, baseTime } }: { question: Question }) {
  return (
    <section>
      <Choice
        legend="Starting from"
        value={base}
        options={[
          { value: 'now', title: 'now' },
          { value: 'past', title: 'a past time' },
        ]}
        onChange={(next) => changeQuestion({ base: next, baseTime: baseTime || toLocalInput(Date.now() - 60_000) })}
      />
      {base === 'past' ? (
        <TextField label="Time" type="datetime-local" step="1" value={baseTime} onChange={(next) => changeQuestion({ baseTime: next })} />
      ) : null}
    </section>
  )
}

function Work({ question: { workload, frames } }: { question: Question }) {
  const isLoad = workload === 'heavy' || workload === 'light'
  return (
    <section className="field-row">
      <SelectField
        label="Work"
        value={workload}
        options={Object.keys(WORKLOADS)}
        titles={WORKLOADS}
        testId="whatif-workload"
        onChange={(next) => changeQuestion({ workload: next as WorkloadChoice })}
      />
      {isLoad ? (
        <TextField label="Frames each" type="number" min={1} value={frames} onChange={(next) => changeQuestion({ frames: next })} />
      ) : null}
    </section>
  )
}

function Settings({ question }: { question: Question }) {
  const { granularity, delta1Seconds, delta2, algorithms } = question
  const toggle = (name: (typeof ALGORITHMS)[number]) =>
    changeQuestion({ algorithms: ALGORITHMS.filter((each) => (each === name ? !algorithms.includes(each) : algorithms.includes(each))) })
  return (
    <section>
      <div className="field-row">
        <Choice
          legend="Scheduled in"
          value={granularity}
          options={[
            { value: 'stage', title: 'stages', hint: 'A stage is what one pod runs: such an answer can be placed.' },
            { value: 'block', title: 'blocks', hint: 'Parts of a network, for study: such an answer cannot be placed.' },
          ]}
          onChange={(next) => changeQuestion({ granularity: next })}
        />
        <TextField
          label="δ1, s"
          type="number"
          step="any"
          min={0}
          value={delta1Seconds}
          onChange={(next) => changeQuestion({ delta1Seconds: next })}
        />
        <TextField label="δ2" type="number" step="any" min={0} value={delta2} onChange={(next) => changeQuestion({ delta2: next })} />
      </div>
      <fieldset className="checks">
        <legend>Algorithms</legend>
        {ALGORITHMS.map((name) => (
          <label key={name}>
            <input type="checkbox" checked={algorithms.includes(name)} onChange={() => toggle(name)} />
            {ALGORITHM_TITLES[name]}
          </label>
        ))}
      </fieldset>
    </section>
  )
}
