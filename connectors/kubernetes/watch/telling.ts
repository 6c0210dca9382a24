/**
 * Keeps what the twin was told of the cluster, and says what it has yet to be told.
 *
 * A restart begins with what the twin holds, so what happened while nobody looked is the first difference. Nothing is queued here: what
 * changed is looked up when its turn comes, so however long the log refuses, no more waits than the cluster has objects.
 */
import type { ImageRegistry } from '../../../models/applications/registry.ts'
import type { EntityMaps } from '../../../models/entities/entity-maps.ts'
import type { TwinEvent } from '../../../models/events/events.ts'
import { claimNamesOf } from '../../../models/scheduling/kubernetes/dynamic-resources.ts'
import { type Allotment, allot } from '../devices/allotment.ts'
import { asksOf } from '../devices/asked-devices.ts'
import { type Inventory, inventoryOf, type SeenDevice } from '../devices/inventory.ts'
import { twinPodName } from '../names.ts'
import {
  type ClusterEvent,
  hasEnded,
  isPlaceable,
  ownerOf,
  type ResourceClaim,
  type ResourceSlice,
  type WatchedNode,
  type WatchedPod,
} from '../watched.ts'
import { ASSUMED_LINK, type AssumedLink } from './link-facts.ts'
import { type AcceleratorFacts, acceleratorFactsOf, nodeFactsOf } from './node-facts.ts'
import { type PodFacts, podFactsOf } from './pod-facts.ts'
import { NO_CAMERA, readPodSpec, unknownCamera } from './pod-spec.ts'
import { createRequestBook } from './request-book.ts'
import { createSiteTelling, keep, type SiteTelling, type SiteView } from './site-telling.ts'
import { acceleratorEvents, nodeEvents, podEvents, type Stamp } from './to-events.ts'
import { acceleratorsToldBy, nodesToldBy, podsToldBy } from './told.ts'

/** What can be looked up of the cluster. */
export interface ClusterView extends SiteView {
  readonly node: (name: string) => WatchedNode | undefined
  readonly slicesOf: (node: string) => readonly ResourceSlice[]
  readonly podsOn: (node: string) => readonly WatchedPod[]
  /** Warnings that speak of the pod of that uid. */
  readonly warningsOf: (uid: string) => readonly ClusterEvent[]
  readonly claim: (namespace: string, name: string) => ResourceClaim | undefined
  /** False: claims are not shown to us, so none is to be waited for. */
  readonly showsClaims: () => boolean
}

export interface TellingOptions {
  readonly site: string
  readonly view: ClusterView
  readonly registry: ImageRegistry
  /** What is taken of a node of whose network nobody says anything; default 100 Mbit/s and 1 ms. */
  readonly assumedLink?: AssumedLink
  /** Of the twin as it is now. */
  readonly entities: () => EntityMaps
  /** What exporters report, under their own names; undefined: nothing was heard of that node, and the twin is asked. */
  readonly seenBy?: (node: string) => readonly SeenDevice[] | undefined
  /** Called when what is wrong with a pod's labels and annotations is new. */
  readonly onPodFaults?: (pod: WatchedPod, faults: readonly string[]) => void
}

export interface Telling {
  /** Whether all that concerns it is as it was told. @param again tells it though nothing changed. */
  node(name: string, at: Told): TwinEvent[]
  cameras: SiteTelling['cameras']
  /** @param pod as it is, or as it was when it was last seen and `isGone`. */
  pod(pod: WatchedPod, at: Told & { readonly isGone: boolean }): TwinEvent[]
  /** Names of nodes and pods that the twin holds and the cluster has to be asked for. */
  toldNodes(): readonly string[]
  /** Open pods, by name in the twin. */
  toldPods(): readonly string[]
  /** The pod of that name is not there any more and nobody saw it go. */
  podIsGone(name: string, at: Told): TwinEvent[]
  /** Requests whose last pod is gone and whom nobody took up for so long that nobody will. */
  giveUp(at: Told): TwinEvent[]
  inventory(node: string): Inventory | undefined
  /** Device of the node → pods that have it, by name in the twin. */
  holders(node: string): ReadonlyMap<string, readonly string[]>
  /** What is wrong with labels and annotations, by pod. */
  podFaults(): ReadonlyMap<string, readonly string[]>
  siteFaults: SiteTelling['faults']
}

