/**
 * edgetwin over real Kafka, InfluxDB, Prometheus and PostgreSQL, while everything is killed -9 and the way to Kafka is slow, narrow,
 * silent or cut at seeded moments and 100,000 events flow. Then the producer's ledger is compared with the journal: nothing accepted is lost,
 * nothing is there twice, and the twin rebuilt from the journal is the live one.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { openJournal } from '../../connectors/journal/journal.ts'
import { createKafkaLog } from '../../connectors/kafka/kafka-log.ts'
import { createKafkajsClient } from '../../connectors/kafka/kafkajs-client.ts'
import { ensureTopics } from '../../connectors/kafka/topics.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin } from '../../twin/twin-state.ts'
import { type InfluxLab, startInflux } from '../lab/influx.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { type PostgresLab, startPostgres } from '../lab/postgres.ts'
import { type PrometheusLab, startPrometheus } from '../lab/prometheus.ts'
import { startToxiproxy, type Toxic, type Toxiproxy } from '../lab/toxiproxy.ts'
import { stateHash } from '../state-hash.ts'
import { eventually } from '../testing/eventually.ts'
import { silent } from '../testing/journaled-site.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const EVENTS = 100_000
const BATCH = 250
/** So slowly that every fault falls into the stream. */
const BATCH_EVERY_MS = 120
const SEED = Number(process.env.FAULT_SEED ?? 20_261)
const REPLAY = `replay with: FAULT_SEED=${SEED} npm run -s e2e -- infra/e2e/services.test.ts`
const SITE = 'dhs'

let toxiproxy: Toxiproxy
let kafka: KafkaLab
let influx: InfluxLab
let prometheus: PrometheusLab
let postgres: PostgresLab
let edgetwin: EdgetwinProcess
const dataDir = freshDataDir()

beforeAll(async () => {
  toxiproxy = await startToxiproxy()
  ;[kafka, influx, prometheus, postgres] = await Promise.all([
    startKafka({ toxiproxy, sessionTimeoutMs: 1_500 }),
    startInflux(),
    startPrometheus({}),
    startPostgres({}),
  ])
}, 300_000)
afterAll(async () => {
  await edgetwin?.kill('SIGKILL')
  await Promise.all([kafka?.stop(), influx?.stop(), prometheus?.stop(), postgres?.stop()])
  await toxiproxy?.stop()
})

const settings = () => [
  ...['--event-log', 'kafkajs', '--kafka-brokers', kafka.proxied!.brokers.join(',')],
  ...[
    '--history',
    'influx',
    '--influx-url',
    influx.url,
    '--influx-username',
    influx.username,
    '--influx-password-file',
    influx.passwordFile,
  ],
  ...['--jobs', 'postgres', '--postgres-url', postgres.url, '--postgres-password-file', postgres.passwordFile],
  ...['--prometheus-url', prometheus.url, '--prometheus-targets-file', join(prometheus.targetsDir, 'edgetwin.json')],
  ...['--data-dir', dataDir, '--no-this-machine', '--log-level', 'error', '--snapshot-every', '5000', '--site', SITE],
]
const start = () => startEdgetwin(settings())

/** Each a sample of one of fifty nodes; the source numbers it. */
function ledgerEvent(number: number): TwinEvent {
  const name = `ledger-${number % 50}`
  return {
    type: 'node.sampled',
    site: SITE,
    timeMs: Date.now(),
    source: `ledger:${number}`,
    name,
    load: { utilizationRatio: (number % 100) / 100 },
  }
}

/** Publishes all of it, past every fault; resolves to the numbers that the log accepted. */
async function produce(): Promise<Set<number>> {
  const client = createKafkajsClient({ brokers: kafka.brokers, clientId: 'ledger', group: 'ledger', topicPrefix: '' }, silent)
  const log = createKafkaLog({
    client,
    settings: { brokers: kafka.brokers, clientId: 'ledger', group: 'ledger', topicPrefix: '' },
    clock: Date.now,
    random: Math.random,
    logger: silent,
    publishWithinMs: 120_000,
  })
  const accepted = new Set<number>()
  const onTheirWay: Promise<void>[] = []
  for (let first = 0; first < EVENTS; first += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, index) => first + index)
    const publication = log.publish(numbers.map(ledgerEvent)).then(() => {
      for (const number of numbers) accepted.add(number)
    })
    onTheirWay.push(publication)
    await sleep(BATCH_EVERY_MS)
  }
  await Promise.all(onTheirWay)
  await log.close()
  return accepted
}

