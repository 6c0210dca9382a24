/**
 * Tells a Prometheus on this machine which exporters there are, in a file that it watches: an emulated site has them at other ports each time.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { TwinError } from '../models/errors.ts'
import type { ScrapeSource } from './run-scrapes.ts'

/** @throws TwinError CONFIG_INVALID when the file cannot be written. */
export function tellPrometheus(file: string, sources: readonly Pick<ScrapeSource, 'url'>[]): void {
  const groups = sources.map(({ url }) => {
    const { host, pathname } = new URL(url)
    return { targets: [host], labels: { __metrics_path__: pathname } }
  })
  try {
    mkdirSync(dirname(file), { recursive: true })
    // Renamed into place, as Prometheus may read at any moment.
    writeFileSync(`${file}.new`, JSON.stringify(groups))
    renameSync(`${file}.new`, file)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TwinError('CONFIG_INVALID', `prometheusTargetsFile ${file} cannot be written (${why}); name a file in a folder of ours`, {
      cause,
    })
  }
}
