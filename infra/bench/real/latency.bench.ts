/** From handed to a Kafka producer, 1,000 events a second, to a socket.io client and to the viewer in a real Chromium, past edgetwin as a process. */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaSettings } from '../../../connectors/kafka/settings.ts'
import { hasChromium, launchChromium } from '../../e2e/browser.ts'
import { type EdgetwinProcess, freshDataDir } from '../../e2e/edgetwin-process.ts'
import { startKafka } from '../../lab/kafka.ts'
import { type Arrival, arrivalsOf, latenciesMs, listenAsClient, openListeningPage, preciseMs } from '../arrivals.ts'
import { type Length, quantile, type Report } from '../figure.ts'
import { journalOf, startOnKafka } from './bench-process.ts'
import { freshTopics, numberedSample, numberOf, produceSteadily } from './kafka-side.ts'

export const suite = 'latency'

const SECONDS: Readonly<Record<Length, number>> = { quick: 5, usual: 30, long: 120 }
const EVENTS_PER_SECOND = 1_000
const NODES = 40
const WARM_UP_EVENTS = 1_000
const P99_LIMIT_MS = 150

/** What was sent while one listener was there. */
interface Heard {
  readonly to: string
  readonly arrivals: readonly Arrival[]
  readonly first: number
  readonly end: number
}

export async function run(report: Report, length: Length): Promise<void> {
  const lab = await startKafka()
  const dataDir = freshDataDir()
  try {
    const settings = await freshTopics(lab.brokers)
    const edgetwin = await startOnKafka({ settings, dataDir })
    const producedMs: number[] = []
    const produce = () => produceOn(settings, producedMs, SECONDS[length] * 1_000)
    const heard = [await hearAsClient(edgetwin, produce), ...(hasChromium() ? await hearOnPage(edgetwin, produce) : [])]
    await edgetwin.kill('SIGTERM')
    const sequences = new Map<number, number>()
    for (const { sequence, event } of journalOf(dataDir)) {
      const number = numberOf(event)
      if (number !== undefined) sequences.set(number, sequence)
    }
    for (const { to, arrivals, first, end } of heard) {
      const published = new Map<number, number>()
      for (let number = first + WARM_UP_EVENTS; number < end; number++) {
        const sequence = sequences.get(number)
        if (sequence === undefined) throw new Error(`event ${number} was lost`)
        published.set(sequence, producedMs[number]!)
      }
      const latencies = latenciesMs(published, arrivals)
      report({ suite, name: `produced to ${to}, p50`, value: quantile(latencies, 0.5), unit: 'ms', events: latencies.length })
      report({ suite, name: `produced to ${to}, p99`, value: quantile(latencies, 0.99), unit: 'ms', limit: P99_LIMIT_MS })
    }
  } finally {
    await lab.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

type Span = Pick<Heard, 'first' | 'end'>

/** @param producedMs Continued: the number of an event is its place there. */
async function produceOn(settings: KafkaSettings, producedMs: number[], durationMs: number): Promise<Span> {
  const first = producedMs.length
  const eventOf = (number: number) => {
    producedMs[first + number] = preciseMs()
    return numberedSample(first + number, NODES)
  }
  await produceSteadily({ settings, eventsPerSecond: EVENTS_PER_SECOND, durationMs, eventOf })
  // For the last patch to arrive.
  await sleep(2_000)
  return { first, end: producedMs.length }
}

async function hearAsClient({ url }: EdgetwinProcess, produce: () => Promise<Span>): Promise<Heard> {
  const client = await listenAsClient(url)
  const span = await produce()
  client.stop()
  return { to: 'client', arrivals: client.arrivals, ...span }
}

async function hearOnPage({ url }: EdgetwinProcess, produce: () => Promise<Span>): Promise<Heard[]> {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await openListeningPage(page, url)
    const span = await produce()
    return [
      { to: 'browser', arrivals: await arrivalsOf(page, 'received'), ...span },
      { to: 'next frame of the page', arrivals: await arrivalsOf(page, 'drawn'), ...span },
    ]
  } finally {
    await browser.close()
  }
}
