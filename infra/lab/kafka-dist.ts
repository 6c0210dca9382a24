/** Apache Kafka itself: its jars by Maven, and an archive of its loaded classes that halves each start. Once per machine. */
import { readFileSync, writeFileSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TwinError } from '../../models/errors.ts'
import { cached, type Progress } from './cache.ts'
import { brokerProperties, toProperties } from './kafka-properties.ts'
import { freePort } from './ports.ts'
import { identify, signalGroup, waitGone } from './processes.ts'
import { serviceDir, startService } from './service.ts'
import { runTool } from './tools.ts'

export interface KafkaDist {
  /** Arguments of `java` before the main class. */
  readonly javaArgs: readonly string[]
}

export const READY_LINE = 'Kafka Server started'
export const KAFKA_REMEDY = 'Kafka needs Java 17 or newer and Maven: apt-get install openjdk-17-jre-headless maven'
const JAVA_MIN = 17
const POM_FILE = join(import.meta.dirname, 'kafka', 'pom.xml')
// Quiet but for the line that says the broker is up.
const LOG4J = `status=warn
appender.console.type=Console
appender.console.name=STDOUT
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=warn
rootLogger.appenderRef.stdout.ref=STDOUT
logger.started.name=kafka.server.KafkaRaftServer
logger.started.level=info
`

/** @throws TwinError LAB_FAILED without Java, Maven or what they fetch. */
export async function kafkaDist(progress: Progress): Promise<KafkaDist> {
  const java = await javaVersion()
  const pom = readFileSync(POM_FILE, 'utf8')
  const dist = await cached({ name: 'kafka', key: pom + LOG4J }, async (dir) => {
    progress('fetching Apache Kafka with Maven, about 45 MB, once …')
    await copyFile(POM_FILE, join(dir, 'pom.xml'))
    const args = ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=libs', '-DincludeScope=runtime']
    await runTool('mvn', args, { cwd: dir, remedy: KAFKA_REMEDY })
    writeFileSync(join(dir, 'log4j2.properties'), LOG4J)
  })
  const plainArgs = ['-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${join(dist, 'log4j2.properties')}`, '-cp', join(dist, 'libs', '*')]
  const archive = await cached({ name: 'kafka-classes', key: `${dist} ${java}` }, async (dir) => {
    progress("preparing Kafka's classes for quick starts, once …")
    await archiveClasses(plainArgs, dir)
  })
  return { javaArgs: ['-Xshare:auto', `-XX:SharedArchiveFile=${join(archive, 'kafka.jsa')}`, ...plainArgs] }
}

async function javaVersion(): Promise<string> {
  const text = await runTool('java', ['-XshowSettings:properties', '-XX:+UseSerialGC', '--version'], { remedy: KAFKA_REMEDY })
  const major = Number(/^\S+ (\d+)/.exec(text)?.[1])
  if (!(major >= JAVA_MIN)) throw new TwinError('LAB_FAILED', `\`java\` is version ${major}; ${KAFKA_REMEDY}`)
  return text
}

/** Java writes the archive of a run when the run ends: so one broker starts and stops. */
async function archiveClasses(javaArgs: readonly string[], archiveDir: string): Promise<void> {
  const dir = serviceDir('kafka-classes', undefined)
  await mkdir(join(dir.path, 'data'))
  const port = { plaintext: await freePort(), controller: await freePort(), saslSsl: 0, ssl: 0, proxied: 0 }
  const settingsFile = join(dir.path, 'server.properties')
  writeFileSync(
    settingsFile,
    toProperties(brokerProperties({ nodeId: 1, dataDir: join(dir.path, 'data'), ports: [port], sessionTimeoutMs: 3_000 })),
  )
  await format(javaArgs, settingsFile, { clusterId: 'edgetwin-lab-classes-0' })
  const broker = await startService({
    name: 'kafka-classes',
    dir,
    command: 'java',
    args: [`-XX:ArchiveClassesAtExit=${join(archiveDir, 'kafka.jsa')}`, ...javaArgs, 'kafka.Kafka', settingsFile],
    isReady: (output) => output.includes(READY_LINE),
    readyWithinMs: 60_000,
    remedy: KAFKA_REMEDY,
  })
  const identity = identify(broker.pid()!)
  if (identity !== undefined) {
    signalGroup(identity, 'SIGTERM')
    // Writing takes a busy machine longer than a service is given to end.
    await waitGone(identity, 120_000)
  }
  await broker.stop()
}

export interface FormatOptions {
  /** Of 22 characters, as Kafka's ids are. */
  readonly clusterId: string
  /** "SCRAM-SHA-512=[name=…]" */
  readonly scram?: string | undefined
}

/** Prepares the folders of a broker; leaves those that are. */
export async function format(javaArgs: readonly string[], settingsFile: string, { clusterId, scram }: FormatOptions): Promise<void> {
  const args = [
    ...javaArgs,
    '-XX:TieredStopAtLevel=1',
    'kafka.tools.StorageTool',
    'format',
    '--ignore-formatted',
    '-t',
    clusterId,
    '-c',
    settingsFile,
  ]
  await runTool('java', scram === undefined ? args : [...args, '--add-scram', scram], { remedy: KAFKA_REMEDY, withinMs: 60_000 })
}
