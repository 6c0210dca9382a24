/** One scrape of one address, within the limits of a GET and at most 20,000 series, parsed as it comes. */
import type { ExpositionError, Sample } from '../../models/exposition/format.ts'
import { createExpositionParser } from '../../models/exposition/parser.ts'
import { BODY_BYTES_MAX, type GetFailureReason, type GetOptions, limitedGet, type WantedContent } from './limited-get.ts'

export type ScrapeFailureReason = GetFailureReason | 'too-many-series' | 'prometheus'

export interface ScrapeFailure {
  readonly reason: ScrapeFailureReason
  readonly message: string
}

export type ScrapeOutcome =
  | { readonly ok: true; readonly samples: readonly Sample[]; readonly errors: readonly ExpositionError[] }
  | ({ readonly ok: false } & ScrapeFailure)

const EXPOSITION: WantedContent = {
  accept: 'text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8, */*;q=0.1',
  isType: (type) =>
    type === '' || (type.startsWith('text/') && type !== 'text/html') || /^application\/(?:openmetrics-text|octet-stream)$/.test(type),
  expected: 'text/plain or application/openmetrics-text',
}

export function scrapeOnce(url: string, options: GetOptions): Promise<ScrapeOutcome> {
  return limitedGet(url, { ...options, ...EXPOSITION }, readExposition)
}

async function readExposition(chunks: AsyncIterable<string>, type: string): Promise<ScrapeOutcome> {
  const samples: Sample[] = []
  const errors: ExpositionError[] = []
  const parser = createExpositionParser({
    onSample: (sample) => samples.push(sample),
    onError: (line, reason) => errors.push({ line, reason }),
    format: type === 'application/openmetrics-text' ? 'openmetrics' : 'prometheus',
  })
  for await (const chunk of chunks) parser.push(chunk)
  const { stoppedBy } = parser.end()
  if (stoppedBy === 'series') return fail('too-many-series', errors.at(-1)?.reason ?? '')
  if (stoppedBy === 'body') return fail('body-too-large', `the body is above ${BODY_BYTES_MAX} characters`)
  if (stoppedBy === 'errors' || (samples.length === 0 && errors.length > 0)) {
    const [first] = errors
    return fail('malformed', `${errors.length} errors, the first in line ${first?.line}: ${first?.reason}`)
  }
  return { ok: true, samples, errors }
}

function fail(reason: ScrapeFailureReason, message: string): ScrapeOutcome {
  return { ok: false, reason, message }
}
