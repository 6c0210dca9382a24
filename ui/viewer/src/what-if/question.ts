/** The question as it is being put together, and the query it becomes. */
import { requestsOfLoad } from '../../../../models/applications/loads.ts'
import type { AlgorithmName, Edit, PickedName, WhatIfQueryInput } from '../../../../models/contracts/what-if.ts'

export const ALGORITHM_TITLES: Readonly<Record<AlgorithmName, string>> = {
  heft: 'HEFT',
  cpop: 'CPOP',
  peft: 'PEFT',
  dhs: 'DHS',
  local: 'local',
  edge: 'edge',
  portfolio: 'portfolio',
}
export const PICKED_TITLES: Readonly<Record<PickedName, string>> = {
  ...ALGORITHM_TITLES,
  'look-ahead-heft': 'look-ahead HEFT',
  'peft-rank-u': 'PEFT by upward rank',
  'peft-real-link': 'PEFT on real links',
  serial: 'serial',
  annealing: 'annealing',
}
export const ALGORITHMS = Object.keys(ALGORITHM_TITLES) as readonly AlgorithmName[]

export type WorkloadChoice = 'waiting' | 'each-camera' | 'heavy' | 'light'

export interface Question {
  readonly base: 'now' | 'past'
  /** As `datetime-local` gives it. */
  readonly baseTime: string
  readonly edits: readonly Edit[]
  readonly workload: WorkloadChoice
  /** Per request of the two loads. */
  readonly frames: string
  readonly granularity: 'stage' | 'block'
  readonly delta1Seconds: string
  readonly delta2: string
  readonly algorithms: readonly AlgorithmName[]
}

export const FIRST_QUESTION: Question = {
  base: 'now',
  baseTime: '',
  edits: [],
  workload: 'each-camera',
  frames: '60',
  granularity: 'stage',
  delta1Seconds: '0.1',
  delta2: '1',
  algorithms: ALGORITHMS,
}

/** @returns what keeps the question from being asked, null when it can be. */
export function whyNotAskable(question: Question, cameraCount: number): string | null {
  const isNumber = (text: string, min: number) => text.trim() !== '' && Number(text) >= min
  if (question.base === 'past' && Number.isNaN(Date.parse(question.baseTime))) return 'Give the past time to start from.'
  if (question.algorithms.length === 0) return 'Choose at least one algorithm.'
  if (!isNumber(question.delta1Seconds, 0) || !isNumber(question.delta2, 0)) return 'δ1 and δ2 are numbers of 0 or more.'
  const isLoad = question.workload === 'heavy' || question.workload === 'light'
  if (isLoad && !(Number.isInteger(Number(question.frames)) && isNumber(question.frames, 1)))
    return 'Frames per request is a whole number of 1 or more.'
  if (isLoad && cameraCount === 0) return 'The load needs a camera to ask for it, and there is none.'
  return null
}

export function toQuery(question: Question, cameras: readonly string[]): WhatIfQueryInput {
  const { base, baseTime, edits, workload, frames, granularity, delta1Seconds, delta2, algorithms } = question
  return {
    base: base === 'now' ? { kind: 'now' } : { kind: 'time', timeMs: Date.parse(baseTime) },
    edits: [...edits],
    workload:
      workload === 'heavy' || workload === 'light'
        ? requestsOfLoad(workload, cameras).map(({ camera, application }) => ({ camera, application, count: 1, frames: Number(frames) }))
        : workload,
    granularity,
    delta1Seconds: Number(delta1Seconds),
    delta2: Number(delta2),
    algorithms: [...algorithms],
  }
}