/** Every fault once or more, in a seeded order, one after the other. */
async function breakThings(isOver: () => boolean): Promise<string[]> {
  const generator = xoroshiro128plus(SEED)
  const [proxy] = kafka.proxied!.proxies
  const toxic = (wanted: Toxic, ms: number) => async () => {
    await proxy!.add(wanted)
    await sleep(ms)
    await proxy!.clear()
  }
  const restart = (service: { kill(): Promise<void>; start(): Promise<void> }, awayMs: number) => async () => {
    await service.kill()
    await sleep(awayMs)
    await service.start()
  }
  const faults: Readonly<Record<string, () => Promise<void>>> = {
    'broker killed': restart(kafka.nodes[0]!, 1_500),
    'InfluxDB killed': restart(influx, 1_000),
    'Prometheus killed': restart(prometheus, 1_000),
    'PostgreSQL killed': restart(postgres, 1_000),
    'edgetwin killed': async () => {
      await edgetwin.kill('SIGKILL')
      edgetwin = await start()
    },
    latency: toxic({ type: 'latency', latencyMs: 400, jitterMs: 200 }, 3_000),
    'black hole': toxic({ type: 'timeout', timeoutMs: 0, stream: 'both' }, 4_000),
    reset: toxic({ type: 'reset_peer', timeoutMs: 100 }, 2_000),
    bandwidth: toxic({ type: 'bandwidth', kilobytesPerSecond: 60 }, 3_000),
  }
  const done: string[] = []
  let waiting: string[] = []
  while (!isOver() || done.length < Object.keys(faults).length) {
    if (waiting.length === 0) waiting = Object.keys(faults)
    const [name = ''] = waiting.splice(uniformInt(generator, 0, waiting.length - 1), 1)
    await faults[name]!()
    done.push(name)
    await sleep(uniformInt(generator, 100, 900))
  }
  return done
}

it(`loses nothing and takes nothing twice of ${EVENTS} events while everything fails (${REPLAY})`, async () => {
  const client = createKafkajsClient({ brokers: kafka.brokers, clientId: 'setup', group: 'setup', topicPrefix: '' }, silent)
  await ensureTopics(client, { prefix: '' })
  edgetwin = await start()

  let isOver = false
  const breaking = breakThings(() => isOver)
  const accepted = await produce()
  isOver = true
  const faults = await breaking
  expect(new Set(faults).size).toBe(9)
  expect(accepted.size).toBe(EVENTS)

  // Everything is well again by itself, and the twin has caught up.
  await eventually('ready', async () => (await fetch(`${edgetwin.url}/readyz`)).ok, 60_000)
  const lag = async () => [...(await (await fetch(`${edgetwin.url}/metrics`)).text()).matchAll(/^edgetwin_log_lag_records\S* (\d+)$/gm)]
  await eventually('no lag', async () => (await lag()).every(([, records]) => Number(records) < 50), 60_000)
  const troubles = async () =>
    (await (await fetch(`${edgetwin.url}/readyz?verbose`)).text())
      .split('\n')
      .filter((line) => /^\[-\] (kafka|history|jobs|prometheus):/.test(line))
  await eventually('no trouble', async () => (await troubles()).length === 0, 60_000)
  const live = await edgetwin.get<{ state: { sequence: number }; hash: string }>('/api/v1/state')
  await edgetwin.kill('SIGTERM')

  const journal = openJournal({ path: join(dataDir, `${SITE}.journal.db`) })
  const times = new Map<number, number>()
  for (const { event } of journal.read({ after: 0 })) {
    const number = /^ledger:(\d+)$/.exec(event.source)?.[1]
    if (number !== undefined) times.set(Number(number), (times.get(Number(number)) ?? 0) + 1)
  }
  expect([...accepted].filter((number) => !times.has(number))).toEqual([])
  expect([...times].filter(([, count]) => count !== 1)).toEqual([])
  expect(stateHash(applyEvents(emptyTwin, journal.read({ after: 0, until: live.state.sequence })))).toBe(live.hash)
  journal.close()
}, 400_000)
