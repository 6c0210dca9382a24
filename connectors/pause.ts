/** A pause that its signal ends: what waits to try again must not hold up a stop. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Ends early, and rejects never, when `signal` is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => {})
}
