/** What a history is told when it is made: whose it is, where it is, and the outside world it may use. */
import type { Clock, Logger } from '../../models/ports.ts'

export interface HistoryContext {
  /** A history is of one site; in a shared store every point carries its name. */
  readonly site: string
  readonly clock: Clock
  /** Draws in [0, 1), for the spread of the pauses between two tries. */
  readonly random: () => number
  readonly log: Logger
  /** The longest that a point waits for others to be written with; default 1 s. */
  readonly batchMs?: number
  /** Points that may wait; when there are more the oldest are given up. Default 50,000. */
  readonly queuePointsMax?: number
}

export interface SqliteHistorySettings {
  readonly path: string
  /** The oldest numbers are forgotten early when the file holds more; default 1 GiB. */
  readonly maxBytes?: number
}

export interface InfluxHistorySettings {
  /** `http://host:port`, without user and password. */
  readonly url: string
  readonly database: string
  readonly username?: string
  /** Read again at each connect. */
  readonly passwordFile?: string
  /** How long one request may take; default 5 s. */
  readonly timeoutMs?: number
}