export interface Told {
  readonly timeMs: number
  readonly again?: boolean
}

/** As long as the twin remembers what ended. */
const RECENT_MS = 120_000

export function createTelling(options: TellingOptions): Telling {
  const { site, view, registry, entities, assumedLink: assumed = ASSUMED_LINK, seenBy = () => undefined, onPodFaults = () => {} } = options
  const nodes = nodesToldBy(entities())
  const siteTelling = createSiteTelling({ site, view, assumed, entities })
  const accelerators = acceleratorsToldBy(entities())
  const pods = podsToldBy(entities())
  const requests = createRequestBook(pods, entities().request)
  const inventories = new Map<string, Inventory>()
  const allotments = new Map<string, ReadonlyMap<string, Allotment>>()
  const faults = new Map<string, readonly string[]>()
  const stamp = (timeMs: number): Stamp => ({ site, timeMs })
  let seen = { atMs: 0, byNode: seenByExporters(entities()) }

  /** What each pod on the node has of its devices, settled anew: cheap, since a node has about a hundred pods. */
  const survey = (node: WatchedNode, timeMs: number): Inventory => {
    const { name } = node.metadata
    // A thousand nodes need not each look through all accelerators.
    if (timeMs - seen.atMs >= 1_000) seen = { atMs: timeMs, byNode: seenByExporters(entities()) }
    const told = seenBy(name) ?? seen.byNode.get(name) ?? []
    const inventory = inventoryOf({ node, slices: view.slicesOf(name), seen: told })
    inventories.set(name, inventory)
    allotments.set(
      name,
      allotted(
        inventory,
        view.podsOn(name).filter((pod) => !hasEnded(pod)),
      ),
    )
    return inventory
  }
  const allotted = ({ devices }: Inventory, holding: readonly WatchedPod[]): ReadonlyMap<string, Allotment> =>
    allot({
      devices,
      pods: holding,
      claims: (pod) => claimsOf(pod, view),
      known: (pod) => placedAt(pods.get(nameOf(pod)), pod, entities()),
    })

  const heldBy = (node: string, device: string): string => {
    const held = [...(allotments.get(node)?.values() ?? [])].filter(({ devices }) => devices.includes(device))
    const foreign = held.filter(({ pod }) => !isPlaceable(pod) || pod.metadata.deletionTimestamp !== undefined)
    return foreign
      .map(({ pod }) => `pod ${nameOf(pod)}${pod.metadata.deletionTimestamp === undefined ? '' : ', which is ending'}`)
      .join(', ')
  }

  /** Its driver may think a device well that its exporter knows to be ill. */
  const withHealth = (facts: AcceleratorFacts, device: string): AcceleratorFacts => {
    const health = entities().accelerator.get(device)?.reported.health
    const isKnownIll = facts.healthy && health?.value.healthy === false && health.source.startsWith('exporter:')
    return isKnownIll ? { ...facts, healthy: false, reason: health.value.reason } : facts
  }

  const node = (name: string, { timeMs, again = false }: Told): TwinEvent[] => {
    const now = view.node(name)
    const devices = now === undefined ? [] : survey(now, timeMs).devices
    if (now === undefined) {
      inventories.delete(name)
      allotments.delete(name)
    }
    const facts = now === undefined ? null : nodeFactsOf(now)
    const events = nodeEvents(stamp(timeMs), { name, told: nodes.get(name) ?? null, now: facts, again })
    keep(nodes, name, facts)
    events.push(...siteTelling.link(name, now, { timeMs, again, ready: facts?.conditions.ready === true }))
    const current = new Map(
      // What only its exporter reports, the exporter tells.
      devices.filter(({ from }) => from[0] !== 'exporter').map((device) => [device.name, device]),
    )
    const before = accelerators.get(name) ?? new Map<string, AcceleratorFacts>()
    for (const device of new Set([...before.keys(), ...current.keys()])) {
      const found = current.get(device)
      const facts =
        now === undefined || found === undefined ? null : withHealth(acceleratorFactsOf(now, found, heldBy(name, device)), device)
      events.push(...acceleratorEvents(stamp(timeMs), { name: device, told: before.get(device) ?? null, now: facts, again }))
      keep(before, device, facts)
    }
    if (now === undefined) accelerators.delete(name)
    else accelerators.set(name, before)
    return events
  }

  const tellPod = (name: string, now: PodFacts | null, { timeMs, isReplaced }: { timeMs: number; isReplaced: boolean }): TwinEvent[] => {
    const told = pods.get(name) ?? null
    const events = podEvents(stamp(timeMs), { name, told, now, isRecent: (endMs) => timeMs - endMs < RECENT_MS })
    keep(pods, name, now)
    if (now === null) faults.delete(name)
    if (events.length > 0) events.push(...requests.note({ name, told, now, isReplaced }, stamp(timeMs)))
    return events
  }

  const strayCamera = (camera: string): string[] => (camera === NO_CAMERA || siteTelling.knows(camera) ? [] : [unknownCamera(camera)])
  const isMended = (pod: string, wrong: readonly string[]): boolean => {
    const camera = pods.get(pod)?.spec.camera ?? NO_CAMERA
    return wrong.length === 1 && wrong[0] === unknownCamera(camera) && siteTelling.knows(camera)
  }

  return {
    node,
    cameras: (at) => siteTelling.cameras(at),
    pod(pod, { timeMs, isGone }) {
      const name = nameOf(pod)
      const how = { timeMs, isReplaced: ownerOf(pod) !== null }
      // A label that was taken off takes the pod out of the twin, and out of our hands; another uid is another pod.
      const isKnown = isPlaceable(pod) && pods.get(name)?.uid === pod.metadata.uid
      const notBeforeMs = Math.max(pods.get(name)?.createdMs ?? 0, entities().pod.get(name)?.reported.createdMs ?? 0)
      const before = isKnown ? [] : tellPod(name, null, how)
      if (!isPlaceable(pod)) return before
      const told = pods.get(name)
      const { spec: read, faults: misread } = readPodSpec(pod, registry)
      const wrong = [...misread, ...strayCamera(read.camera)]
      if (wrong.length === 0) faults.delete(name)
      else if (faults.get(name)?.join() !== wrong.join()) {
        faults.set(name, wrong)
        onPodFaults(pod, wrong)
      }
      const asks = asksOf(pod, claimsOf(pod, view))
      const isToBeAsked = told === undefined || told.spec.asks?.length === 0
      const spec = isToBeAsked ? withAsks(told?.spec ?? requests.specFor(read), asks) : told.spec
      const events = view.warningsOf(pod.metadata.uid)
      const facts = podFactsOf(pod, { heardMs: timeMs, spec, notBeforeMs, accelerator: acceleratorOf(pod, timeMs), events })
      const last = tellPod(name, mergeTold(told, facts), how)
      return [...before, ...last, ...(isGone ? tellPod(name, null, how) : [])]
    },
    toldNodes: () => [...new Set([...nodes.keys(), ...accelerators.keys()])],
    toldPods: () => [...pods].flatMap(([name, { end }]) => (end === null ? [name] : [])),
    podIsGone: (name, { timeMs }) => tellPod(name, null, { timeMs, isReplaced: true }),
    giveUp: ({ timeMs }) => requests.giveUp(stamp(timeMs)),
    inventory: (name) => inventories.get(name),
    holders: (name) => {
      const held = [...(allotments.get(name)?.values() ?? [])].flatMap(({ pod, devices }) =>
        devices.map((device) => ({ device, pod: nameOf(pod) })),
      )
      return new Map([...Map.groupBy(held, ({ device }) => device)].map(([device, all]) => [device, all.map(({ pod }) => pod)]))
    },
    // Whoever named a camera that was described meanwhile did well.
    podFaults: () => new Map([...faults].flatMap(([name, wrong]) => (isMended(name, wrong) ? [] : [[name, wrong]]))),
    siteFaults: () => siteTelling.faults(),
  }

  function acceleratorOf(pod: WatchedPod, timeMs: number): string | null {
    const { nodeName } = pod.spec
    if (nodeName === undefined) return null
    const told = pods.get(nameOf(pod))
    if (told?.uid === pod.metadata.uid && told.place !== null) return told.place.accelerator
    const on = view.node(nodeName)
    // Pods outlive a node that was deleted by a minute, and a binding may name a node that never was.
    if (on === undefined) return `${nodeName}/cpu0`
    const inventory = inventories.get(nodeName) ?? survey(on, timeMs)
    if (!hasEnded(pod) && !allotments.get(nodeName)?.has(pod.metadata.uid)) survey(on, timeMs)
    // One that is over has let go of what it had: what it would have had by itself is the best guess.
    const allotment = (hasEnded(pod) ? allotted(inventory, [pod]) : allotments.get(nodeName))?.get(pod.metadata.uid)
    // A claim that was allocated before the pod was bound may be heard of after it.
    if (allotment?.awaitsClaim && !hasEnded(pod) && view.showsClaims()) return null
    return (
      allotment?.devices[0] ?? inventories.get(nodeName)?.devices.find(({ acceleratorKind }) => acceleratorKind === 'CPU')?.name ?? null
    )
  }
}

