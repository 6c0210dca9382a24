/**
 * What is really so at a simulated site. The twin never sees it: it is told events and scrapes the exporters.
 *
 * `alive` and `working` are the truth, `ready` and `usable` what the cluster believes; the difference is the time a
 * death takes to be noticed.
 */

import { applicationNamed } from '../../models/applications/applications.ts'
import { costOfTask } from '../../models/applications/costs.ts'
import { defaultRegistry, type ImageEntry, imageFor } from '../../models/applications/registry.ts'
import type { EventOf, TwinEvent } from '../../models/events/events.ts'
import type { AcceleratorKind } from '../../models/events/shapes.ts'
import type { Agenda, AgendaEntry } from './agenda.ts'
import { createNetwork, type Network } from './network.ts'
import { drawsOf } from './random.ts'
import type { CameraDescription, MachineDescription, SiteDescription } from './site-description.ts'

export interface Machine {
  readonly description: MachineDescription
  readonly devices: readonly Device[]
  alive: boolean
  ready: boolean
  cordoned: boolean
  /** The cluster's next change of mind about this node. */
  notice: AgendaEntry | null
  /** Times the nominal rate of its link. */
  linkFactor: number
  linkSampledMs: number
  /** What its exporter claims for every device; null when it is honest. */
  lieRatio: number | null
}

export interface Device {
  /** `node/device`. */
  readonly name: string
  readonly node: string
  readonly kind: AcceleratorKind
  readonly model: string
  /** True compute time ÷ the known one. */
  readonly slownessFactor: number
  working: boolean
  usable: boolean
  notice: AgendaEntry | null
  /** In order of binding; only the first can be running. */
  readonly queue: Pod[]
  busySinceMs: number | null
  /** Of computing that has ended. */
  busyTotalMs: number
}

export interface Pod {
  readonly name: string
  readonly uid: string
  readonly spec: EventOf<'pod.created'>['spec']
  readonly request: OpenRequest
  phase: 'pending' | 'bound' | 'running' | 'succeeded' | 'failed' | 'evicted'
  /** Why it is pending. */
  reason: string
  device: Device | null
  clip: { readonly at: 'nowhere' } | { readonly at: 'travelling'; readonly from: string } | { readonly at: 'here' }
  startedMs: number
  end: AgendaEntry | null
}

export interface OpenRequest {
  readonly id: string
  /** From 1, in this run: whatever the run is called, the same seed gives the request the same luck. */
  readonly number: number
  readonly camera: string
  readonly application: string
  readonly frames: number
  readonly requestedMs: number
}

export interface SiteCamera {
  readonly description: CameraDescription
  online: boolean
  openCount: number
  /** Requests it did not raise because too many were open. */
  skippedCount: number
}

export interface World {
  readonly site: SiteDescription
  readonly seed: number
  /** Tells this run's names from those of earlier runs. */
  readonly run: string
  readonly agenda: Agenda
  readonly network: Network
  readonly emit: (event: TwinEvent) => void
  readonly machines: ReadonlyMap<string, Machine>
  readonly devices: ReadonlyMap<string, Device>
  readonly cameras: ReadonlyMap<string, SiteCamera>
  /** By name; ended ones too, until `ENDED_PODS_MAX` younger ones have ended. */
  readonly pods: Map<string, Pod>
  requestCount: number
  roundCount: number
}

export const ENDED_PODS_MAX = 1_000
/** How often a failed stage is started again before its request is given up, as for a Kubernetes job. */
export const BACKOFF_LIMIT = 6

export function createWorld(site: SiteDescription, { seed, agenda, emit }: Pick<World, 'seed' | 'agenda' | 'emit'>): World {
  const machines = new Map(site.nodes.map((description) => [description.name, aMachine(description, { seed, site })]))
  const machineOf = (name: string) => machines.get(name)
  const network = createNetwork(agenda, {
    bytesPerMs: () => new Map([...machines].map(([name, machine]) => [name, linkBytesPerSecond(machine) / 1_000])),
    latencyMs: (from, to) => (machineOf(from)?.description.link.latencyMs ?? 0) + (machineOf(to)?.description.link.latencyMs ?? 0),
  })
  return {
    site,
    seed,
    run: (Math.floor(agenda.stampMs() / 1_000) % 36 ** 4).toString(36).padStart(4, '0'),
    agenda,
    network,
    emit,
    machines,
    devices: new Map([...machines.values()].flatMap(({ devices }) => devices.map((device) => [device.name, device]))),
    cameras: new Map(site.cameras.map((description) => [description.name, { description, online: true, openCount: 0, skippedCount: 0 }])),
    pods: new Map(),
    requestCount: 0,
    roundCount: 0,
  }
}

function aMachine(description: MachineDescription, { seed, site }: { seed: number; site: SiteDescription }): Machine {
  const devices = description.devices.map(({ name: device, kind, model }): Device => {
    const name = `${description.name}/${device}`
    const slownessFactor = 1 + (2 * drawsOf(seed, `device ${name}`).uniform() - 1) * site.workload.deviceSpreadRatio
    const state = { working: true, usable: true, notice: null, queue: [], busySinceMs: null, busyTotalMs: 0 }
    return { name, node: description.name, kind, model, slownessFactor, ...state }
  })
  const state = { alive: true, ready: true, cordoned: false, notice: null, linkFactor: 1, linkSampledMs: 0, lieRatio: null }
  return { description, devices, ...state }
}

/** What every event of the cluster carries. */
export function stamp({ site, agenda }: World): { readonly site: string; readonly timeMs: number; readonly source: string } {
  return { site: site.name, timeMs: agenda.stampMs(), source: 'cluster' }
}

/** Each direction; a dead machine's carries nothing. */
export function linkBytesPerSecond({ alive, description, linkFactor }: Machine): number {
  return alive ? nominalBytesPerSecond(description) * linkFactor : 0
}

export function nominalBytesPerSecond({ link }: MachineDescription): number {
  return (link.megabitsPerSecond * 1e6) / 8
}

const registry = defaultRegistry()

/** @returns null when the device cannot serve the application. */
export function imageOn(device: Device, application: string): ImageEntry | null {
  return knownComputeMs(device, { application, frames: 1 }) === null ? null : imageFor(registry, application, device.kind)
}

/** What everybody expects; null when the device cannot serve the application. */
export function knownComputeMs(device: Device, work: { readonly application: string; readonly frames: number }): number | null {
  const blocks = applicationNamed(work.application)?.stages[0]?.blocks ?? []
  return costOfTask({ ...work, blocks }, { deviceModel: device.model, acceleratorKind: device.kind })?.ms ?? null
}

/** What it takes in truth; a request has the same luck on whichever device it runs. */
export function trueComputeMs({ seed, site }: World, pod: Pod, device: Device): number {
  const noise = 1 + drawsOf(seed, `noise ${pod.request.number}`).normal() * site.workload.noiseRatio
  return (knownComputeMs(device, pod.spec) ?? 0) * device.slownessFactor * Math.max(0.1, noise)
}
