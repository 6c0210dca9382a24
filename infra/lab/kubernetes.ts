/**
 * A real Kubernetes control plane with kwok's nodes: etcd, API server with RBAC and audit log, scheduler, controller manager.
 *
 * Everything talks TLS with client certificates; nodes and pods are the API server's own objects, their kubelets are emulated by kwok.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { type Progress, silent } from './cache.ts'
import { COMPONENTS, type Component, componentArgs } from './kubernetes-args.ts'
import { kubernetesDist } from './kubernetes-dist.ts'
import { keepPorts } from './ports.ts'
import { type LabService, serviceDir, startService } from './service.ts'
import { runTool } from './tools.ts'
import { egressSocket, workerIdentities } from './worker-config.ts'

export interface KubernetesOptions {
  readonly dir?: string | undefined
  /** Of the API server. */
  readonly port?: number | undefined
  /** Beside the built-in ones: "name=user" or "name=user/group", each with a kubeconfig of its own. */
  readonly identities?: readonly string[] | undefined
  /** Nodes are given up 8 s after their last sign of life instead of 40 s. A busy machine then loses live ones now and then. */
  readonly quickFailures?: boolean | undefined
  /** Etcd and the API server alone are enough for watch, RBAC, admission and leases. */
  readonly components?: readonly Component[] | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface KubernetesLab {
  readonly dir: string
  readonly url: string
  /** Of the administrator. */
  readonly kubeconfig: string
  kubeconfigOf(identity: string): string
  /** One JSON object a line: every write, and the whole of each binding, eviction and change of a pod. */
  readonly auditFile: string
  readonly caFile: string
  service(component: Component): LabService
  /** @returns what it printed. @throws TwinError LAB_FAILED with what it complained of. */
  kubectl(args: readonly string[], stdin?: string): Promise<string>
  stop(): Promise<void>
}

const READY_WITHIN_MS = 90_000
const REMEDY = 'see its log, and whether this machine has 2 GB of memory free'

const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: RequestResponse
  verbs: [create]
  resources: [{group: "", resources: [pods/binding, pods/eviction]}]
- level: RequestResponse
  verbs: [patch, update]
  resources: [{group: "", resources: [pods]}]
- level: Metadata
  verbs: [create, patch, update, delete, deletecollection]
- level: None
`

/** Real workers are in a network that has no link to ours. */
const egressPolicy = (socket: string): string => `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection: {proxyProtocol: HTTPConnect, transport: {uds: {udsName: ${socket}}}}
`

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startKubernetes(options: KubernetesOptions = {}): Promise<KubernetesLab> {
  const { components = COMPONENTS, progress = silent } = options
  const { binary, kwokStages } = await kubernetesDist(progress)
  const dir = serviceDir('kubernetes', options.dir)
  const services = new Map<Component, LabService>()
  const stop = async () => {
    for (const service of [...services.values()].reverse()) await service.kill()
    if (!dir.isGiven) rmSync(dir.path, { recursive: true, force: true })
  }
  try {
    const asked = { api: options.port, etcd: undefined, peer: undefined, scheduler: undefined, controllerManager: undefined }
    const ports = await keepPorts(dir.path, asked)
    const url = `https://127.0.0.1:${ports.api}`
    const pki = join(dir.path, 'pki')
    if (!existsSync(pki)) {
      mkdirSync(dir.path, { recursive: true })
      execFileSync(binary, ['pki', pki, url, ...workerIdentities, ...(options.identities ?? [])])
      writeFileSync(join(dir.path, 'audit-policy.yaml'), AUDIT_POLICY)
      writeFileSync(join(dir.path, 'egress.yaml'), egressPolicy(egressSocket(dir.path)))
    }
    const args = componentArgs({ dir: dir.path, pki, ports, kwokStages, quickFailures: options.quickFailures ?? false })
    const launch = async (component: Component) => {
      const service = await startService({
        name: component,
        dir: { path: dir.path, isGiven: true },
        command: binary,
        args: [component, ...args[component]],
        env: { KUBECONFIG: '' },
        isReady: () => isReady(component, ports),
        readyWithinMs: READY_WITHIN_MS,
        endSignal: 'SIGKILL',
        remedy: REMEDY,
        outlives: options.outlives,
      })
      services.set(component, service)
    }
    for (const component of components.filter((one) => one === 'etcd' || one === 'kube-apiserver')) await launch(component)
    const others = components.filter((one) => one !== 'etcd' && one !== 'kube-apiserver').map(launch)
    for (const outcome of await Promise.allSettled(others)) if (outcome.status === 'rejected') throw outcome.reason
    const kubeconfigOf = (identity: string) => join(pki, `${identity}.kubeconfig`)
    return {
      dir: dir.path,
      url,
      kubeconfig: kubeconfigOf('admin'),
      kubeconfigOf,
      auditFile: join(dir.path, 'audit.log'),
      caFile: join(pki, 'ca.crt'),
      service: (component) => services.get(component)!,
      kubectl: (words, stdin) => {
        const input = stdin === undefined ? [] : ['-f', inputFile(dir.path, stdin)]
        return runTool(binary, ['kubectl', `--kubeconfig=${kubeconfigOf('admin')}`, ...words, ...input], {
          remedy: 'see what kubectl says',
          withinMs: 60_000,
        })
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

let inputs = 0
function inputFile(dir: string, text: string): string {
  const file = join(dir, `input-${++inputs}.yaml`)
  writeFileSync(file, text)
  return file
}

type Ports = Readonly<Record<'api' | 'etcd' | 'scheduler' | 'controllerManager', number>>

async function isReady(component: Component, ports: Ports): Promise<boolean> {
  switch (component) {
    case 'etcd':
      return (await statusOf(`http://127.0.0.1:${ports.etcd}/health`)) === 200
    case 'kube-apiserver':
      return (await statusOf(`https://127.0.0.1:${ports.api}/readyz`)) === 200
    case 'kube-scheduler':
      return (await statusOf(`https://127.0.0.1:${ports.scheduler}/healthz`)) === 200
    case 'kube-controller-manager':
      return (await statusOf(`https://127.0.0.1:${ports.controllerManager}/healthz`)) === 200
    case 'kwok':
      return true
  }
}

/** Only asks whether it is well, so any certificate will do: the scheduler and the controller manager sign their own. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, timeout: 2_000 } as const
    const asked = url.startsWith('https:') ? request(url, { ...options, rejectUnauthorized: false }) : plainRequest(url, options)
    asked.once('response', (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.once('error', reject)
    asked.once('timeout', () => asked.destroy(new Error('no answer')))
    asked.end()
  })
}

/** What the audit log holds now. */
export function readAudit({ auditFile }: KubernetesLab): readonly Record<string, unknown>[] {
  if (!existsSync(auditFile)) return []
  const lines = readFileSync(auditFile, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line))
}
