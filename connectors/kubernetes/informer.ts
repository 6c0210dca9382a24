/**
 * All objects of one kind, kept true: listed once, then watched, whatever happens to the connection.
 *
 * The server ends each watch after a few seconds and it is taken up again where it stopped, so a connection that is half open
 * shows itself soon. An object that was deleted and made again is another object: its uid says so. Every few minutes everything is
 * listed and compared; a difference that the watch should have told is `drift`, which must stay 0.
 */
import type { Clock, Logger, Stop } from '../../models/ports.ts'
import { pause } from '../pause.ts'
import type { KubeClient } from './kube-client.ts'
import { KubeFailure, toKubeFailure } from './kube-failure.ts'

export interface KubeObject {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly managedFields?: unknown
  }
}

export type Change<T> =
  | { readonly type: 'set'; readonly object: T; readonly previous: T | null }
  | { readonly type: 'removed'; readonly object: T }

export interface InformerOptions<T extends KubeObject> {
  readonly client: KubeClient
  /** `/api/v1/nodes` */
  readonly path: string
  /** Called in order, one after the other; must only take note. What it throws is logged. */
  readonly onChange: (change: Change<T>) => void
  readonly clock: Clock
  /** Draws in [0, 1). */
  readonly random: () => number
  readonly log: Logger
  /** After so long the server ends a watch; a half-open connection is noticed 3 s later. Default 15 s. */
  readonly watchMs?: number
  /** Between two comparisons with a whole list; default 5 min. */
  readonly compareEveryMs?: number
}

export interface InformerStatus {
  readonly path: string
  readonly synced: boolean
  readonly objectCount: number
  /** Since when it is out of touch; null: it is in touch. */
  readonly outSinceMs: number | null
  readonly failure: KubeFailure | null
  readonly listCount: number
  readonly restartCount: number
  readonly driftCount: number
  /** Lines that were no events. */
  readonly malformedCount: number
}

export interface Informer<T extends KubeObject> {
  /** By `namespace/name`, or `name` where there is no namespace. */
  readonly objects: () => ReadonlyMap<string, T>
  /** Resolves when the first list is in. */
  readonly synced: Promise<void>
  readonly status: () => InformerStatus
  /** Compare now: the cluster behind the address may be another one. */
  readonly relist: () => void
  readonly stop: Stop
}

const PAUSE_MS_MIN = 200
const PAUSE_MS_MAX = 30_000
const PAGE = 500
const HALF_OPEN_MS = 3_000
const LIST_TIMEOUT_MS = 60_000

interface ListPage<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items?: readonly T[]
}

interface WatchLine<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T & { readonly code?: number; readonly message?: string }
}

