/**
 * The ledger in the API server: one ConfigMap, changed only where nobody else has changed it since (compare-and-swap).
 *
 * A step is taken again after every conflict and every answer that did not come; it may be, as steps are idempotent. A ledger that
 * cannot be read is never overwritten: without it nothing is done.
 */
import { TwinError } from '../../../models/errors.ts'
import type { KubeClient } from '../kube-client.ts'
import { KubeFailure, orNull } from '../kube-failure.ts'
import { EMPTY_LEDGER, type Ledger, ledgerShape, type Step } from './ledger-state.ts'

export interface LedgerOptions {
  readonly client: KubeClient
  readonly namespace?: string
  readonly name?: string
  /** Waits; rejects or never resolves when all is over. */
  readonly wait: (ms: number) => Promise<void>
  /** Draws in [0, 1). */
  readonly random: () => number
  /** Nothing is written, and everything is checked by the server as if it were. */
  readonly isDryRun?: boolean
}

export interface LedgerStore {
  /** Takes the step on what the server has now. @throws KubeFailure when the server cannot be asked; TwinError when its answer makes no sense. */
  change(step: (ledger: Ledger) => Step, options?: { readonly auditId?: string }): Promise<Step>
  /** What the server has now; in a dry run with what would be there. */
  read(): Promise<Ledger>
}

interface ConfigMap {
  readonly apiVersion: 'v1'
  readonly kind: 'ConfigMap'
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly resourceVersion?: string
    readonly managedFields?: unknown
  }
  readonly data?: Readonly<Record<string, string>>
}
interface Held {
  readonly object: ConfigMap
  readonly ledger: Ledger
}

const KEY = 'ledger.json'
const TRIES = 10
const PAUSE_MS_MAX = 400

export function openLedger(options: LedgerOptions): LedgerStore {
  const { client, namespace = 'edgetwin-system', name = 'edgetwin-ledger', wait, random, isDryRun = false } = options
  const folder = `/api/v1/namespaces/${namespace}/configmaps`
  const path = `${folder}/${name}`
  const query = isDryRun ? { dryRun: 'All' } : {}
  let held: Held | null = null
  /** Of a dry run: what the server has not. */
  let imagined: Ledger | null = null
  let queue: Promise<unknown> = Promise.resolve()

  const fetch = async (): Promise<Held> => {
    const object = await orNull(client.request<ConfigMap>({ path }))
    if (object !== null) return { object, ledger: decode(object, path) }
    // Nobody has made it yet: the chart does, as its account may not.
    return { object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } }, ledger: EMPTY_LEDGER }
  }
  const write = async ({ object }: Held, ledger: Ledger, auditId: string | undefined): Promise<Held> => {
    const { managedFields: _, ...metadata } = object.metadata
    const body = { ...object, metadata, data: { ...object.data, [KEY]: JSON.stringify(ledger) } }
    const isNew = metadata.resourceVersion === undefined
    const request = { method: isNew ? 'POST' : 'PUT', path: isNew ? folder : path, query, body } as const
    const written = await client.request<ConfigMap>({ ...request, ...(auditId === undefined ? {} : { auditId }) })
    if (isDryRun) imagined = ledger
    return { object: isDryRun ? object : written, ledger }
  }
  const attempt = async (step: (ledger: Ledger) => Step, auditId: string | undefined) => {
    const current = held ?? (await fetch())
    held = null
    const result = step(imagined ?? current.ledger)
    if (!result.ok || result.ledger === (imagined ?? current.ledger)) return { result, isWritten: false }
    held = await write(current, result.ledger, auditId)
    return { result, isWritten: true }
  }
  const change = async (step: (ledger: Ledger) => Step, auditId: string | undefined): Promise<Step> => {
    for (let tries = 1; ; tries++) {
      const wasFresh = held === null
      try {
        const { result, isWritten } = await attempt(step, auditId)
        // What we remember may be old: only the server's word, or its taking of our change, is an answer.
        if (isWritten || wasFresh) return result
      } catch (error) {
        if (!(error instanceof KubeFailure) || !error.mayTryAgain || tries >= TRIES) throw error
        if (isDryRun && error.kind === 'conflict') imagined = null
        await wait(Math.max(error.retryAfterMs ?? 0, random() * Math.min(PAUSE_MS_MAX, 20 * 2 ** tries)))
      }
    }
  }
  return {
    change(step, { auditId } = {}) {
      // One after the other: two of our own steps would only be in each other's way.
      const done = queue.then(() => change(step, auditId))
      queue = done.catch(() => {})
      return done
    },
    async read() {
      const { ledger } = await fetch()
      return imagined ?? ledger
    },
  }
}

function decode(object: ConfigMap, path: string): Ledger {
  const text = object.data?.[KEY]
  if (text === undefined || text === '') return EMPTY_LEDGER
  const parsed = ledgerShape.safeParse(parse(text))
  if (parsed.success) return parsed.data
  const problem = parsed.error.issues[0]
  throw new TwinError(
    'LEDGER_UNREADABLE',
    `${path} holds no ledger: ${problem?.path.join('.') || KEY}: ${problem?.message}. Nothing is moved until somebody mends it, or deletes "${KEY}" in it to begin anew`,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
