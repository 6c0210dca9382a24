/**
 * Real worker nodes for the cluster lab: kubelet, containerd and runc, each in namespaces and cgroups of its own, whose pods are real processes.
 *
 * The host stays as it is: no link, mount or setting of it changes, and what a worker makes ends with its one process.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TwinError } from '../../models/errors.ts'
import { findProgram } from './apt.ts'
import { type Progress, silent } from './cache.ts'
import { containerdDist } from './containerd-dist.ts'
import type { KubernetesLab } from './kubernetes.ts'
import { kubernetesDist } from './kubernetes-dist.ts'
import { isAlive, killProcess } from './processes.ts'
import { type LabService, readRecord, recordFile, type ServiceSpec, startService } from './service.ts'
import { runTool } from './tools.ts'
import { cgroupsFile, makeCgroups, removeCgroups, removeOrphans } from './worker-cgroups.ts'
import { API_SERVICE, egressSocket, GATEWAY, WORKERS_MAX, type WorkerPlace, workerFiles, workerPlace } from './worker-config.ts'
import { writeWorkerImages } from './worker-images.ts'
import { workersSupported } from './workers-supported.ts'

export interface WorkersOptions {
  /** 1 to {@link WORKERS_MAX}; those that run already are among them. */
  readonly count: number
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

export interface Worker {
  /** Of the node too. */
  readonly name: string
  readonly address: string
  /** With kubelet.log, containerd.log and pod-logs/. */
  readonly dir: string
  isRunning(): boolean
  /** The kubelet alone; it comes back by itself, the containers live on. */
  killKubelet(): Promise<void>
  /** Every process of it at once. */
  powerOff(): Promise<void>
  /** Again, on the same disk; resolves when its kubelet answers. */
  start(): Promise<void>
  /** Its pods live on. */
  cutLink(): Promise<void>
  mendLink(): Promise<void>
}

export interface Workers {
  readonly workers: readonly Worker[]
  /** Before that of the lab. */
  stop(): Promise<void>
}

const SCRIPTS = join(import.meta.dirname, 'worker')
const RELAY = join(import.meta.dirname, 'relay.ts')
const NETWORK = 'workers-network'
const REMEDY = 'see its log, and those beside it'

