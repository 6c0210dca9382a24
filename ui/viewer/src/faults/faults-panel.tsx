/** Faults for a simulated site, to see what the twin makes of them. A real cluster has no such panel. */
import { useState } from 'react'
import type { ActiveFault, Fault } from '../../../../models/contracts/fault.ts'
import { byName, clockTime } from '../format.ts'
import { useWhyNot } from '../live/access.ts'
import { type Answer, api, type Problem } from '../live/api.ts'
import { useTwin } from '../live/store.ts'
import { useSecond } from '../live/twin-time.ts'
import { SelectField } from '../parts/fields.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'

type OneTarget = Exclude<Fault['kind'], 'burst'>
const TITLES: Readonly<Record<OneTarget, { readonly title: string; readonly target: 'node' | 'accelerator' | 'link' | 'camera' }>> = {
  'kill-node': { title: 'Kill a node', target: 'node' },
  'lose-accelerator': { title: 'Lose an accelerator', target: 'accelerator' },
  'slow-link': { title: 'Slow a link to a tenth', target: 'link' },
  lie: { title: 'Let an exporter lie (99 % busy)', target: 'node' },
  'camera-off': { title: 'Switch a camera off', target: 'camera' },
}

export function FaultsPanel({ faults, reload }: { faults: readonly ActiveFault[]; reload: () => Promise<void> }) {
  const nowMs = useSecond()
  const why = useWhyNot('update policies')
  const [problem, setProblem] = useState<Problem | null>(null)
  const run = async (call: Promise<Answer<unknown>>) => {
    const answer = await call
    setProblem(answer.ok ? null : answer.problem)
    await reload()
  }
  return (
    <div className="pad faults">
      <p className="fine">{why || 'These act on the simulated site, not on the twin: the twin has to find out.'}</p>
      <fieldset className="bare" disabled={why !== ''}>
        {(Object.keys(TITLES) as OneTarget[]).map((kind) => (
          <FaultForm key={kind} kind={kind} onAdd={(fault) => void run(api.addFault(fault))} />
        ))}
        <section className="fault-row">
          <h3>Burst: all requests of a round at once</h3>
          <div className="buttons">
            {(['light', 'heavy'] as const).map((load) => (
              <button
                key={load}
                type="button"
                data-testid={`fault-burst-${load}`}
                onClick={() => void run(api.addFault({ kind: 'burst', load }))}
              >
                {load}
              </button>
            ))}
          </div>
        </section>
        <ProblemNote problem={problem} />
        <h3>Active</h3>
        {faults.length === 0 ? <p className="fine">None.</p> : null}
        <ul className="plain active-faults">
          {faults.map(({ id, sinceMs, fault }) => (
            <li key={id}>
              <span>
                {describeFault(fault)} <span className="fine">since {clockTime(sinceMs, nowMs)}</span>
              </span>
              <button type="button" onClick={() => void run(api.clearFault(id))} aria-label={`End: ${describeFault(fault)}`}>
                End
              </button>
            </li>
          ))}
        </ul>
      </fieldset>
    </div>
  )
}

function FaultForm({ kind, onAdd }: { kind: OneTarget; onAdd: (fault: Fault) => void }) {
  const { entities } = useTwin()
  const { title, target } = TITLES[kind]
  const names = [...entities[target].keys()]
    .filter((name) => target !== 'node' || entities.node.get(name)?.reported.identity?.value.emulated)
    .sort(byName)
  const [chosen, setChosen] = useState('')
  const name = names.includes(chosen) ? chosen : (names[0] ?? '')
  return (
    <section className="fault-row">
      <h3>{title}</h3>
      <div className="buttons">
        <SelectField label={`${title}: which`} isLabelShown={false} value={name} options={names} onChange={setChosen} />
        <button
          type="button"
          className="danger"
          data-testid={`fault-${kind}`}
          disabled={name === ''}
          onClick={() => onAdd(toFault(kind, name))}
        >
          Do it
        </button>
      </div>
    </section>
  )
}

function toFault(kind: OneTarget, name: string): Fault {
  switch (kind) {
    case 'kill-node':
      return { kind, node: name }
    case 'lose-accelerator':
      return { kind, accelerator: name }
    case 'slow-link':
      return { kind, link: name, factor: 0.1 }
    case 'lie':
      return { kind, node: name, utilizationRatio: 0.99 }
    case 'camera-off':
      return { kind, camera: name }
  }
}

function describeFault(fault: Fault): string {
  switch (fault.kind) {
    case 'kill-node':
      return `${fault.node} is dead`
    case 'lose-accelerator':
      return `${fault.accelerator} is lost`
    case 'slow-link':
      return `${fault.link} at × ${fault.factor}`
    case 'lie':
      return `${fault.node} lies`
    case 'camera-off':
      return `${fault.camera} is off`
    case 'burst':
      return `${fault.load} burst`
  }
}