export const nameOf = ({ metadata }: WatchedPod): string => twinPodName(metadata)

/** A place and times that were told stay: a pod that ended has let go of its devices. */
function mergeTold(told: PodFacts | undefined, now: PodFacts): PodFacts {
  if (told === undefined) return now
  const { place, boundMs, createdMs } = told
  return {
    ...now,
    createdMs,
    ...(place === null ? {} : { place, boundMs }),
    startedMs: told.startedMs ?? now.startedMs,
    end: told.end ?? now.end,
  }
}

function withAsks({ asks: _, ...spec }: PodFacts['spec'], asks: string[] | undefined): PodFacts['spec'] {
  return asks === undefined ? spec : { ...spec, asks }
}

/** Where the twin has it, or where a decision wants it. */
function placedAt(told: PodFacts | undefined, pod: WatchedPod, entities: EntityMaps): string | null {
  if (told?.uid === pod.metadata.uid && told.place !== null) return told.place.accelerator
  return entities.pod.get(nameOf(pod))?.desired.accelerator ?? null
}

/** null: not made yet, or not heard of. */
export function claimsOf(pod: WatchedPod, view: Pick<ClusterView, 'claim'>): readonly (ResourceClaim | null)[] {
  const { metadata, status } = pod
  const names = claimNamesOf(pod).map(({ name }) => name)
  const extended = status?.extendedResourceClaimStatus?.resourceClaimName
  const all = extended === undefined ? names : [...names, extended]
  return all.map((name) => (name === null ? null : (view.claim(metadata.namespace ?? 'default', name) ?? null)))
}

/** By node. */
function seenByExporters({ accelerator }: EntityMaps): ReadonlyMap<string, readonly SeenDevice[]> {
  const seen = [...accelerator.values()].flatMap(({ name, reported: { identity, load } }) => {
    const isSeen = [identity, load].some((fact) => fact?.source.startsWith('exporter:') && fact.freshness !== 'lost')
    return isSeen ? [{ name, acceleratorKind: identity?.value.acceleratorKind ?? null }] : []
  })
  return Map.groupBy(seen, ({ name }) => name.split('/')[0]!)
}
