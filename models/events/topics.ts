/** The topics of the event log and which event travels on which. One site is one key, so one partition and one order per topic. */

export const TOPICS = {
  metrics: 'edgetwin.metrics.v1',
  cluster: 'edgetwin.cluster.v1',
  requests: 'edgetwin.requests.v1',
  decisions: 'edgetwin.decisions.v1',
} as const

export type Topic = (typeof TOPICS)[keyof typeof TOPICS]

/** Where a record stands in the log it came from; identity of an event and the key of deduplication. */
export interface Position {
  readonly topic: string
  readonly partition: number
  /** 0-based, increasing within (topic, partition), gaps allowed. */
  readonly offset: number
}

const REQUEST_THINGS = new Set(['inference', 'job', 'whatif'])
const DECISION_THINGS = new Set(['decision', 'placement', 'loop', 'regret'])

/** Samples and exporter reachability go to metrics, requests and jobs to requests, the audit to decisions, the rest to cluster. */
export function topicOf(type: string): Topic {
  const [thing = '', happened = ''] = type.split('.')
  if (happened === 'sampled' || thing === 'exporter' || thing === 'clock') return TOPICS.metrics
  if (REQUEST_THINGS.has(thing)) return TOPICS.requests
  if (DECISION_THINGS.has(thing)) return TOPICS.decisions
  return TOPICS.cluster
}

/** The last position per (topic, partition). */
export function lastPositions(positions: Iterable<Position>): Position[] {
  const last = new Map<string, Position>()
  for (const position of positions) {
    const key = `${position.topic}:${position.partition}`
    if (position.offset > (last.get(key)?.offset ?? -1)) last.set(key, position)
  }
  return [...last.values()]
}
