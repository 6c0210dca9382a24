/**
 * Where somebody has a right who has it not in all namespaces at once: asked namespace by namespace, within bounds.
 *
 * Nobody can ask an API server for the list itself. If one of the questions fails, nothing is answered.
 */
import type { KubeUser } from './access-review.ts'

/** Of so many namespaces it is asked at most. */
export const NAMESPACES_ASKED_MAX = 100
/** For one user. */
const ASKED_AT_ONCE = 4

/** That of its account first, then those in which something runs, then the others; each once. */
export function worthAsking(user: KubeUser, known: Iterable<string>): string[] {
  const [, own] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user.user) ?? []
  const worth = new Set(own === undefined ? [] : [own])
  for (const namespace of known) {
    if (worth.size >= NAMESPACES_ASKED_MAX) break
    worth.add(namespace)
  }
  return [...worth]
}

/** @returns sorted. @throws what `isAllowed` throws. */
export async function allowedAmong(namespaces: readonly string[], isAllowed: (namespace: string) => Promise<boolean>): Promise<string[]> {
  const allowed: string[] = []
  const waiting = namespaces.values()
  const work = async () => {
    for (const namespace of waiting) if (await isAllowed(namespace)) allowed.push(namespace)
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, work))
  return allowed.sort()
}
