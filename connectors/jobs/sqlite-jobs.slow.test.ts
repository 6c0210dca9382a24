/** The histories of the model in number; everything else of the contract runs with them. */

import { describeJobStore } from './job-store.contract.ts'
import { openSqliteJobs } from './sqlite-jobs.ts'

describeJobStore('SQLite, at length', {
  async create({ startMs, waitingJobsMax }) {
    let nowMs = startMs
    const store = await openSqliteJobs({ path: ':memory:', site: 'lab', clock: () => nowMs, waitingJobsMax })
    return {
      store,
      wait: (ms) => {
        nowMs += ms
      },
      dispose: () => store.close(),
    }
  },
  runs: 3_000,
  concurrentJobs: 500,
})
