/**
 * The ids of the last events of a partition: a batch whose answer was lost is written again, and then stands there twice.
 *
 * CloudEvents' rule: the same source and the same id are the same event. A retry follows the first try closely, so
 * the last few are enough.
 */
export interface RecentIds {
  /** False when it was there before. An event without an id is always new. */
  readonly add: (headers: Readonly<Record<string, string>>) => boolean
}

export const IDS_KEPT = 1_000

export function rememberIds(kept = IDS_KEPT): RecentIds {
  // A Set keeps the order of insertion, so its first is its oldest.
  const ids = new Set<string>()
  return {
    add: ({ ce_source: source, ce_id: id }) => {
      if (source === undefined || id === undefined) return true
      const key = `${source} ${id}`
      if (ids.has(key)) return false
      ids.add(key)
      if (ids.size > kept) ids.delete(ids.values().next().value ?? '')
      return true
    },
  }
}
