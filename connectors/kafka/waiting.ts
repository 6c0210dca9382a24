/** How long we wait for brokers: never for ever, and never all at the same moment. */
import { KafkaFailure } from './client.ts'

const BACK_OFF_MS_FIRST = 100
const BACK_OFF_MS_MAX = 2_000

/** Full jitter. @param failures In a row, from 1. @param random In [0, 1). @returns ms */
export function backOffMs(failures: number, random: () => number): number {
  return random() * Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_FIRST * 2 ** failures)
}

/** A client that hangs is a client that is gone. @throws KafkaFailure unreachable */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new KafkaFailure('unreachable', `${what}: no answer within ${limitMs / 1_000} s`)), limitMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Leaves nothing at the signal: a race against a promise that lives on would keep every value that ever won.
 *
 * @returns null when `signal` is aborted first.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const end = () => resolve(null)
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

interface Closable {
  readonly close: () => Promise<void>
}

/** A connection that comes too late is closed. @throws KafkaFailure unreachable, or what `connecting` rejects with. */
export async function connectWithin<T extends Closable>(limitMs: number, connecting: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    const end = () => reject(new KafkaFailure('other', 'stopped'))
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
  })
  try {
    return await within(limitMs, 'connecting', Promise.race([connecting, aborted]))
  } catch (error) {
    connecting.then(closeSoon, () => {})
    throw error
  }
}

/** Whatever a client throws, told by its message. */
export function asFailure(error: unknown): KafkaFailure {
  if (error instanceof KafkaFailure) return error
  return new KafkaFailure('other', error instanceof Error ? error.message : 'an error without a message')
}

/** Nobody waits for it: a connection that is broken may take its time to end. */
export function closeSoon(connection: Closable | null): void {
  void connection?.close().catch(() => {})
}
