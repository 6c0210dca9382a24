/**
 * docker-compose.yml without Docker: the programs of its services started here with the same environment, files, commands and health checks.
 * Only where they find each other differs, and their folders. edgetwin and the exporters run from what their Containerfiles copy.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import type { Stop } from '../../models/ports.ts'
import { type InfluxLab, startInflux } from '../lab/influx.ts'
import { type KafkaLab, startKafka } from '../lab/kafka.ts'
import { startPostgres } from '../lab/postgres.ts'
import { type PrometheusLab, startPrometheus } from '../lab/prometheus.ts'
import { readCompose, readEnvFile } from '../testing/compose-file.ts'
import { copyInto, readContainerfile } from '../testing/containerfile.ts'

const READY_WITHIN_MS = 60_000
const compose = readCompose(readEnvFile('infra/config/all.env'))
const stops: Stop[] = []
/** Names and folders of the containers' world, and what they are here. */
const here = new Map<string, string>()
let dir: string
let kafka: KafkaLab
let influx: InfluxLab
let prometheus: PrometheusLab
let edgetwin: Running

interface Running {
  readonly url: string
  readonly imageDir: string
}

const mapped = (text: string): string => [...here].reduce((known, [there, place]) => known.replaceAll(there, place), text)
const serviceOf = (name: string) => compose.services[name]!

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-compose-'))
  chmodSync(dir, 0o711)
  here.set('/run/secrets', join(dir, 'secrets')).set('/data', join(dir, 'data')).set('0.0.0.0', '127.0.0.1')
  const prepare = serviceOf('prepare').command.filter((word) => !word.startsWith('--own'))
  expect(spawnSync(process.execPath, prepare.map(mapped), { stdio: 'inherit' }).status).toBe(0)

  const lab = await Promise.all([
    startKafka({ dir: join(dir, 'kafka') }),
    startInflux({ dir: withPassword('influx') }),
    startPostgres({ dir: withPassword('postgres') }),
  ])
  stops.push(...lab.map(({ stop }) => stop))
  ;[kafka, influx] = lab
  here.set('kafka:9092', kafka.brokers[0]!).set('http://influxdb:8086', influx.url).set('postgres:5432', new URL(lab[2].url).host)

  const exporterDir = imageOf('infra/containers/Containerfile.exporter')
  for (const name of ['exporter-1', 'exporter-2']) {
    const { url } = await runService(name, exporterDir, [...serviceOf(name).command, '--port=0'])
    here.set(`${name}:9836`, new URL(url).host)
  }
  edgetwin = await runService('edgetwin', imageOf('infra/containers/Containerfile'), [])
  here.set('edgetwin:8080', new URL(edgetwin.url).host)
  prometheus = await startPrometheus({ dir: join(dir, 'prometheus'), configFile: prometheusConfig() })
  stops.push(prometheus.stop)
})

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()))
  rmSync(dir, { recursive: true, force: true })
})

/** A folder of the lab with the password that compose has made. */
function withPassword(name: string): string {
  mkdirSync(join(dir, name))
  cpSync(join(dir, 'secrets', `${name}-password`), join(dir, name, 'password'))
  chmodSync(join(dir, name, 'password'), 0o600)
  return join(dir, name)
}