export const keyOf = ({ metadata }: KubeObject): string =>
  metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`

export function runInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { client, path, onChange, clock, random, log, watchMs = 15_000, compareEveryMs = 300_000 } = options
  const objects = new Map<string, T>()
  const stopping = new AbortController()
  const first = Promise.withResolvers<void>()
  const counts = { listCount: 0, restartCount: 0, driftCount: 0, malformedCount: 0 }
  let version: string | null = null
  let listedAtMs = 0
  let isSynced = false
  let out: { readonly sinceMs: number; readonly failure: KubeFailure } | null = null
  let tries = 0

  const tell = (change: Change<T>): void => {
    try {
      onChange(change)
    } catch (error) {
      log.error({ path, object: keyOf(change.object), error: String(error) }, 'change of an object not taken')
    }
  }
  const set = (object: T): void => {
    const key = keyOf(object)
    const previous = objects.get(key) ?? null
    const isAnother = previous !== null && previous.metadata.uid !== object.metadata.uid
    if (!isAnother && previous?.metadata.resourceVersion === object.metadata.resourceVersion) return
    if (isAnother) tell({ type: 'removed', object: previous })
    objects.set(key, object)
    tell({ type: 'set', object, previous: isAnother ? null : previous })
  }
  const remove = (key: string): void => {
    const object = objects.get(key)
    if (object === undefined) return
    objects.delete(key)
    tell({ type: 'removed', object })
  }

  const list = async (): Promise<void> => {
    const expected = version
    const items = new Map<string, T>()
    let next: string | undefined
    let listVersion = ''
    do {
      const query = { limit: PAGE, continue: next }
      const page: ListPage<T> = await client.request({ path, query, timeoutMs: LIST_TIMEOUT_MS })
      for (const item of page.items ?? []) items.set(keyOf(item), slim(item))
      next = page.metadata.continue || undefined
      listVersion = page.metadata.resourceVersion
    } while (next !== undefined)
    counts.listCount++
    if (expected !== null) counts.driftCount += missed(objects, items, expected)
    for (const key of [...objects.keys()]) if (!items.has(key)) remove(key)
    for (const item of items.values()) set(item)
    version = listVersion
    listedAtMs = clock()
    isSynced = true
    first.resolve()
  }

  const take = (line: string): void => {
    const event = parseLine<T>(line)
    if (event === null) {
      counts.malformedCount++
      // What it said is lost: only a list tells.
      version = null
      return
    }
    if (event.type === 'ERROR') {
      const { code = 500, message = 'the watch failed' } = event.object
      throw new KubeFailure(code === 410 ? 'gone' : 'server', message, { status: code })
    }
    if (event.type === 'DELETED') {
      const key = keyOf(event.object)
      if (objects.get(key)?.metadata.uid === event.object.metadata.uid) remove(key)
    } else if (event.type !== 'BOOKMARK') set(slim(event.object))
    version = event.object.metadata.resourceVersion
  }

  const watch = async (): Promise<void> => {
    const query = { resourceVersion: version ?? undefined, allowWatchBookmarks: true, timeoutSeconds: Math.ceil(watchMs / 1_000) }
    const broken = new AbortController()
    let failure: unknown = null
    await client.watch({
      path,
      query,
      withinMs: watchMs + HALF_OPEN_MS,
      signal: AbortSignal.any([stopping.signal, broken.signal]),
      onOpen: backInTouch,
      onLine: (line) => {
        if (failure !== null) return
        try {
          take(line)
        } catch (error) {
          failure = error
          broken.abort()
        }
      },
    })
    if (failure !== null) throw failure
  }
  const backInTouch = (): void => {
    if (out !== null) log.info({ path, outMs: clock() - out.sinceMs }, 'watch is back')
    out = null
    tries = 0
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        if (version === null || clock() - listedAtMs >= compareEveryMs) await list()
        await watch()
      } catch (error) {
        await afterFailure(toKubeFailure(error))
      }
    }
  }
  const afterFailure = async (failure: KubeFailure): Promise<void> => {
    if (stopping.signal.aborted) return
    if (failure.kind === 'gone') version = null
    counts.restartCount++
    if (out === null) log.warn({ path, kind: failure.kind, status: failure.status, reason: failure.message }, 'watch broke')
    out = { sinceMs: out?.sinceMs ?? clock(), failure }
    // The first try comes at once: most breaks are a server that restarts or a connection that was cut.
    const pauseMs = tries === 0 ? PAUSE_MS_MIN * random() : random() * Math.min(PAUSE_MS_MAX, PAUSE_MS_MIN * 2 ** tries)
    tries++
    await pause(Math.max(failure.retryAfterMs ?? 0, pauseMs), stopping.signal)
  }
  const running = run()

  return {
    objects: () => objects,
    synced: first.promise,
    status: () => ({
      path,
      synced: isSynced,
      objectCount: objects.size,
      outSinceMs: out?.sinceMs ?? null,
      failure: out?.failure ?? null,
      ...counts,
    }),
    relist: () => {
      version = null
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** Who set which field is half of an object and decides nothing. */
function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

function parseLine<T>(line: string): WatchLine<T & KubeObject> | null {
  try {
    const event: WatchLine<T & KubeObject> = JSON.parse(line)
    return typeof event.type === 'string' && typeof event.object === 'object' && event.object !== null ? event : null
  } catch {
    return null
  }
}

/** Differences that happened before the watch was last in touch, so it should have told them. Versions are whole numbers that grow. */
function missed<T extends KubeObject>(known: ReadonlyMap<string, T>, listed: ReadonlyMap<string, T>, seen: string): number {
  let count = 0
  for (const [key, { metadata }] of listed) {
    const isNews = known.get(key)?.metadata.resourceVersion !== metadata.resourceVersion
    if (isNews && BigInt(metadata.resourceVersion) <= BigInt(seen)) count++
  }
  return count
}
