/**
 * What we ask of Prometheus' HTTP API: its clock, its targets, and the newest samples of one target.
 *
 * Samples are asked by `/federate`, which alone gives them with the times that Prometheus took them at, and leaves out what went stale.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { type Fetch, type GetFailure, limitedGet, type WantedContent } from './limited-get.ts'
import { type ScrapeFailure, type ScrapeOutcome, scrapeOnce } from './scrape.ts'

export interface PrometheusSettings {
  /** With the path prefix, if Prometheus has one. */
  readonly url: string
  readonly username?: string | undefined
  /** Of the user; of a bearer token when there is no user. Read again after each failure. */
  readonly passwordFile?: string | undefined
}

const targetShape = z.object({
  /** What Prometheus puts on every series of the target. */
  labels: z.record(z.string(), z.string()),
  scrapeUrl: z.string(),
  lastError: z.string(),
  /** Such as `1m30s`; Prometheus before 2.24 does not tell. */
  scrapeInterval: z.string().default(''),
})
export type PrometheusTarget = z.infer<typeof targetShape>
const targetsShape = z.object({ data: z.object({ activeTargets: z.array(targetShape) }) })
const clockShape = z.object({ data: z.object({ resultType: z.literal('scalar'), result: z.tuple([z.number(), z.string()]) }) })

export type Answer<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & ScrapeFailure)

export interface PrometheusApi {
  timeMs(): Promise<Answer<number>>
  targets(): Promise<Answer<readonly PrometheusTarget[]>>
  /** Of the series with these names, as an exposition text gives them. */
  samples(target: PrometheusTarget, names: readonly string[]): Promise<ScrapeOutcome>
}

export interface PrometheusApiOptions {
  readonly stopping: AbortSignal
  readonly timeoutMs: number
  readonly fetch: Fetch
}

const JSON_CONTENT: WantedContent = {
  accept: 'application/json',
  isType: (type) => type === 'application/json',
  expected: 'application/json: is this the address of a Prometheus?',
}

export function createPrometheusApi({ url, username, passwordFile }: PrometheusSettings, options: PrometheusApiOptions): PrometheusApi {
  const base = url.replace(/\/+$/, '')
  let authorization: string | undefined

  const authorized = async <T extends { readonly ok: boolean }>(ask: () => Promise<T>): Promise<T | GetFailure> => {
    if (passwordFile !== undefined && authorization === undefined) {
      try {
        authorization = authorizationOf(username, (await readFile(passwordFile, 'utf8')).trim())
      } catch (error) {
        return { ok: false, reason: 'refused', message: `the password file ${passwordFile} cannot be read (${codeOf(error)})` }
      }
    }
    const answer = await ask()
    if (!answer.ok) authorization = undefined
    return answer
  }
  const askJson = <T>(path: string, shape: z.ZodType<T>): Promise<Answer<T>> =>
    authorized(() => limitedGet(`${base}${path}`, { ...options, ...JSON_CONTENT, authorization }, (chunks) => readJson(chunks, shape)))

  return {
    timeMs: async () => {
      const answer = await askJson('/api/v1/query?query=time()', clockShape)
      return answer.ok ? { ok: true, value: Math.round(answer.value.data.result[0] * 1000) } : answer
    },
    targets: async () => {
      const answer = await askJson('/api/v1/targets?state=active', targetsShape)
      return answer.ok ? { ok: true, value: answer.value.data.activeTargets } : answer
    },
    samples: ({ labels: { job = '', instance = '' } }, names) => {
      const selector = `{job=${quoted(job)},instance=${quoted(instance)},__name__=~${quoted(names.map(literally).join('|'))}}`
      return authorized(() => scrapeOnce(`${base}/federate?match[]=${encodeURIComponent(selector)}`, { ...options, authorization }))
    },
  }
}

async function readJson<T>(chunks: AsyncIterable<string>, shape: z.ZodType<T>): Promise<Answer<T>> {
  let text = ''
  for await (const chunk of chunks) text += chunk
  try {
    return { ok: true, value: shape.parse(JSON.parse(text)) }
  } catch {
    return { ok: false, reason: 'malformed', message: `not what Prometheus answers: ${JSON.stringify(text.slice(0, 80))}` }
  }
}

function authorizationOf(username: string | undefined, secret: string): string {
  return username === undefined ? `Bearer ${secret}` : `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`
}

/** A string of PromQL, whose escapes are those of Go: JSON's are among them but for `\/`, which JSON.stringify does not write. */
function quoted(text: string): string {
  return JSON.stringify(text)
}

/** In a regular expression. */
function literally(name: string): string {
  return name.replaceAll(/[^\w:]/g, '\\$&')
}

function codeOf(error: unknown): string {
  return String(Reflect.get(Object(error), 'code') ?? error)
}
