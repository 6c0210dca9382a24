/** For tests: a log in memory with one topic and one dead letter. */
import type { LogAdmin, LoggedDeadLetter } from '../../models/contracts/log-admin.ts'
import { TwinError } from '../../models/errors.ts'

const ID = 'edgetwin.metrics.v1:0:41'

export function aLogAdmin(): LogAdmin {
  let letter: LoggedDeadLetter = {
    id: ID,
    deadMs: 1_750_000_000_000,
    reason: 'schema',
    detail: 'name: missing',
    bytes: 12,
    replayedMs: null,
  }
  const mustBe = (id: string): void => {
    if (id !== ID) throw new TwinError('ENTITY_UNKNOWN', `no dead letter ${id}`)
  }
  return {
    topics: async () => [
      {
        name: 'edgetwin.metrics.v1',
        partitionCount: 1,
        replicationFactor: 1,
        config: { 'retention.ms': '21600000' },
        partitions: [{ partition: 0, beginOffset: 2, endOffset: 42 }],
      },
    ],
    ensureTopics: async ({ dryRun, partitionCount = 6 }) => [
      { topic: 'edgetwin.dlq.v1', action: dryRun ? 'create' : 'keep', detail: `${partitionCount} partitions, 1 replicas` },
    ],
    deadLetters: async ({ limit }) => [letter].slice(0, limit),
    async deadLetter(id) {
      mustBe(id)
      return { ...letter, headers: { ce_id: 'a-1' }, text: '{"no":"name"}' }
    },
    async replay(id) {
      mustBe(id)
      if (letter.replayedMs !== null) throw new TwinError('LOG_REFUSED', `dead letter ${id} is not replayed: it was`)
      letter = { ...letter, replayedMs: letter.deadMs + 1 }
      return { topic: 'edgetwin.metrics.v1', partition: 0, offset: 42 }
    },
  }
}
