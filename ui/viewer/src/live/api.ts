/** The REST calls of the page. Every failure becomes a `Problem` that says what is wrong and what to do, in plain words. */
import type { AccessAnswer } from '../../../../models/contracts/access.ts'
import type { ActiveFault, Fault } from '../../../../models/contracts/fault.ts'
import type { FlipAnswer, FlipQuery } from '../../../../models/contracts/flips.ts'
import type { SeriesKind, TransitionKind } from '../../../../models/contracts/history.ts'
import type { SeriesAnswer, TransitionsAnswer } from '../../../../models/contracts/history-api.ts'
import type { RegretTable } from '../../../../models/contracts/regret.ts'
import type { ScenarioAnswer, Standing } from '../../../../models/contracts/study-api.ts'
import type { TwinJson } from '../../../../models/contracts/twin-json.ts'
import type { AlgorithmName, WhatIfAnswer, WhatIfQueryInput } from '../../../../models/contracts/what-if.ts'
import type { LoopMode } from '../../../../models/events/decision-events.ts'
import type { Comparison, SweepAnswer } from '../../../../models/scenario/answers.ts'

/** What RFC 9457 calls a problem, as far as the page shows it. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly errors: readonly string[]
}
export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem }

const TOKEN_KEY = 'edgetwin.token'
const TIMEOUT_MS = 60_000

export const readToken = (): string | null => sessionStorage.getItem(TOKEN_KEY)
export const keepToken = (token: string): void => sessionStorage.setItem(TOKEN_KEY, token)
export const forgetToken = (): void => sessionStorage.removeItem(TOKEN_KEY)

const tokenListeners = new Set<() => void>()
/** Calls back when the server asked for a token. */
export function onTokenNeeded(listener: () => void): () => void {
  tokenListeners.add(listener)
  return () => tokenListeners.delete(listener)
}

export const api = {
  access: () => call<AccessAnswer>('GET', 'access'),
  state: (at: Date) => call<{ state: TwinJson }>('GET', `state?at=${encodeURIComponent(at.toISOString())}`),
  whatIf: (query: WhatIfQueryInput, signal?: AbortSignal) => call<WhatIfAnswer>('POST', 'what-if', { body: query, signal }),
  scenario: (scenario: string, signal?: AbortSignal) => call<ScenarioAnswer>('POST', 'scenarios', { body: { scenario }, signal }),
  sweep: (scenario: string, signal?: AbortSignal) => call<SweepAnswer>('POST', 'sweeps', { body: { scenario }, signal }),
  compare: (a: string, b: string, signal?: AbortSignal) => call<Comparison>('POST', 'comparisons', { body: { a, b }, signal }),
  flips: (query: FlipQuery) => call<FlipAnswer>('POST', 'flips', { body: query }),
  series: (kind: SeriesKind, name: string, asked: HistorySpan & { readonly field: string; readonly points: number }) =>
    call<SeriesAnswer>(
      'GET',
      `history/${kind}/${encodeURIComponent(name)}?${spanText(asked)}&field=${encodeURIComponent(asked.field)}&points=${asked.points}`,
    ),
  transitions: (kind: TransitionKind, name: string, asked: HistorySpan) =>
    call<TransitionsAnswer>('GET', `transitions/${kind}/${encodeURIComponent(name)}?${spanText(asked)}`),
  standing: () => call<Standing>('GET', 'standing'),
  regret: () => call<RegretTable>('GET', 'regret'),
  propose: (whatIfId: string, algorithm: AlgorithmName) => call<{ id: string }>('POST', 'plans', { body: { whatIfId, algorithm } }),
  approve: (id: string, reason: string) => call<unknown>('POST', `plans/${encodeURIComponent(id)}/approve`, { body: { reason } }),
  reject: (id: string, reason: string) => call<unknown>('POST', `plans/${encodeURIComponent(id)}/reject`, { body: { reason } }),
  setLoopMode: (mode: LoopMode) => call<unknown>('PUT', 'loop', { body: { mode } }),
  faults: () => call<{ readonly items: readonly ActiveFault[] }>('GET', 'faults'),
  addFault: (fault: Fault) => call<ActiveFault>('POST', 'faults', { body: fault }),
  clearFault: (id: string) => call<unknown>('DELETE', `faults/${encodeURIComponent(id)}`),
}

interface HistorySpan {
  readonly fromMs: number
  readonly toMs: number
}
const spanText = ({ fromMs, toMs }: HistorySpan) => `from=${fromMs}&to=${toMs}`

interface CallOptions {
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

async function call<T>(method: string, path: string, { body, signal }: CallOptions = {}): Promise<Answer<T>> {
  const token = readToken()
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (token !== null) headers.authorization = `Bearer ${token}`
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = await fetch(new URL(`api/v1/${path}`, document.baseURI), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    const text = await response.text()
    if (response.status === 401) for (const listener of tokenListeners) listener()
    if (!response.ok) return { ok: false, problem: problemOf(response.status, text) }
    return { ok: true, value: (text === '' ? null : JSON.parse(text)) as T }
  } catch (error) {
    return { ok: false, problem: unreachable(error) }
  }
}

/** Reads a problem+json body; any other body is shown by its status alone. */
export function problemOf(status: number, text: string): Problem {
  const fallback = { status, code: `HTTP ${status}`, title: `The server answered ${status}`, detail: text.slice(0, 300), errors: [] }
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null) return fallback
    const textOf = (key: string) => (key in body && typeof Reflect.get(body, key) === 'string' ? String(Reflect.get(body, key)) : null)
    const errors: unknown = Reflect.get(body, 'errors')
    return {
      status,
      code: textOf('code') ?? fallback.code,
      title: textOf('title') ?? fallback.title,
      detail: textOf('detail') ?? '',
      errors: Array.isArray(errors) ? errors.slice(0, 8).map(errorLine) : [],
    }
  } catch {
    return fallback
  }
}

function errorLine(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const where = Reflect.get(error, 'path') ?? Reflect.get(error, 'pointer') ?? Reflect.get(error, 'instancePath')
  const what = Reflect.get(error, 'message') ?? Reflect.get(error, 'detail') ?? JSON.stringify(error)
  return where === undefined || where === '' ? String(what) : `${Array.isArray(where) ? where.join('.') : String(where)}: ${String(what)}`
}

function unreachable(error: unknown): Problem {
  const name = error instanceof Error ? error.name : ''
  if (name === 'AbortError') return { status: 0, code: 'CANCELLED', title: 'Cancelled', detail: '', errors: [] }
  const detail =
    name === 'TimeoutError'
      ? `It took longer than ${TIMEOUT_MS / 1_000} s.`
      : 'Is edgetwin running? The page retries by itself once it is back.'
  return { status: 0, code: 'SERVER_UNREACHABLE', title: 'The server does not answer', detail, errors: [] }
}
