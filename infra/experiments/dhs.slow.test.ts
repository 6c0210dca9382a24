/** The committed page is what the code gives; the same run gives the same bytes; the fixed scenarios hold. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { requestsOfLoad } from '../../models/applications/loads.ts'
import { GRANULARITIES } from '../../models/applications/task-graph.ts'
import { ALGORITHM_NAMES, runAlgorithm } from '../../models/scheduling/algorithms.ts'
import { arrivalsOf, CAMERAS } from './dhs-arrivals.ts'
import { runExperiment } from './dhs-experiment.ts'
import { checkGold } from './dhs-gold.ts'
import { playedFinishMs, runAll } from './dhs-runs.ts'
import { ASSUMPTIONS, BASE, isBase, type Settings } from './dhs-settings.ts'
import { summarise } from './dhs-summary.ts'
import { sweepsCsv } from './dhs-tables.ts'
import { toTestbed } from './dhs-testbed.ts'

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
const gold = read('../../models/scheduling/gold/dhs-scenarios.json')
const runQuick = () => runExperiment({ gold, isQuick: true, onProgress: () => undefined })
const files = runQuick()

describe('the fixed scenarios', () => {
  it('are reproduced to 1e-6', () => {
    expect(checkGold(gold)).toMatchObject({ scenarioCount: 16, valueCount: 96 })
    expect(checkGold(gold).worstRatio).toBeLessThanOrEqual(1e-6)
  })

  it('stop the run when one is not', () => {
    const wrong = gold.replace(/"peft":(\s*)(\d+)\./, '"peft":$11$2.')
    expect(wrong).not.toBe(gold)
    expect(() => checkGold(wrong)).toThrow(
      /^the fixed scenario dhs-B-L-block-100 is not reproduced: peft takes 63\.\d+ ms instead of 163\./,
    )
  })
})

describe('what is committed', () => {
  it.each(['dhs/arrivals.csv', 'dhs/fig1.svg', 'dhs/fig2.svg'])('%s is what the code gives', (name) => {
    expect(files.get(name)).toBe(read(name))
  })

  it('the page has every section of a quick run, word for word', () => {
    const committed = read('dhs.md').split('\n## ')
    const [title, summary, ...sections] = files.get('dhs.md')!.trimEnd().split('\n## ')
    expect(committed[0]).toBe(title)
    expect(committed[1]!.startsWith(summary!.trimEnd())).toBe(true)
    for (const section of sections) expect(committed.map((each) => each.trimEnd())).toContain(section.trimEnd())
  })

  it.each([
    ['Arrivals', 'round robin'],
    ['Arrivals', 'spread evenly'],
    ['Delay', 'mean over requests'],
  ])('the sensitivity to %s: %s is what the code gives', (assumption, label) => {
    const { change } = ASSUMPTIONS.find(({ name }) => name === assumption)!.values.find((value) => value.label === label)!
    const study = { ...BASE, ...change }
    const lines = sweepsCsv([{ assumption, label, isBase: false, change, classes: summarise(runAll(study), study) }]).split('\n')
    const committed = read('dhs/sensitivity.csv').split('\n')
    for (const line of lines) expect(committed).toContain(line)
  })
})

it('gives the same bytes twice', () => {
  expect([...runQuick()]).toEqual([...files])
})

describe('arrivals', () => {
  it.each([
    ['light', 64, 64],
    ['heavy', 4096, 715],
  ] as const)('%s: %i ways to spread the requests', (load, count, caseCount) => {
    const arrivals = arrivalsOf(load, 'any camera')
    expect(arrivals.reduce((sum, { weight }) => sum + weight, 0)).toBe(count)
    expect(arrivals).toHaveLength(caseCount)
  })

  it('spread evenly, no camera asks for more than its share', () => {
    for (const { requests } of arrivalsOf('heavy', 'spread evenly')) {
      for (const name of CAMERAS) expect(requests.filter(({ camera }) => camera === name).length).toBeLessThanOrEqual(2)
    }
  })
})

describe('the testbed', () => {
  const heavy = requestsOfLoad('heavy', CAMERAS)
  const settings: readonly Settings[] = [...GRANULARITIES.map((granularity) => ({ ...BASE, granularity })), { ...BASE, frameMs: 1 }]

  it.each(settings)('played without sharing takes what was planned: $granularity, frame $frameMs ms', (each) => {
    const { whole, load } = toTestbed(heavy, each)
    for (const name of ALGORITHM_NAMES) {
      const schedule = runAlgorithm(name, whole, { load })
      expect(Math.max(...playedFinishMs(whole, schedule, null)) / schedule.makespanMs).toBeCloseTo(1, 9)
    }
  })

  it('keeps DHS off the server when it takes no part, and Local at home', () => {
    const { forDhs, whole } = toTestbed(heavy, { ...BASE, serverTakesPart: false })
    const server = whole.edge![0]!
    for (const name of ['heft', 'cpop', 'peft'] as const) {
      expect(runAlgorithm(name, forDhs).assignments.some(({ processor }) => processor === server)).toBe(false)
    }
    for (const { task, processor } of runAlgorithm('local', whole).assignments) {
      expect(CAMERAS[whole.hostOf[processor]!]).toBe(heavy[whole.requestOf![task]!]!.camera)
    }
  })

  it('takes t from the measurements: ResNet-50 on the Raspberry Pi and the GPU of a TX2', () => {
    const requests = ['pi-1', 'tx2-1'].map((camera) => ({ id: camera, camera, application: 'resnet50', frames: 1 }))
    const { cameraLoadsSeconds } = toTestbed(requests, BASE).load
    cameraLoadsSeconds.forEach((seconds, camera) => {
      expect(seconds).toBeCloseTo([0.26283, 0.03039, 0, 0][camera]!, 12)
    })
  })
})

it.each(ASSUMPTIONS.map(({ name, values }) => ({ name, values })))('$name has its default among the values tried', ({ values }) => {
  expect(values.filter(({ change }) => isBase(change))).toHaveLength(1)
})

it('pictures are whole and hold no clock, colour scheme or number gone wrong', () => {
  for (const [name, content] of files) {
    expect(content).not.toMatch(/NaN|Infinity|undefined/)
    if (name.endsWith('.svg')) expect(content).toMatch(/^<svg [^>]*role="img"[\s\S]*<\/svg>\n$/)
  }
})
