/** What edgetwins did to a cluster, by its own audit log: nothing they say of themselves counts. */
import { type KubernetesLab, readAudit } from '../lab/kubernetes.ts'

/** A line of the audit log, as far as it is read here. */
export interface AuditEntry {
  readonly user: { readonly username: string }
  readonly verb: string
  readonly auditID: string
  readonly requestURI: string
  readonly requestReceivedTimestamp: string
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string; readonly namespace?: string }
  readonly responseStatus?: { readonly code: number }
  // biome-ignore lint/suspicious/noExplicitAny: whatever was sent
  readonly requestObject?: any
}

/** An eviction, or a gate that was dropped. */
export interface Deed {
  readonly kind: 'evict' | 'release'
  readonly uid: string
  readonly auditId: string
  readonly atMs: number
}

export const auditOf = (lab: KubernetesLab): readonly AuditEntry[] => readAudit(lab) as unknown as readonly AuditEntry[]

export const atMs = ({ requestReceivedTimestamp }: AuditEntry): number => Date.parse(requestReceivedTimestamp)

/** It changed something. */
export const succeeded = ({ responseStatus, requestURI, verb }: AuditEntry): boolean =>
  verb !== 'get' && (responseStatus?.code ?? 500) < 300 && !requestURI.includes('dryRun=All')

/** Those that succeeded, oldest first. */
export function deedsIn(entries: readonly AuditEntry[]): readonly Deed[] {
  const deeds = entries.filter(succeeded).flatMap((entry): Deed[] => {
    const { objectRef, requestObject, auditID: auditId } = entry
    const common = { auditId, atMs: atMs(entry) }
    if (objectRef?.resource !== 'pods') return []
    if (objectRef.subresource === 'eviction')
      return [{ ...common, kind: 'evict', uid: requestObject?.deleteOptions?.preconditions?.uid ?? `any ${objectRef.name}` }]
    const isRelease = entry.verb === 'patch' && requestObject?.spec?.schedulingGates !== undefined
    return isRelease ? [{ ...common, kind: 'release', uid: requestObject.metadata.uid }] : []
  })
  return deeds.sort((a, b) => a.atMs - b.atMs)
}

/** Pods to which the same was done more than once. */
export function doneTwice(deeds: readonly Deed[]): readonly string[] {
  const counts = Map.groupBy(deeds, ({ kind, uid }) => `${kind} ${uid}`)
  return [...counts].flatMap(([what, all]) => (all.length > 1 ? [`${what}: ${all.map(({ auditId }) => auditId).join(', ')}`] : []))
}

/** Deeds for which no reservation was sent before. */
export function notReserved(deeds: readonly Deed[], entries: readonly AuditEntry[]): readonly string[] {
  const reserved = new Map<string, number>()
  for (const entry of entries) reserved.set(entry.auditID, Math.min(atMs(entry), reserved.get(entry.auditID) ?? atMs(entry)))
  return deeds.flatMap(({ auditId, atMs: doneMs }) => {
    const reservedMs = reserved.get(`${auditId.replace(/\.\d+$/, '')}.reserve`)
    return reservedMs !== undefined && reservedMs <= doneMs ? [] : [auditId]
  })
}

/** The most of these times that lie within any such window. */
export function mostWithin(timesMs: readonly number[], windowMs: number): number {
  return Math.max(0, ...timesMs.map((fromMs) => timesMs.filter((ms) => ms >= fromMs && ms < fromMs + windowMs).length))
}

/** What a user changed that only one edgetwin may change: pods, the ledger, the lease. What it tells people is no one's alone. */
export function writesOf(user: string, entries: readonly AuditEntry[]): readonly string[] {
  return entries
    .filter(
      ({ user: { username }, objectRef }) => username === user && ['pods', 'configmaps', 'leases'].includes(objectRef?.resource ?? ''),
    )
    .filter(succeeded)
    .map(({ verb, auditID, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name} ${objectRef?.subresource ?? ''} ${auditID}`)
}