/** @throws TwinError LAB_FAILED where the rights are missing, and when one is not ready in time. */
export async function startWorkers(lab: KubernetesLab, { count, outlives, progress = silent }: WorkersOptions): Promise<Workers> {
  const supported = workersSupported()
  if (!supported.ok) throw new TwinError('LAB_FAILED', supported.reason)
  if (count > WORKERS_MAX) throw new TwinError('LAB_FAILED', `${count} workers are too many: ask for ${WORKERS_MAX} at most`)
  const { runtime, runc, binary } = await prepareWorkers(progress)
  const services: LabService[] = []
  const start = async (spec: Pick<ServiceSpec, 'name' | 'command' | 'args'> & Partial<ServiceSpec>) => {
    const dir = { path: lab.dir, isGiven: true }
    const service = await startService({ dir, isReady: isSaid('relays'), readyWithinMs: 60_000, remedy: REMEDY, outlives, ...spec })
    services.push(service)
    return service
  }
  const stop = async () => {
    await Promise.all(services.slice(2).map((service) => service.stop()))
    for (const service of services.slice(0, 2).reverse()) await service.stop()
    await removeCgroups(lab.dir)
  }
  const gate = join(lab.dir, 'api.sock')
  const places = Array.from({ length: count }, (_, index) => workerPlace(lab.dir, index + 1))
  removeOrphans()
  try {
    // Without the network that they were joined to they cannot be reached again.
    if (runningPid(lab.dir, NETWORK) === undefined) await endWorkers(places)
    await start({ name: 'workers-gate', command: process.execPath, args: [RELAY, `unix:${gate}=tcp:127.0.0.1:${new URL(lab.url).port}`] })
    const network = await start({
      name: NETWORK,
      command: 'unshare',
      args: [
        ...['--net', 'bash', join(SCRIPTS, 'network.sh'), process.execPath, RELAY],
        ...[`tcp:${API_SERVICE}:443=unix:${gate}`, `unix:${egressSocket(lab.dir)}=asked`],
      ],
      env: { GATEWAY, API_SERVICE },
    })
    const images = join(lab.dir, 'images.tar')
    const isIdle = places.every(({ dir, name }) => runningPid(dir, name) !== undefined)
    const { sha256 } = isIdle ? { sha256: '' } : await writeWorkerImages(images, runtime, progress)
    const environment = {
      ...runc.env,
      ...{
        SCRIPTS,
        GATEWAY,
        NETWORK_PID: String(network.pid()),
        KUBERNETES: binary,
        RUNTIME: runtime,
        IMAGES: images,
        IMAGES_DIGEST: sha256,
      },
      PATH: `${dirname(runc.file)}:${process.env.PATH}`,
      LABELS: 'edgetwin.dev/role=server',
    }
    const workers = await Promise.all(
      places.map(async (place) => {
        prepare(place, lab, runtime)
        const service = await start({
          name: place.name,
          dir: { path: place.dir, isGiven: true },
          command: 'bash',
          args: [join(SCRIPTS, 'enter.sh')],
          env: { ...environment, ...variablesOf(place) },
          isReady: isSaid('the kubelet answers'),
        })
        return workerOf(lab, place, service)
      }),
    )
    const names = places.map(({ name }) => `node/${name}`)
    await lab.kubectl(['wait', '--for=create', '--timeout=50s', ...names])
    await lab.kubectl(['wait', '--for=condition=Ready', '--timeout=50s', ...names])
    return { workers, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Fetches and builds what a worker runs, once per machine. @throws TwinError LAB_FAILED */
export async function prepareWorkers(progress: Progress) {
  const { binary } = await kubernetesDist(progress)
  const runtime = await containerdDist(progress)
  return { binary, runtime, runc: await findProgram({ program: 'runc', debianPackage: 'runc' }, progress) }
}

const isSaid = (what: string) => (output: string) => output.includes(what)

function prepare(place: WorkerPlace, lab: KubernetesLab, runtime: string): void {
  const { name, dir } = place
  for (const [file, text] of Object.entries(workerFiles(place, { runtime, pki: dirname(lab.caFile) }))) {
    mkdirSync(dirname(join(dir, file)), { recursive: true })
    writeFileSync(join(dir, file), text)
  }
  const kubeconfig = readFileSync(lab.kubeconfigOf(name), 'utf8')
  writeFileSync(join(dir, 'kubeconfig'), kubeconfig.replace(lab.url, `https://${API_SERVICE}:443`), { mode: 0o600 })
  writeFileSync(cgroupsFile(dir), makeCgroups(place).join('\n'))
}

function variablesOf(place: WorkerPlace): Readonly<Record<string, string>> {
  const { name, dir, address, pods } = place
  const cgroups = readFileSync(cgroupsFile(dir), 'utf8').replaceAll('\n', ' ')
  return { NODE: name, DIR: dir, ADDRESS: address, PODS: pods, LINK: `v-${name}`, CGROUPS: cgroups }
}

/** @param state down: nobody hears it any more, while everything on it lives on. */
export async function setLink(labDir: string, name: string, state: 'up' | 'down'): Promise<void> {
  const words = ['-t', String(runningPid(labDir, NETWORK)), '-n', 'ip', 'link', 'set', `v-${name}`, state]
  await runTool('nsenter', words, { remedy: `start ${name} again` })
}

/** @returns undefined when no such process of that folder runs. */
function runningPid(dir: string, name: string): number | undefined {
  const record = readRecord(recordFile(dir, name))
  return record !== undefined && isAlive(record) ? record.pid : undefined
}

async function endWorkers(places: readonly WorkerPlace[]): Promise<void> {
  for (const { dir, name } of places) {
    const record = readRecord(recordFile(dir, name))
    if (record !== undefined) await killProcess(record)
  }
}

function workerOf(lab: KubernetesLab, place: WorkerPlace, service: LabService): Worker {
  return {
    name: place.name,
    address: place.address,
    dir: place.dir,
    isRunning: () => service.pid() !== undefined,
    killKubelet: async () => {
      const outer = service.pid()
      if (outer === undefined) return
      const [inner = ''] = readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8').split(' ')
      const words = ['-t', inner, '-m', '-p', 'bash', '-c', 'kill -9 "$(cat /run/kubelet.pid)"']
      await runTool('nsenter', words, { remedy: `start ${place.name} again` })
    },
    powerOff: () => service.kill(),
    start: () => service.start(),
    cutLink: () => setLink(lab.dir, place.name, 'down'),
    mendLink: () => setLink(lab.dir, place.name, 'up'),
  }
}
