/**
 * What is being asked, in the form and in words, and the newest result, shared by the panel and the stage.
 * One question is under way at a time; the last result stays until the next one comes.
 */
import { useSyncExternalStore } from 'react'
import type { ScenarioAnswer } from '../../../../models/contracts/study-api.ts'
import type { AlgorithmName, WhatIfAnswer } from '../../../../models/contracts/what-if.ts'
import type { Comparison, SweepAnswer } from '../../../../models/scenario/answers.ts'
import { counted, duration } from '../format.ts'
import { type Answer, api, type Problem } from '../live/api.ts'
import { changeHash } from '../live/page-hash.ts'
import { FIRST_QUESTION, type Question, toQuery } from './question.ts'

export type Result =
  | {
      readonly kind: 'answer'
      readonly answer: WhatIfAnswer
      /** Canonical, when it was asked in words. */
      readonly text: string | null
    }
  | { readonly kind: 'sweep'; readonly sweep: SweepAnswer }
  | { readonly kind: 'comparison'; readonly comparison: Comparison }

export interface Asking {
  readonly question: Question
  /** As typed; null: the words say what the form says. */
  readonly text: string | null
  /** What to compare with. */
  readonly otherText: string
  readonly isRunning: boolean
  readonly problem: Problem | null
  readonly problemOf: 'form' | 'text'
  readonly result: Result | null
  /** For the live region. */
  readonly announcement: string
}

let asking: Asking = {
  question: FIRST_QUESTION,
  text: null,
  otherText: '',
  isRunning: false,
  problem: null,
  problemOf: 'form',
  result: null,
  announcement: '',
}
let underWay: AbortController | null = null
/** What the address asked for last, so that other changes of the address do not ask it again. */
let askedText: string | null = null
const listeners = new Set<() => void>()

function change(next: Partial<Asking>): void {
  asking = { ...asking, ...next }
  for (const listener of listeners) listener()
}

export function useAsking(): Asking {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => asking,
  )
}

/** The words follow the form again. */
export const changeQuestion = (next: Partial<Question>): void => change({ question: { ...asking.question, ...next }, text: null })
export const changeText = (text: string): void => change({ text })
export const changeOtherText = (otherText: string): void => change({ otherText })

export const hasSweep = (text: string): boolean => /(^|[+\s])sweep\s/.test(text)

interface Shown {
  readonly result: Result
  readonly announcement: string
  /** For the address: opening it asks the same. */
  readonly scenario: string | null
}

async function run<T>(
  from: Asking['problemOf'],
  send: (signal: AbortSignal) => Promise<Answer<T>>,
  show: (value: T) => Shown,
): Promise<void> {
  underWay?.abort()
  const mine = new AbortController()
  underWay = mine
  change({ isRunning: true, problem: null, problemOf: from, announcement: 'The question is being worked out.' })
  const answer = await send(mine.signal)
  if (underWay !== mine) return
  underWay = null
  if (!answer.ok) {
    change({ isRunning: false, problem: answer.problem, announcement: `It failed: ${answer.problem.title}` })
    return
  }
  const { scenario, ...shown } = show(answer.value)
  askedText = scenario
  change({ isRunning: false, ...shown })
  changeHash({ stage: 'answer', scenario })
}

export function askForm(cameras: readonly string[]): Promise<void> {
  return run(
    'form',
    (signal) => api.whatIf(toQuery(asking.question, cameras), signal),
    (answer) => showAnswer(answer, null),
  )
}

/** A scenario with a sweep gives a curve, any other one answer. */
export function askText(text: string): Promise<void> {
  askedText = text
  if (hasSweep(text)) return run('text', (signal) => checked([text], () => api.sweep(text, signal)), showSweep)
  return run(
    'text',
    (signal) => checked([text], () => api.scenario(text, signal)),
    ({ answer, text: scenario }: ScenarioAnswer) => showAnswer(answer, scenario),
  )
}

/** Asks what the address says, unless that is what was asked last. */
export function askShared(text: string | null): void {
  if (text === null || text === askedText) return
  change({ text })
  void askText(text)
}

export function compareTexts(a: string, b: string): Promise<void> {
  return run('text', (signal) => checked([a, b], () => api.compare(a, b, signal)), showComparison)
}

/** Words that cannot be read need no server to say so. */
async function checked<T>(texts: readonly string[], send: () => Promise<Answer<T>>): Promise<Answer<T>> {
  // Without the reader nothing is lost: the server reads the words anyway.
  const reader = await import('./scenario-of-question.ts').catch(() => null)
  const problem = texts.map((text) => reader?.faultOf(text) ?? null).find((each) => each !== null)
  return problem === undefined ? send() : { ok: false, problem }
}

export function cancel(): void {
  underWay?.abort()
  underWay = null
  change({ isRunning: false, announcement: 'Cancelled.' })
}

function showAnswer(answer: WhatIfAnswer, text: string | null): Shown {
  const best = answer.outcomes[0]
  const announcement =
    best === undefined
      ? 'No algorithm found a schedule.'
      : `${answer.outcomes.length} schedules. Best: ${best.algorithm}, makespan ${duration(best.makespanMs)}.`
  return { result: { kind: 'answer', answer, text }, announcement, scenario: text }
}

function showSweep(sweep: SweepAnswer): Shown {
  const announcement = `${counted(sweep.points.length, 'point')}; the winner changes ${counted(sweep.breakPoints.length, 'time')}.`
  return { result: { kind: 'sweep', sweep }, announcement, scenario: sweep.scenario }
}

function showComparison(comparison: Comparison): Shown {
  const nameOf = (winner: AlgorithmName | null) => winner ?? 'no algorithm'
  const { a, b } = comparison
  const announcement = `A: ${nameOf(a.winner)}, ${duration(a.makespanMs)}. B: ${nameOf(b.winner)}, ${duration(b.makespanMs)}.`
  return { result: { kind: 'comparison', comparison }, announcement, scenario: null }
}
