/**
 * What only the owner of a site may do goes through its gate: refused at the last moment before it leaves the process,
 * and known while it is under way, so that a hand-over can wait for its end.
 */
import { TwinError } from '../models/errors.ts'

export interface Gate {
  readonly isOpen: () => boolean
  /** @throws TwinError SITE_ELSEWHERE when it is shut. */
  readonly pass: <T>(act: () => Promise<T>) => Promise<T>
  /** Resolves when nothing is under way that has passed. */
  readonly settle: () => Promise<void>
}

export function makeGate(site: string, isOpen: () => boolean = () => true): Gate {
  const underWay = new Set<Promise<unknown>>()
  return {
    isOpen,
    async pass(act) {
      if (!isOpen()) throw elsewhere(site)
      const acting = act()
      underWay.add(acting)
      try {
        return await acting
      } finally {
        underWay.delete(acting)
      }
    },
    async settle() {
      await Promise.allSettled(underWay)
    },
  }
}

function elsewhere(site: string): TwinError {
  const message = `site ${site} is being handed over, or is another process's: nothing is done for it here now; GET /api/v1/sites names its owner`
  return new TwinError('SITE_ELSEWHERE', message, { details: { site } })
}
