/**
 * The services that the `lab` command knows: how each starts in a folder of its own, and what edgetwin must be told to use it.
 *
 * One more: a start function on `startService` in a file of its own, and an entry here.
 */
import { join } from 'node:path'
import type { ClusterSettings } from '../config-cluster.ts'
import type { ServiceSettings } from '../config-services.ts'
import type { Progress } from './cache.ts'
import { startInflux } from './influx.ts'
import { startKafka } from './kafka.ts'
import { startKubernetes } from './kubernetes.ts'
import { applyNodes } from './nodes.ts'
import { startPostgres } from './postgres.ts'
import { startNodeExporter, startPrometheus } from './prometheus.ts'
import { startToxiproxy } from './toxiproxy.ts'
import { removeCgroups } from './worker-cgroups.ts'
import { startWorkers } from './workers.ts'

export interface KindOptions {
  readonly dir: string
  /** Undefined: the one it had, else a free one. */
  readonly port: number | undefined
  readonly brokers: 1 | 3
  readonly secure: boolean
  /** Files of nodes to create, by name or path. */
  readonly nodes: readonly string[]
  /** Workers whose pods are real processes. */
  readonly real: number
  readonly progress: Progress
}

export interface KindStarted {
  /** Where people and programs reach it. */
  readonly addresses: readonly string[]
  /** By which edgetwin uses it. */
  readonly settings: Readonly<Partial<Record<keyof ServiceSettings | keyof ClusterSettings, string>>>
}

export interface Kind {
  /** The port that its users expect. */
  readonly usualPort: number
  start(options: KindOptions): Promise<KindStarted>
  /** What ends with no process, such as cgroups; before its folder is removed. */
  removeRest?(dir: string): Promise<void>
}

export const KIND_NAMES = ['kafka', 'influx', 'prometheus', 'postgres', 'toxiproxy', 'kubernetes'] as const
export type KindName = (typeof KIND_NAMES)[number]

/** Building Kubernetes takes minutes and gigabytes, so it only comes when it is named. */
export const KINDS_OF_ALL: readonly KindName[] = KIND_NAMES.filter((name) => name !== 'kubernetes')

export const KINDS: Readonly<Record<KindName, Kind>> = {
  kafka: { usualPort: 9_092, start: upKafka },
  influx: {
    usualPort: 8_086,
    start: async (options) => {
      const { url, username, passwordFile } = await startInflux({ ...options, outlives: true })
      return {
        addresses: [url],
        settings: { history: 'influx', influxUrl: url, influxUsername: username, influxPasswordFile: passwordFile },
      }
    },
  },
  prometheus: { usualPort: 9_090, start: upPrometheus },
  postgres: {
    usualPort: 5_432,
    start: async (options) => {
      const { url, passwordFile } = await startPostgres({ ...options, outlives: true })
      return { addresses: [url], settings: { jobs: 'postgres', postgresUrl: url, postgresPasswordFile: passwordFile } }
    },
  },
  toxiproxy: {
    usualPort: 8_474,
    start: async (options) => ({ addresses: [(await startToxiproxy({ ...options, outlives: true })).url], settings: {} }),
  },
  kubernetes: { usualPort: 6_443, start: upKubernetes, removeRest: removeCgroups },
}

async function upKafka({ port, brokers: brokerCount, ...options }: KindOptions): Promise<KindStarted> {
  const { brokers, secure } = await startKafka({ ...options, brokerCount, ports: port === undefined ? [] : [port], outlives: true })
  if (secure === undefined) return { addresses: brokers, settings: { eventLog: 'kafkajs', kafkaBrokers: brokers.join(',') } }
  return {
    addresses: [
      ...brokers,
      ...secure.brokers.map((broker) => `${broker} (TLS, SCRAM)`),
      ...secure.certBrokers.map((broker) => `${broker} (TLS)`),
    ],
    settings: {
      eventLog: 'kafkajs',
      kafkaBrokers: secure.brokers.join(','),
      kafkaTls: 'true',
      kafkaCaFile: secure.caFile,
      kafkaUsername: secure.username,
      kafkaPasswordFile: secure.passwordFile,
    },
  }
}

/** With the exporter of this machine, so that there is something to see. */
async function upPrometheus({ dir, port, progress }: KindOptions): Promise<KindStarted> {
  const { address } = await startNodeExporter({ dir: `${dir}/node-exporter`, outlives: true, progress })
  const { url, targetsDir } = await startPrometheus({ dir, port, targets: [{ targets: [address] }], outlives: true, progress })
  const settings = { prometheusUrl: url, prometheusTargetsFile: `${targetsDir}/edgetwin.json` }
  return { addresses: [url, `http://${address}/metrics`], settings }
}

const CRDS_DIR = join(import.meta.dirname, '..', 'helm', 'edgetwin', 'crds')
/** What the chart would make, and takes over when it is installed there: where edgetwin keeps what is under way. */
const OWN_OBJECTS = `apiVersion: v1
kind: Namespace
metadata: {name: edgetwin-system}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: edgetwin-ledger
  namespace: edgetwin-system
  labels: {app.kubernetes.io/managed-by: Helm}
  annotations: {meta.helm.sh/release-name: edgetwin, meta.helm.sh/release-namespace: edgetwin-system}
`

async function upKubernetes({ dir, port, nodes, real, progress }: KindOptions): Promise<KindStarted> {
  const lab = await startKubernetes({ dir, port, quickFailures: true, outlives: true, progress })
  await lab.kubectl(['apply', '--server-side', '-f', CRDS_DIR])
  await lab.kubectl(['apply'], OWN_OBJECTS)
  for (const named of nodes) progress(`nodes: ${(await applyNodes(lab, named)).join(', ')}`)
  if (real > 0) await startWorkers(lab, { count: real, outlives: true, progress })
  const { url, kubeconfig } = lab
  return { addresses: [url, `kubeconfig ${kubeconfig}`], settings: { cluster: 'kubernetes', kubeconfig } }
}
