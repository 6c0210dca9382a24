/** The job database that the settings name, for one site. */
import { join } from 'node:path'
import { openPostgresJobs } from '../connectors/jobs/postgres-jobs.ts'
import { openSqliteJobs } from '../connectors/jobs/sqlite-jobs.ts'
import type { JobStore } from '../models/contracts/jobs.ts'
import { TwinError } from '../models/errors.ts'
import type { Clock, Logger } from '../models/ports.ts'
import type { Config } from './config.ts'

export interface OpenJobsOptions {
  readonly site: string
  readonly config: Pick<Config, 'jobs' | 'postgresUrl' | 'postgresPasswordFile' | 'dataDir'>
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
}

/**
 * @returns null when there are to be none.
 * @throws TwinError JOBS_UNREADABLE, CONFIG_INVALID; never because PostgreSQL is away: that is its checks' to say.
 */
export async function openJobs({ site, config, clock, random, log }: OpenJobsOptions): Promise<JobStore | null> {
  switch (config.jobs) {
    case 'none':
      return null
    case 'sqlite':
      return openSqliteJobs({ path: join(config.dataDir, `${site}.jobs.db`), site, clock })
    case 'postgres': {
      const { postgresUrl: url, postgresPasswordFile: passwordFile } = config
      if (url === undefined) throw new TwinError('CONFIG_INVALID', 'postgresUrl is missing, and jobs is postgres')
      return openPostgresJobs({ url, passwordFile, site, random, log })
    }
  }
}
