/** Waits for what comes by itself, and for no longer than it takes. */
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks until the answer is there. @throws naming what never came. */
export async function eventually<T>(what: string, ask: () => Promise<T> | T, withinMs = 30_000): Promise<NonNullable<T>> {
  for (const endMs = performance.now() + withinMs; ; await sleep(100)) {
    const found = await ask()
    if (found) return found
    if (performance.now() > endMs) throw new Error(`never within ${withinMs} ms: ${what}`)
  }
}
