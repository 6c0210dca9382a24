/**
 * Who of a consumer group gets which partitions: number p of every input topic goes to one member, and so whole sites do.
 *
 * Pure, and the same whoever computes it. A partition stays where it is as long as nobody has more than his share,
 * since every move costs its sites a pause; a member that hosts a site, and so alone can act on it, gets its partition.
 */
import { z } from 'zod'

const partitions = z.array(z.number().int().min(0)).readonly()
const claimShape = z.object({
  /** Where this process answers people and programs. */
  url: z.string().max(2_048),
  /** What it owned, and as of which generation of the group. */
  owned: partitions,
  generation: z.number().int(),
  /** Of the sites that it hosts. */
  hosts: partitions,
})
/** What a member tells the group of itself, in the user data of its subscription. */
export type Claim = z.infer<typeof claimShape>

const noClaim: Claim = { url: '', owned: [], generation: -1, hosts: [] }

export function encodeClaim(claim: Claim): string {
  return JSON.stringify(claim)
}

/** A member that says nothing readable gets its share all the same. */
export function decodeClaim(userData: string): Claim {
  try {
    return claimShape.catch(noClaim).parse(JSON.parse(userData))
  } catch {
    return noClaim
  }
}

/**
 * Every partition below `partitionCount` goes to exactly one member; no member has two more than another unless it hosts them.
 * Of two claims to a partition the one of the later generation holds, then that of the lower member id.
 */
export function assignPartitions(members: ReadonlyMap<string, Claim>, partitionCount: number): Map<string, number[]> {
  const byId = [...members].sort(([a], [b]) => (a < b ? -1 : 1))
  const held = new Map<string, number[]>(byId.map(([id]) => [id, []]))
  const heldBy = (id: string): number[] => held.get(id) ?? []
  const free = new Set(Array.from({ length: partitionCount }, (_, partition) => partition))
  const give = (id: string, partition: number): void => {
    if (free.delete(partition)) heldBy(id).push(partition)
  }

  const byClaim = [...byId].sort(([, a], [, b]) => b.generation - a.generation)
  for (const [id, claim] of byClaim) for (const partition of claim.hosts) if (claim.owned.includes(partition)) give(id, partition)
  for (const [id, claim] of byId) for (const partition of claim.hosts) give(id, partition)

  const share = Math.floor(partitionCount / Math.max(1, byId.length))
  let largerShares = partitionCount - share * byId.length
  for (const [id, claim] of byClaim) {
    for (const partition of [...claim.owned].sort((a, b) => a - b)) {
      if (!free.has(partition)) continue
      const count = heldBy(id).length
      if (count > share || (count === share && largerShares === 0)) break
      if (count === share) largerShares--
      give(id, partition)
    }
  }
  for (const partition of [...free]) {
    const [least] = [...held].sort(([, a], [, b]) => a.length - b.length)
    if (least !== undefined) give(least[0], partition)
  }
  for (const given of held.values()) given.sort((a, b) => a - b)
  return held
}
