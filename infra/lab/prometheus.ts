/**
 * Prometheus and the exporter of this machine.
 *
 * It runs on a copy of its configuration, so that targets can be told while it runs: they lie in `targets/` beside
 * the configuration, which names them as `file_sd_configs: [{ files: [targets/*.json] }]`.
 */
import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import { z } from 'zod'
import { TwinError } from '../../models/errors.ts'
import { findProgram, type WantedProgram } from './apt.ts'
import type { Progress } from './cache.ts'
import { keepPorts } from './ports.ts'
import { type LabService, serviceDir, startService } from './service.ts'

export interface TargetGroup {
  /** host:port */
  readonly targets: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

export interface PrometheusOptions {
  readonly dir?: string | undefined
  readonly port?: number | undefined
  /** Copied with everything in its folder; without it, one that scrapes the targets each second. */
  readonly configFile?: string | undefined
  readonly targets?: readonly TargetGroup[] | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface PrometheusLab extends LabService {
  readonly url: string
  /** What anybody writes here, as `*.json` in the form of `file_sd_configs`, is scraped too. */
  readonly targetsDir: string
  /** Resolves when Prometheus knows them, 5 s later as a rule; the first scrapes follow. */
  setTargets(groups: readonly TargetGroup[]): Promise<void>
}

export const PROMETHEUS: WantedProgram = { program: 'prometheus', debianPackage: 'prometheus' }
export const NODE_EXPORTER: WantedProgram = { program: 'prometheus-node-exporter', debianPackage: 'prometheus-node-exporter' }
const READY_WITHIN_MS = 30_000
const TARGETS_WITHIN_MS = 30_000

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startPrometheus(options: PrometheusOptions = {}): Promise<PrometheusLab> {
  const { file, env } = await findProgram(PROMETHEUS, options.progress ?? (() => {}))
  const dir = serviceDir('prometheus', options.dir)
  const { http } = await keepPorts(dir.path, { http: options.port })
  const configDir = join(dir.path, 'config')
  mkdirSync(join(configDir, 'targets'), { recursive: true })
  if (options.configFile !== undefined) cpSync(dirname(options.configFile), configDir, { recursive: true })
  const configFile = join(configDir, basename(options.configFile ?? 'prometheus.yml'))
  if (options.configFile === undefined) writeFileSync(configFile, stringify(prometheusConfig()))
  if (options.targets !== undefined) writeTargets(configDir, options.targets)
  const url = `http://127.0.0.1:${http}`
  const service = await startService({
    name: 'prometheus',
    dir,
    command: file,
    args: prometheusArgs({ configFile, dataDir: join(dir.path, 'data'), port: http }),
    env,
    isReady: async () => (await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    remedy: `check ${configFile} with promtool check config`,
    outlives: options.outlives,
  })
  const setTargets = async (groups: readonly TargetGroup[]): Promise<void> => {
    writeTargets(configDir, groups)
    await untilKnown(url, groups)
  }
  return { ...service, url, targetsDir: join(configDir, 'targets'), setTargets }
}

export interface PrometheusPlaces {
  readonly configFile: string
  readonly dataDir: string
  readonly port: number
}

export function prometheusArgs({ configFile, dataDir, port }: PrometheusPlaces): string[] {
  return [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dataDir}`,
    '--storage.tsdb.retention.time=2h',
    `--web.listen-address=127.0.0.1:${port}`,
    '--web.enable-lifecycle',
    '--log.level=warn',
  ]
}

export function prometheusConfig(): unknown {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    scrape_configs: [{ job_name: 'edgetwin', file_sd_configs: [{ files: ['targets/*.json'], refresh_interval: '1s' }] }],
  }
}

/** Renamed into place, as Prometheus may read at any moment. */
function writeTargets(configDir: string, groups: readonly TargetGroup[]): void {
  const file = join(configDir, 'targets', 'lab.json')
  writeFileSync(`${file}.new`, JSON.stringify(groups))
  renameSync(`${file}.new`, file)
}

const answerShape = z.object({
  data: z.object({ activeTargets: z.array(z.object({ discoveredLabels: z.object({ __address__: z.string() }) })) }),
})

async function untilKnown(url: string, groups: readonly TargetGroup[]): Promise<void> {
  const deadlineMs = performance.now() + TARGETS_WITHIN_MS
  let unknown = groups.flatMap(({ targets }) => targets)
  while (performance.now() < deadlineMs) {
    const answer = await fetch(`${url}/api/v1/targets?state=active`, { signal: AbortSignal.timeout(5_000) })
    const { data } = answerShape.parse(await answer.json())
    const known = new Set(data.activeTargets.map(({ discoveredLabels }) => discoveredLabels.__address__))
    unknown = unknown.filter((target) => !known.has(target))
    if (unknown.length === 0) return
    await sleep(200)
  }
  const remedy = 'name targets/*.json under file_sd_configs of its configuration'
  throw new TwinError(
    'LAB_FAILED',
    `prometheus at ${url} does not know ${unknown.join(', ')} after ${TARGETS_WITHIN_MS / 1000} s; ${remedy}`,
  )
}

export interface NodeExporterOptions {
  readonly dir?: string | undefined
  readonly port?: number | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface NodeExporterLab extends LabService {
  /** host:port, as a target takes it. */
  readonly address: string
}

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startNodeExporter(options: NodeExporterOptions = {}): Promise<NodeExporterLab> {
  const { file, env } = await findProgram(NODE_EXPORTER, options.progress ?? (() => {}))
  const dir = serviceDir('node-exporter', options.dir)
  const { http } = await keepPorts(dir.path, { http: options.port })
  const address = `127.0.0.1:${http}`
  const service = await startService({
    name: 'node-exporter',
    dir,
    command: file,
    args: [`--web.listen-address=${address}`, '--log.level=warn'],
    env,
    isReady: async () => (await fetch(`http://${address}/`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: READY_WITHIN_MS,
    remedy: 'run it by hand to see why',
    outlives: options.outlives,
  })
  return { ...service, address }
}
