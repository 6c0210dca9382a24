/** What stands between us and the exporters when they are read through Prometheus, and what to do about it. */
import type { Check } from '../../models/contracts/api.ts'
import { SAMPLE_DEADLINES } from '../../models/entities/fact.ts'
import { someOf } from '../../models/some-of.ts'
import type { Seen } from './prometheus-reader.ts'
import type { ScrapeFailure } from './scrape.ts'

export interface PrometheusView extends Seen {
  readonly url: string
  /** Why it was not read at the last try. */
  readonly failure: ScrapeFailure | undefined
}

const SKEW_MS_MAX = 2_000

export function prometheusChecks({ url, failure, skewMs, unknown, seldom }: PrometheusView): Check[] {
  const skewed = Math.abs(skewMs) > SKEW_MS_MAX
  const untold = [
    ...(unknown.length === 0 ? [] : [`not scraped: ${someOf(unknown)}`]),
    ...(seldom.length === 0 ? [] : [`scraped less often than every ${SAMPLE_DEADLINES.lateMs / 1000} s: ${someOf(seldom)}`]),
  ]
  return [
    {
      name: 'prometheus',
      ok: failure === undefined,
      detail: failure === undefined ? `${url} answers` : `${url}: ${failure.reason}: ${failure.message}`,
      remedy: remedyOf(failure),
    },
    {
      name: 'prometheus-clock',
      ok: !skewed,
      detail: skewed
        ? `its clock is ${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours`
        : 'agrees with ours',
      remedy: 'keep the clocks of both machines by NTP: until then samples seem older or newer than they are',
    },
    {
      name: 'prometheus-targets',
      ok: untold.length === 0,
      detail: untold.length === 0 ? 'it scrapes every exporter often enough' : untold.join('; '),
      remedy: 'add them to its scrape_configs with a scrape_interval of 1 to 5 s, as infra/prometheus/prometheus.yml does',
    },
  ]
}

function remedyOf(failure: ScrapeFailure | undefined): string {
  if (failure !== undefined && /^status 40[13]/.test(failure.message)) return 'give the user and the password file that it takes'
  return 'see whether Prometheus runs and is reachable from here; without its address the exporters are scraped directly'
}
