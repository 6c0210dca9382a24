/**
 * Why a pod is bound nowhere, in words that tell what to do: the accelerator that it asks for is unknown, or taken, or another one is
 * idle, with or without an image that would serve it there; else what each node has against it.
 */

import { type ImageRegistry, imageForStage } from '../../../models/applications/registry.ts'
import type { WhyPending } from '../../../models/contracts/gates.ts'
import type { AcceleratorKind } from '../../../models/events/shapes.ts'
import { podRequests } from '../../../models/scheduling/kubernetes/resources.ts'
import type { KubeSnapshot } from '../../../models/scheduling/kubernetes/snapshot.ts'
import { judge } from '../../../models/scheduling/kubernetes/stock-scheduler.ts'
import { someOf } from '../../../models/some-of.ts'
import { kindOfName } from '../devices/device-sources.ts'
import type { Device } from '../devices/inventory.ts'
import { GATE, NODE_KEYS } from '../names.ts'
import type { ResourceClaim, WatchedPod } from '../watched.ts'

export interface PendingInput {
  readonly pod: WatchedPod
  readonly work: { readonly application: string; readonly stage: string }
  readonly snapshot: KubeSnapshot
  /** Of all nodes. */
  readonly devices: readonly Device[]
  /** Device → pods that have it. */
  readonly holders: ReadonlyMap<string, readonly string[]>
  readonly claims: readonly (ResourceClaim | null)[]
  readonly registry: ImageRegistry
}

/** @returns null when it is bound. */
export function whyPending(input: PendingInput): WhyPending | null {
  const { pod, snapshot } = input
  if (pod.spec.nodeName !== undefined) return null
  const { feasible, rejected } = judge(pod, snapshot)
  const nodes = Object.fromEntries([...rejected].map(([node, { plugin, reason }]) => [node, `${reason} (${plugin})`]))
  const answer = (cause: WhyPending['cause'], text: string, idle: WhyPending['idle'] = []): WhyPending => ({ cause, text, nodes, idle })
  const gates = (pod.spec.schedulingGates ?? []).map(({ name }) => name)
  if (gates.length > 0) {
    const undecided = input.devices.some(({ deviceModel }) => deviceModel !== null)
      ? 'edgetwin has not decided yet where it goes'
      : UNKNOWN_MODELS
    const who = gates.includes(GATE) ? undecided : 'somebody else holds it back'
    return answer('gated', `It waits behind the gate ${gates.join(', ')}: ${who}.`)
  }
  for (const wanted of wantedOf(input)) {
    const fault = acceleratorFault(input, wanted)
    if (fault !== null) return answer(fault.cause, fault.text, fault.idle)
  }
  if (feasible.length > 0) return answer('not-yet', `It fits on ${someOf(feasible)}; the scheduler has not bound it yet.`)
  const reasons = [...Map.groupBy(Object.entries(nodes), ([, reason]) => reason)].map(
    ([reason, on]) => `${someOf(on.map(([node]) => node))}: ${reason}`,
  )
  return answer('no-node', reasons.length === 0 ? 'The cluster has no node.' : `It fits no node: ${reasons.join('; ')}.`)
}

const UNKNOWN_MODELS = `edgetwin cannot decide where it goes, as no node says what it is; label the nodes with ${NODE_KEYS.deviceModel}`

interface Wanted {
  /** As the pod names it. */
  readonly name: string
  readonly kind: AcceleratorKind | null
  readonly isOne: (device: Device) => boolean
}

/** What it asks for of devices: extended resources, and classes of claims with their alternatives. */
function wantedOf({ pod, claims, devices }: PendingInput): Wanted[] {
  const resources = [...podRequests(pod)].flatMap(([name, amount]): Wanted[] => {
    const kind = name.includes('/') ? kindOfName(name) : null
    const isKnown = devices.some(({ resource }) => resource === name)
    return amount > 0 && (kind !== null || isKnown) ? [{ name, kind, isOne: ({ resource }) => resource === name }] : []
  })
  const requests = claims.flatMap((claim) =>
    claim === null || claim.status?.allocation !== undefined ? [] : (claim.spec?.devices?.requests ?? []),
  )
  const classes = requests.map(({ exactly, firstAvailable = [] }): Wanted => {
    const names = [exactly, ...firstAvailable].flatMap((each) => each?.deviceClassName ?? [])
    const kinds = names.map(kindOfName)
    return {
      name: names.join(' or '),
      kind: kinds[0] ?? null,
      isOne: ({ claimKey, acceleratorKind }) => claimKey !== null && kinds.includes(acceleratorKind),
    }
  })
  return [...resources, ...classes]
}

interface Fault {
  readonly cause: WhyPending['cause']
  readonly text: string
  readonly idle: WhyPending['idle']
}

/** null: one of what it wants is free. */
function acceleratorFault(input: PendingInput, { name, kind, isOne }: Wanted): Fault | null {
  const { devices, holders } = input
  const isFree = (device: Device) => device.fault === null && (holders.get(device.name) ?? []).length === 0
  const asked = devices.filter(isOne)
  if (asked.some(isFree)) return null
  const others = devices.filter((device) => isFree(device) && !isOne(device) && device.acceleratorKind !== kind)
  const idle = others.map((device) => ({
    accelerator: device.name,
    acceleratorKind: device.acceleratorKind,
    image: imageOn(input, device),
  }))
  const aside = idleText(input, idle)
  if (asked.length === 0)
    return { cause: 'accelerator-unknown', text: `No node offers ${name}: the accelerator is unknown to the cluster.${aside}`, idle }
  const sound = asked.filter(({ fault }) => fault === null)
  if (sound.length === 0) {
    const faults = asked.map((device) => `${device.name}: ${device.fault}`)
    return { cause: 'accelerator-faulty', text: `Every ${name} takes no work: ${faults.join('; ')}.${aside}`, idle }
  }
  const held = sound.map((device) => `${device.name} by ${someOf(holders.get(device.name) ?? [])}`)
  const text = `Every ${name} is taken: ${someOf(held, { between: '; ' })}.${aside}`
  // A CPU is always there; that it is idle is no news.
  const special = idle.filter(({ acceleratorKind, image }) => acceleratorKind !== 'CPU' || image !== null)
  if (special.some(({ image }) => image !== null)) return { cause: 'idle-with-image', text, idle }
  return { cause: special.length > 0 ? 'idle-without-image' : 'accelerator-taken', text, idle }
}

function imageOn({ registry, work }: PendingInput, { acceleratorKind }: Device): string | null {
  return imageForStage(registry, work, acceleratorKind)?.image ?? null
}

function idleText({ work }: PendingInput, idle: WhyPending['idle']): string {
  const served = idle.filter(({ image }) => image !== null).map(({ accelerator, image }) => `${accelerator} (${image})`)
  const unserved = idle.filter(({ image }) => image === null).map(({ accelerator }) => accelerator)
  return [
    served.length === 0 ? '' : ` Idle and able to do it: ${someOf(served)}.`,
    unserved.length === 0 ? '' : ` Idle without an image for ${work.application}: ${someOf(unserved)}.`,
  ].join('')
}
