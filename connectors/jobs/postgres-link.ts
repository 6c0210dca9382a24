/**
 * One connection that listens for changes and, by living, shows that PostgreSQL does: it reconnects by itself, later and
 * later up to a bound, and asks now and then, since a half-open connection says nothing.
 */
import pg from 'pg'
import type { Logger, Stop } from '../../models/ports.ts'
import { pause } from '../pause.ts'

export interface LinkOptions {
  readonly config: pg.ClientConfig
  readonly channel: string
  readonly askEveryMs: number
  /** Before listening; what it throws counts as no connection. */
  readonly prepare: () => Promise<unknown>
  readonly onNotice: (payload: string) => void
  readonly onUp: () => void
  /** @returns what to tell people. */
  readonly onDown: (error: unknown) => string
  /** 0 to 1. */
  readonly random: () => number
  readonly log: Logger
}

const WAIT_MS_MIN = 250
const WAIT_MS_MAX = 10_000

export function runLink({ prepare, onUp, onDown, log, random, ...options }: LinkOptions): Stop {
  const stopped = new AbortController()
  let failureCount = 0

  async function live(): Promise<never> {
    const client = new pg.Client(options.config)
    const life = new AbortController()
    let failure: unknown = new Error('stopped')
    const endWith = (error: Error) => {
      if (!life.signal.aborted) failure = error
      life.abort()
    }
    client.on('error', endWith)
    client.on('end', () => endWith(new Error('Connection terminated')))
    client.on('notification', ({ payload = '' }) => options.onNotice(payload))
    // What was begun on a connection that has ended need never settle: not even `connect`.
    const over = new Promise<never>((_, reject) => life.signal.addEventListener('abort', () => reject(failure), { once: true }))
    over.catch(() => {})
    // A connection that hangs never answers the good-bye.
    const leave = () => {
      endWith(new Error('stopped'))
      void client.end().catch(() => {})
    }
    stopped.signal.addEventListener('abort', leave, { once: true })
    if (stopped.signal.aborted) leave()
    try {
      await Promise.race([client.connect(), over])
      await Promise.race([prepare(), over])
      await Promise.race([client.query(`listen ${client.escapeIdentifier(options.channel)}`), over])
      if (failureCount > 0) log.info({ failureCount }, 'job database back')
      failureCount = 0
      onUp()
      while (!life.signal.aborted) {
        await pause(options.askEveryMs, life.signal)
        if (!life.signal.aborted) await Promise.race([client.query('select 1'), over])
      }
      throw failure
    } finally {
      stopped.signal.removeEventListener('abort', leave)
      leave()
    }
  }

  async function supervise(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        await live()
      } catch (error) {
        if (stopped.signal.aborted) return
        const reason = onDown(error)
        if (failureCount === 0) log.warn({ reason }, 'job database lost')
        const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(failureCount, 10))
        failureCount += 1
        await pause(waitMs * (0.5 + random() / 2), stopped.signal)
      }
    }
  }
  const supervised = supervise()
  return async () => {
    stopped.abort()
    await supervised
  }
}
