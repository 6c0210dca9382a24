/** What InfluxDB 1.x says when something is wrong, and what a person can do about it. */
import type { InfluxHistorySettings } from './settings.ts'

/** With the number of points dropped. */
export const ERROR_PARTIAL = /partial write: .*dropped=(\d+)/s
export const ERROR_NO_DATABASE = /database not found/

/** The first that fits. */
const REMEDIES: readonly (readonly [RegExp, (settings: InfluxHistorySettings) => string])[] = [
  [
    /field type conflict/,
    ({ database }) =>
      `Another program writes that field with another type: give the history a database of its own with influxDatabase, or drop that measurement from ${database}.`,
  ],
  [/beyond retention policy/, ({ database }) => `The retention policies of ${database} are shorter than ours, or its clock is off.`],
  [
    /authorization failed|unable to parse authentication|create admin user first/,
    () => 'Correct influxUsername and what is in influxPasswordFile; it is read again at the next try.',
  ],
  [
    /not authorized|requires admin privilege/,
    ({ database, username = '?' }) =>
      `Let an admin create the database and its retention policies once (connectors/history/README.md), and GRANT ALL ON ${database} TO ${username}.`,
  ],
  [/password file/, () => 'Correct influxPasswordFile.'],
  [ERROR_NO_DATABASE, ({ database }) => `Create it: CREATE DATABASE ${database}.`],
  [/max-row-limit|max-select-point/, () => 'Raise max-row-limit in the configuration of InfluxDB, or ask for a shorter span.'],
  [/max-series-per-database|max-values-per-tag/, () => 'Raise that limit in the configuration of InfluxDB.'],
  [/no space left|engine is closed/i, () => 'Make room on the disk of InfluxDB; points wait up to a bound until then.'],
]

export function influxRemedy(problem: string, settings: InfluxHistorySettings): string {
  const found = REMEDIES.find(([pattern]) => pattern.test(problem))
  return found?.[1](settings) ?? `Start InfluxDB or correct influxUrl (${settings.url}); the twin goes on without it.`
}
