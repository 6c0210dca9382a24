/**
 * Keeps the history of one site: what the fold changed goes to the store, and once a minute the store is tidied.
 *
 * A view of the twin, never a part of it: whatever happens here, the fold goes on.
 */
import { join } from 'node:path'
import { openInfluxHistory } from '../connectors/history/influx-store.ts'
import type { HistoryContext } from '../connectors/history/settings.ts'
import { openSqliteHistory } from '../connectors/history/sqlite-store.ts'
import type { JournaledEvent } from '../models/events/events.ts'
import type { Clock, History, Logger, Stop } from '../models/ports.ts'
import { toHistoryPoints } from '../twin/history-points.ts'
import type { TwinState } from '../twin/twin-state.ts'
import type { ServiceSettings } from './config-services.ts'

export type HistorySettings = Pick<
  ServiceSettings,
  'history' | 'influxUrl' | 'influxDatabase' | 'influxUsername' | 'influxPasswordFile'
> & { readonly dataDir: string }

export interface HistoryOptions {
  readonly site: string
  readonly settings: HistorySettings
  readonly clock: Clock
  /** Draws in [0, 1). */
  readonly random: () => number
  readonly log: Logger
  /** The longest that a point waits for others; default 1 s. */
  readonly batchMs?: number
  readonly maintainEveryMs?: number
}

export interface RunningHistory {
  /** To ask, and for checks and counts. */
  readonly history: History
  /** After each batch; quick, and never throws. */
  readonly onApplied: (before: TwinState, after: TwinState, events: readonly JournaledEvent[]) => void
  readonly stop: Stop
}

/** @returns null when none is to be kept. The store is opened with the first points, so a store that is away is no reason not to start. */
export function runHistory({ settings, maintainEveryMs = 60_000, ...context }: HistoryOptions): RunningHistory | null {
  const history = openHistory(settings, context)
  if (history === null) return null
  const timer = setInterval(() => history.maintain(), maintainEveryMs)
  let failedCount = 0
  return {
    history,
    onApplied(before, after, events) {
      try {
        history.write(toHistoryPoints(before, after, events))
      } catch (error) {
        // A bug of a view; the first of them is told.
        if (failedCount++ === 0) context.log.error({ err: error, sequence: after.sequence }, 'history left points out')
      }
    },
    async stop() {
      clearInterval(timer)
      await history.stop()
    },
  }
}

function openHistory(settings: HistorySettings, context: HistoryContext): History | null {
  const {
    history,
    dataDir,
    influxUrl: url,
    influxDatabase: database,
    influxUsername: username,
    influxPasswordFile: passwordFile,
  } = settings
  if (history === 'sqlite') return openSqliteHistory({ path: join(dataDir, `${context.site}.history.db`) }, context)
  // The settings were checked: an InfluxDB has a URL.
  if (history === 'none' || url === undefined) return null
  const user = username === undefined ? {} : { username }
  return openInfluxHistory({ url, database, ...user, ...(passwordFile === undefined ? {} : { passwordFile }) }, context)
}
