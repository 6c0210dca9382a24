/**
 * Apache Kafka in KRaft mode: one broker, or three that keep every record thrice and need two to accept it.
 *
 * A given folder keeps the cluster: its ports, identity, user and records are there again at the next start.
 */
import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Progress, silent } from './cache.ts'
import { certificatesIn } from './certificates.ts'
import { format, KAFKA_REMEDY, type KafkaDist, kafkaDist, READY_LINE } from './kafka-dist.ts'
import { type BrokerPorts, brokerProperties, toProperties } from './kafka-properties.ts'
import { keepPorts } from './ports.ts'
import { type LabService, serviceDir, startService } from './service.ts'
import type { ToxicProxy, Toxiproxy } from './toxiproxy.ts'

export interface KafkaOptions {
  readonly dir?: string | undefined
  /** Of the plaintext listeners, one per broker; free ones where missing. */
  readonly ports?: readonly number[] | undefined
  readonly brokerCount?: 1 | 3 | undefined
  /** TLS listeners too: with SASL/SCRAM-SHA-512, and with client certificates. */
  readonly secure?: boolean | undefined
  /** 3,000 ms; with 1,500 a killed broker is back sooner, but a busy machine loses live ones. */
  readonly sessionTimeoutMs?: number | undefined
  /** Puts a proxy before each broker. */
  readonly toxiproxy?: Toxiproxy | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface KafkaLab {
  readonly dir: string
  /** "127.0.0.1:port" of the plaintext listeners. */
  readonly brokers: readonly string[]
  readonly secure?: SecureKafka
  /** The way to the brokers that toxics can break; brokers talk to each other past it. One proxy per broker. */
  readonly proxied?: { readonly brokers: readonly string[]; readonly proxies: readonly ToxicProxy[] }
  /** One per broker. */
  readonly nodes: readonly LabService[]
  stop(): Promise<void>
}

export interface SecureKafka {
  /** TLS, user and password. */
  readonly brokers: readonly string[]
  /** TLS and a client certificate, no password. */
  readonly certBrokers: readonly string[]
  readonly caFile: string
  readonly username: string
  readonly passwordFile: string
  readonly wrongPasswordFile: string
  readonly certFile: string
  readonly keyFile: string
}

const USERNAME = 'edgetwin'
const READY_WITHIN_MS = 45_000

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaLab> {
  const { brokerCount = 1, progress = silent } = options
  const dist = await kafkaDist(progress)
  const dir = serviceDir('kafka', options.dir)
  const ids = Array.from({ length: brokerCount }, (_, index) => index + 1)
  const started: LabService[] = []
  const stop = async () => {
    await Promise.all(started.map((node) => node.stop()))
    if (!dir.isGiven) rmSync(dir.path, { recursive: true, force: true })
  }
  try {
    const ports: BrokerPorts[] = []
    for (const id of ids) {
      mkdirSync(join(dir.path, `kafka-${id}`), { recursive: true })
      const asked = { plaintext: options.ports?.[id - 1], controller: undefined, saslSsl: undefined, ssl: undefined, proxied: undefined }
      ports.push(await keepPorts(join(dir.path, `kafka-${id}`), asked))
    }
    const secure = options.secure === true ? await prepareSecure(dir.path, ports) : undefined
    const clusterId = keepText(join(dir.path, 'cluster-id'), () => `e${randomBytes(16).toString('base64url').slice(1)}`)
    const proxies: ToxicProxy[] = []
    for (const [index, { proxied }] of ports.entries()) {
      const proxy = await options.toxiproxy?.proxy({ name: `kafka-${index + 1}`, upstream: `127.0.0.1:${proxied}` })
      if (proxy !== undefined) proxies.push(proxy)
    }
    const nodes = ids.map((id) => runNode(dist, { id, dir: dir.path, ports, secure, proxies, clusterId, options }))
    // All of them, even after one failed: so that stop() knows every one.
    const outcomes = await Promise.allSettled(nodes)
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') started.push(outcome.value)
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    const brokers = ports.map(({ plaintext }) => `127.0.0.1:${plaintext}`)
    return {
      dir: dir.path,
      brokers,
      nodes: started,
      stop,
      ...(secure === undefined ? {} : { secure: secure.told }),
      ...(proxies.length === 0 ? {} : { proxied: { brokers: proxies.map(({ address }) => address), proxies } }),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

interface NodeOptions {
  readonly id: number
  readonly dir: string
  readonly ports: readonly BrokerPorts[]
  readonly secure: Secure | undefined
  readonly proxies: readonly ToxicProxy[]
  readonly clusterId: string
  readonly options: KafkaOptions
}

async function runNode({ javaArgs }: KafkaDist, { id, dir, ports, secure, proxies, clusterId, options }: NodeOptions): Promise<LabService> {
  const name = `kafka-${id}`
  const nodeDir = join(dir, name)
  const settingsFile = join(nodeDir, 'server.properties')
  const { sessionTimeoutMs = 3_000 } = options
  const properties = brokerProperties({
    nodeId: id,
    dataDir: join(nodeDir, 'data'),
    ports,
    sessionTimeoutMs,
    secure: secure?.files,
    proxyAddress: proxies[id - 1]?.address,
  })
  writeFileSync(settingsFile, toProperties(properties))
  if (!existsSync(join(nodeDir, 'data', 'meta.properties'))) await format(javaArgs, settingsFile, { clusterId, scram: secure?.scram })
  return startService({
    name,
    dir: { path: nodeDir, isGiven: true },
    command: 'java',
    args: ['-Xmx512m', '-Xms128m', `-Dkafka.logs.dir=${join(nodeDir, 'logs')}`, ...javaArgs, 'kafka.Kafka', settingsFile],
    isReady: (output) => output.includes(READY_LINE),
    readyWithinMs: READY_WITHIN_MS,
    remedy: KAFKA_REMEDY,
    outlives: options.outlives,
  })
}

interface Secure {
  readonly files: { readonly serverPemFile: string; readonly caFile: string }
  readonly scram: string
  readonly told: SecureKafka
}

async function prepareSecure(dir: string, ports: readonly BrokerPorts[]): Promise<Secure> {
  const { serverPemFile, caFile, certFile, keyFile } = await certificatesIn(dir)
  const passwordFile = join(dir, 'password')
  const wrongPasswordFile = join(dir, 'wrong-password')
  const password = keepText(passwordFile, () => randomBytes(18).toString('base64url'))
  keepText(wrongPasswordFile, () => randomBytes(18).toString('base64url'))
  return {
    files: { serverPemFile, caFile },
    scram: scramCredential(password),
    told: {
      brokers: ports.map(({ saslSsl }) => `127.0.0.1:${saslSsl}`),
      certBrokers: ports.map(({ ssl }) => `127.0.0.1:${ssl}`),
      caFile,
      username: USERNAME,
      passwordFile,
      wrongPasswordFile,
      certFile,
      keyFile,
    },
  }
}

/** As Kafka's storage tool takes it. Salted here, so that the password itself is in no process list. Source: RFC 5802, 3. */
function scramCredential(password: string): string {
  const iterations = 4_096
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, iterations, 64, 'sha512')
  const fields = `name=${USERNAME},salt="${salt.toString('base64')}",saltedpassword="${salted.toString('base64')}",iterations=${iterations}`
  return `SCRAM-SHA-512=[${fields}]`
}

function keepText(file: string, make: () => string): string {
  if (!existsSync(file)) writeFileSync(file, make(), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}
