/**
 * One connection that listens for changes and, by living, shows that PostgreSQL does: it reconnects by itself, later and
 * later up to a bound, and asks now and then, since a half-open connection says nothing.
 */
import pg from 'pg'
import type { Logger, Stop } from '../../models/ports.ts'

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
    const { promise: broken, reject: breakOff } = Promise.withResolvers<never>()
    broken.catch(() => {})
    client.on('error', breakOff)
    client.on('end', () => breakOff(new Error('Connection terminated')))
    client.on('notification', ({ payload = '' }) => options.onNotice(payload))
    stopped.signal.addEventListener('abort', () => breakOff(new Error('stopped')), { once: true })
    try {
      await Promise.race([client.connect(), broken])
      await Promise.race([prepare(), broken])
      await Promise.race([client.query(`listen ${client.escapeIdentifier(options.channel)}`), broken])
      if (failureCount > 0) log.info({ failureCount }, 'job database back')
      failureCount = 0
      onUp()
      for (;;) {
        await Promise.race([wait(options.askEveryMs, stopped.signal), broken])
        await Promise.race([client.query('select 1'), broken])
      }
    } finally {
      // A connection that hangs never answers the good-bye.
      client.end().catch(() => {})
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
        await wait(waitMs * (0.5 + random() / 2), stopped.signal)
      }
    }
  }
  const supervised = supervise()
  return async () => {
    stopped.abort()
    await supervised
  }
}

/** Resolves at once when it is over. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
