/** The question as one line of text: typed, taken from an example or from the form; run, swept, compared, shared. */
import { useEffect, useState } from 'react'
import type { EntityMaps } from '../../../../models/entities/entity-maps.ts'
import { byName } from '../format.ts'
import { formatHash } from '../live/page-hash.ts'
import { useTwin } from '../live/store.ts'
import { AreaField } from '../parts/fields.tsx'
import { ProblemNote } from '../parts/problem-note.tsx'
import { askText, cancel, changeOtherText, changeText, compareTexts, hasSweep, useAsking } from './asking.ts'
import { type Question, whyNotAskable } from './question.ts'

export function ScenarioText() {
  const { question, text: typed, otherText, isRunning, problem, problemOf } = useAsking()
  const { entities } = useTwin()
  const cameras = [...entities.camera.keys()].sort(byName)
  const formText = useFormText(question, cameras)
  const text = typed ?? formText
  const isEmpty = text.trim() === ''
  const isSweep = hasSweep(text)
  const run = () => void askText(text.trim())
  return (
    <section className="scenario" aria-label="In words">
      <AreaField
        label="In words"
        value={text}
        testId="scenario-text"
        placeholder="lose(node/edge-1) + link(cam-3, x0.5)"
        onChange={changeText}
        onEnter={() => (isEmpty || isRunning ? undefined : run())}
      />
      <div className="buttons">
        <button
          type="button"
          className={isSweep ? undefined : 'primary'}
          data-testid="scenario-run"
          disabled={isEmpty || isSweep || isRunning}
          onClick={run}
        >
          Run
        </button>
        <button
          type="button"
          className={isSweep ? 'primary' : undefined}
          data-testid="sweep-run"
          disabled={!isSweep || isRunning}
          title={isSweep ? undefined : 'Needs a sweep in the words'}
          onClick={run}
        >
          Sweep
        </button>
        {isRunning && problemOf === 'text' ? (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        ) : null}
        <CopyLink text={text.trim()} />
      </div>
      {problemOf === 'text' ? <ProblemNote problem={problem} /> : null}
      <Examples entities={entities} />
      <details>
        <summary>Compare with another</summary>
        <AreaField label="The other one, in words" value={otherText} testId="scenario-other" onChange={changeOtherText} />
        <div className="buttons">
          <button
            type="button"
            data-testid="compare-run"
            disabled={isEmpty || otherText.trim() === '' || isRunning}
            onClick={() => void compareTexts(text.trim(), otherText.trim())}
          >
            Compare
          </button>
        </div>
      </details>
    </section>
  )
}

/** Empty until the words are loaded, and while the form cannot be asked. */
function useFormText(question: Question, cameras: readonly string[]): string {
  const [write, setWrite] = useState<typeof import('./scenario-of-question.ts')['textOf'] | null>(null)
  useEffect(() => {
    let isGone = false
    void import('./scenario-of-question.ts').then(({ textOf }) => {
      if (!isGone) setWrite(() => textOf)
    })
    return () => {
      isGone = true
    }
  }, [])
  return write === null || whyNotAskable(question, cameras.length) !== null ? '' : write(question, cameras)
}

function CopyLink({ text }: { text: string }) {
  const [link, setLink] = useState<{ readonly url: string; readonly isCopied: boolean } | null>(null)
  const url = new URL(
    formatHash({ panel: 'what-if', stage: 'map', theme: 'system', selection: null, range: '15m', scenario: text }),
    location.href,
  ).href
  const copy = async () => {
    // Browsers keep the clipboard from pages that come without TLS: then the link is shown.
    const isCopied = await (navigator.clipboard?.writeText(url) ?? Promise.reject()).then(
      () => true,
      () => false,
    )
    setLink({ url, isCopied })
  }
  const isShown = link !== null && link.url === url
  return (
    <>
      <button type="button" data-testid="scenario-link" disabled={text === ''} onClick={() => void copy()}>
        Copy link
      </button>
      <span className="fine" role="status">
        {isShown && link.isCopied ? 'Copied.' : ''}
      </span>
      {isShown && !link.isCopied ? (
        <input type="text" aria-label="Link to this scenario" readOnly value={url} onFocus={({ target }) => target.select()} />
      ) : null}
    </>
  )
}

function Examples({ entities }: { entities: EntityMaps }) {
  return (
    <details>
      <summary>Examples</summary>
      <ul className="plain examples">
        {examplesOf(entities).map((example) => (
          <li key={example}>
            <button type="button" className="link" onClick={() => changeText(example)}>
              <code>{example}</code>
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

/** With names that are there, so that each can be run as it stands. */
function examplesOf({ node, camera, accelerator }: EntityMaps): readonly string[] {
  const nodes = [...node.values()].filter(({ reported }) => reported.identity?.value.role !== 'observer')
  const server = nodes.find(({ reported }) => reported.identity?.value.role === 'server')?.name ?? nodes[0]?.name ?? 'edge-1'
  const source = [...camera.keys()].sort(byName).at(-1) ?? 'cam-1'
  const device = [...accelerator.keys()].sort(byName).find((name) => !name.startsWith(`${server}/`)) ?? 'tx2-1/gpu0'
  return [
    `lose(node/${server}) + link(${source}, x0.5)`,
    'burst(resnet50, x4, frames 60) by meanLatency',
    `lose(accelerator/${device}) by energy deadline 2 s`,
    `sweep link(${source}) 5..1000 Mbit/s steps 12 log`,
    'sweep burst(resnet50, frames 60) x1..x8',
    'at -1m on waiting',
  ]
}