/** As a Containerfile makes it, with the packages that an installation without the development ones has. */
function imageOf(file: string): string {
  const stages = readContainerfile(file)
  const stageDirs = new Map(stages.map(({ name }, i) => [name, join(dir, 'images', `${file.split('.').at(-1)}-${i}`)]))
  for (const { name, copies } of stages) {
    const stageDir = stageDirs.get(name)!
    copyInto(
      stageDir,
      copies.map((copied) => ({ ...copied, sources: copied.sources.map((source) => source.replace(/^\/edgetwin\//, '')) })),
      stageDirs.get('viewer') ?? '',
    )
    if (name === undefined) linkPackages(stageDir)
    else {
      symlinkSync(join(process.cwd(), 'node_modules'), join(stageDir, 'node_modules'))
      const { status, stderr } = spawnSync('npm', ['run', '-s', 'build:viewer'], { cwd: stageDir, encoding: 'utf8' })
      if (status !== 0) throw new Error(`the viewer was not built: ${stderr}`)
    }
  }
  return stageDirs.get(undefined)!
}

function linkPackages(imageDir: string): void {
  const { stdout } = spawnSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], { encoding: 'utf8' })
  const top = stdout.split('\n').filter((path) => /\/node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && path.split('node_modules').length === 2)
  expect(top.length).toBeGreaterThan(20)
  for (const path of top) {
    const link = join(imageDir, relative(process.cwd(), path))
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(path, link)
  }
}

/** @returns once it has said where it listens. */
async function runService(name: string, imageDir: string, command: readonly string[]): Promise<Running> {
  const { entrypoint, environment, build } = serviceOf(name)
  const image = readContainerfile(build!.dockerfile).at(-1)!
  const [program, ...args] = [...(entrypoint.length > 0 ? entrypoint : image.entrypoint), ...command].map(mapped)
  const env = Object.fromEntries(Object.entries(environment).map(([variable, value]) => [variable, mapped(value)]))
  const child = spawn(program!, args, {
    cwd: imageDir,
    env: { PATH: `${dirname(process.execPath)}:${process.env.PATH}`, ...env, ...(name === 'edgetwin' ? { EDGETWIN_PORT: '0' } : {}) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  stops.push(() => ended(child))
  return { url: await urlSaidBy(child), imageDir }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

function urlSaidBy(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const url = / at (http:\/\/\S+)/.exec(said)?.[1]
        if (url !== undefined) resolve(url.replace(/\/metrics$/, ''))
      })
    }
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
}

/** The mounted file, with the rules beside it as compose mounts them. */
function prometheusConfig(): string {
  const configDir = join(dir, 'prometheus-config')
  mkdirSync(configDir)
  for (const volume of serviceOf('prometheus').volumes.filter((mount) => mount.startsWith('./'))) {
    const [source, target] = volume.split(':')
    writeFileSync(join(configDir, relative('/etc/prometheus', target!)), mapped(readFileSync(source!, 'utf8')))
  }
  return join(configDir, 'prometheus.yml')
}

async function isHealthy(name: string, { url, imageDir }: Running): Promise<boolean> {
  const [, program, ...args] = serviceOf(name).healthcheck!.test.map((word) => mapped(word.replace(/^http:\/\/127\.0\.0\.1:\d+/, url)))
  const child = spawn(program!, args, { cwd: imageDir, stdio: 'ignore' })
  const [code] = await once(child, 'exit')
  return code === 0
}

async function eventually<T>(ask: () => Promise<T>, isIt: (answer: T) => boolean): Promise<T> {
  const deadlineMs = performance.now() + READY_WITHIN_MS
  for (;;) {
    const answer = await ask()
    if (isIt(answer) || performance.now() > deadlineMs) return answer
    await sleep(300)
  }
}

const authorization = () => ({ authorization: `Bearer ${readFileSync(join(dir, 'secrets', 'token'), 'utf8')}` })
const readiness = async () => (await fetch(`${edgetwin.url}/readyz?verbose`, { headers: authorization() })).text()

describe('edgetwin from its image', () => {
  it('becomes healthy, by its own health check', async () => {
    if (!(await eventually(() => isHealthy('edgetwin', edgetwin), Boolean))) throw new Error(await readiness())
  })

  it('lets in who has the token that was made, and shows everybody the page', async () => {
    expect((await fetch(`${edgetwin.url}/api/v1/state`)).status).toBe(401)
    expect((await fetch(`${edgetwin.url}/api/v1/state`, { headers: authorization() })).status).toBe(200)
    expect(await (await fetch(edgetwin.url)).text()).toContain('<div id="root">')
  })
})

it('Prometheus takes the mounted files, and has every target up', async () => {
  const ask = async (path: string) => (await fetch(`${prometheus.url}/api/v1/${path}`)).json()
  const upOf = ({ data }: { data: { activeTargets: { labels: { job: string }; health: string; lastError: string }[] } }) =>
    data.activeTargets.map(({ labels, health, lastError }) => `${labels.job} ${health}${lastError}`).sort()
  const all = ['edgetwin up', 'exporters up', 'exporters up']
  expect(
    await eventually(
      async () => upOf(await ask('targets')),
      (up) => up.join() === all.join(),
    ),
  ).toEqual(all)
  expect((await ask('rules')).data.groups.length).toBeGreaterThan(0)
})

it('its events go through Kafka', async () => {
  const admin = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  // edgetwin makes the topics, a moment after it is up.
  const offsets = async () => await admin.fetchTopicOffsets('edgetwin.metrics.v1').catch(() => [])
  const high = async () => (await offsets()).reduce((sum, partition) => sum + Number(partition.high), 0)
  expect(await eventually(high, (records) => records > 100)).toBeGreaterThan(100)
  await admin.disconnect()
})

it('its history goes to InfluxDB, and all it rests on is well', async () => {
  const headers = { authorization: `Basic ${btoa(`${influx.username}:${readFileSync(influx.passwordFile, 'utf8')}`)}` }
  const measurements = async () => (await fetch(`${influx.url}/query?db=edgetwin&q=SHOW+MEASUREMENTS`, { headers })).text()
  expect(await eventually(measurements, (text) => text.includes('node'))).toContain('node')
  expect(await readiness()).toMatch(/\nready\n$/)
})
