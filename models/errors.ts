/**
 * Every error that reaches a person: a code of a closed list, what is wrong, where, and the remedy.
 *
 * Expected refusals inside the core are plain values; this class is for the environment and for input
 * that cannot be used. Each code is explained in infra/errors.md, which a test compares with this list.
 */

export const ERROR_CODES = {
  CONFIG_INVALID: 'a setting, flag or environment variable cannot be used',
  NODE_TOO_OLD: 'the Node that runs us is older than 24',
  SITE_UNKNOWN: 'no site file of that name',
  SITE_INVALID: 'a site file is not valid YAML or breaks the schema',
  PROFILE_INVALID: 'a metrics profile is not valid YAML or breaks the schema',
  PORT_IN_USE: 'another process listens on the address',
  BIND_REFUSED: 'a non-loopback address needs a token',
  JOURNAL_LOCKED: 'another process has the journal open',
  JOURNAL_UNREADABLE: 'the journal is not a database of ours or is damaged',
  JOURNAL_FULL: 'the disk, or the size allowed, has no room for more events',
  JOURNAL_REFUSED: 'no snapshot can be trusted and the events before it are gone',
  PROBLEM_INVALID: 'a scheduling problem has the wrong shape or impossible numbers',
  PROBLEM_CYCLIC: 'a task graph has a cycle',
  PROBLEM_INFEASIBLE: 'a task may run on no processor',
  PROBLEM_TOO_LARGE: 'a problem is above the limits',
  QUERY_INVALID: 'a what-if query or request breaks the schema',
  ENTITY_UNKNOWN: 'no entity of that kind and name',
  APPLICATION_UNKNOWN: 'no application of that name',
  ALGORITHM_UNKNOWN: 'no scheduling algorithm of that name',
  POSITION_UNKNOWN: 'the journal does not reach that position or time',
  DECISION_UNKNOWN: 'no decision of that id',
  DECISION_STALE: 'the decision no longer holds on the newest twin',
  DECISION_STATE: 'the decision is not in a state that allows this',
  FAULT_INVALID: 'a fault for the simulated site cannot be applied',
  SITE_READ_ONLY: 'the connected cluster takes no faults: it is not simulated',
  SITE_ELSEWHERE: 'another process owns the site, or it is being handed over',
  ROUTE_UNKNOWN: 'nothing is served under that method and path',
  ORIGIN_REFUSED: 'the Host or Origin of the request is not this server',
  UNAUTHORIZED: 'the request carries no valid token',
  FORBIDDEN: 'the user may not do that',
  ACCESS_UNAVAILABLE: 'nobody can say now who the user is or what it may do',
  RATE_LIMITED: 'too many requests',
  OVERLOADED: 'a bounded queue is full',
  QUERY_TIMEOUT: 'a question took longer than a question may',
  LOG_UNREACHABLE: 'the event log does not take events now',
  LOG_REFUSED: 'the event log will never take that event',
  LOG_BEHIND: 'the log took an event that the twin has not heard of in time',
  HISTORY_UNREACHABLE: 'the history store does not answer',
  JOBS_UNREACHABLE: 'the job database does not answer',
  JOBS_UNREADABLE: 'the job database is not one of ours, is damaged or comes from a newer edgetwin',
  JOB_REFUSED: 'the job does not allow this, or not to this worker',
  KUBECONFIG_INVALID: 'no Kubernetes cluster can be reached by the kubeconfig given',
  CLUSTER_UNREACHABLE: 'the Kubernetes cluster does not answer, or not to us',
  LEDGER_UNREADABLE: 'the ledger of a Kubernetes cluster, in which edgetwins agree on what they do, makes no sense',
  SERVER_UNREACHABLE: 'no edgetwin server answers',
  LAB_FAILED: 'a real service of the lab cannot be installed or started',
  TEXT_INVALID: 'an exposition text has errors',
  INTERNAL: 'a bug in edgetwin',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

export interface TwinErrorOptions {
  /** Values that a program may want: the offending name, line, column, limit. JSON only. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

export class TwinError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  /** @param message Names the value, the place and the remedy, in one or two sentences. */
  constructor(code: ErrorCode, message: string, { details = {}, cause }: TwinErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'TwinError'
    this.code = code
    this.details = details
  }
}

/** The candidates closest to a mistyped name, best first: for "did you mean …?". */
export function nearestNames(name: string, candidates: readonly string[], limit = 3): string[] {
  return (
    candidates
      .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
      // Two short names without one letter in common are no typing error of each other.
      .filter(
        ({ candidate, distance }) =>
          distance <= Math.max(2, Math.ceil(candidate.length / 3)) && distance < Math.max(name.length, candidate.length),
      )
      .sort((a, b) => a.distance - b.distance)
      .slice(0, limit)
      .map(({ candidate }) => candidate)
  )
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    previous = row
  }
  return previous[b.length]!
}
