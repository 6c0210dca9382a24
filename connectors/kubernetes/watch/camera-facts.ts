/**
 * The cameras of a site, as the cluster knows them: Camera objects that people wrote, and nodes whose labels say that they are inside of
 * one.
 *
 * An object is believed before a label of the same name; what it leaves out, the label may say. edgetwin shows its own cameras as objects
 * too: those are what it said, not what it is told.
 */
import { nameShape } from '../../../models/events/shapes.ts'
import { APPLICATIONS_MAX, NODE_KEYS } from '../names.ts'
import { isOurs } from '../resources/custom-objects.ts'
import { isEmulated, isReady, noteOf, type WatchedCamera, type WatchedNode } from '../watched.ts'
import { roleOf } from './node-facts.ts'

export interface CameraFacts {
  readonly name: string
  readonly node: string | null
  readonly recordedAt: string | null
  readonly applications: readonly string[]
  readonly emulated: boolean
  readonly online: boolean
  readonly degraded: boolean
  readonly reason: string
}

export interface SeenCameras {
  readonly cameras: ReadonlyMap<string, CameraFacts>
  /** In words, for who wrote the objects. */
  readonly faults: readonly string[]
}

type Place = Omit<CameraFacts, 'online' | 'degraded' | 'reason'>

export function camerasOf(site: string, nodes: ReadonlyMap<string, WatchedNode>, objects: Iterable<WatchedCamera>): SeenCameras {
  const faults: string[] = []
  const declared = new Map<string, WatchedCamera>()
  for (const object of [...objects].sort(byPlace)) {
    if (object.spec.site !== site || isOurs(object)) continue
    const { name } = object.metadata
    const first = declared.get(name)
    if (first === undefined) declared.set(name, object)
    else faults.push(`Camera ${placeOf(object)} has the name of Camera ${placeOf(first)}, which counts; name it otherwise`)
  }
  const inObjects = new Set([...declared.values()].map(({ spec }) => spec.node))
  const places = new Map<string, Place>()
  for (const node of [...nodes.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const isNamed = noteOf(node.metadata, NODE_KEYS.camera) !== undefined
    // The camera of an object needs no second one named after its node.
    if (roleOf(node) !== 'camera' || (!isNamed && inObjects.has(node.metadata.name))) continue
    const labelled = labelledCamera(node)
    if (!places.has(labelled.name)) places.set(labelled.name, labelled)
    else
      faults.push(
        `node ${node.metadata.name} says that it is inside of camera ${labelled.name}, as node ${places.get(labelled.name)!.node} does, which counts`,
      )
  }
  for (const [name, { spec }] of declared) {
    const labelled = places.get(name)
    const node = spec.node ?? labelled?.node ?? null
    const on = node === null ? undefined : nodes.get(node)
    places.set(name, {
      name,
      node,
      recordedAt: spec.recordedAt ?? labelled?.recordedAt ?? null,
      applications: spec.applications === undefined ? (labelled?.applications ?? []) : namesIn(spec.applications),
      emulated: spec.emulated ?? labelled?.emulated ?? (on !== undefined && isEmulated(on)),
    })
  }
  for (const { name, node, recordedAt } of places.values()) {
    for (const wanted of [node, recordedAt]) {
      if (wanted !== null && !nodes.has(wanted)) faults.push(`camera ${name} names node ${wanted}, which the cluster does not have`)
    }
  }
  return { cameras: new Map([...places].map(([name, place]) => [name, { ...place, ...conditionOf(place, nodes) }])), faults }
}

const KEYS = [NODE_KEYS.role, NODE_KEYS.camera, NODE_KEYS.recordedAt, NODE_KEYS.applications, NODE_KEYS.emulated]

/** Whether no camera is another for it: a thousand nodes tell how they are all the time. */
export function saysTheSame(a: WatchedNode, b: WatchedNode): boolean {
  return isReady(a) === isReady(b) && KEYS.every((key) => noteOf(a.metadata, key) === noteOf(b.metadata, key))
}

/** A camera streams while the node lives that has its stream, as far as a cluster can tell. */
function conditionOf(
  { node, recordedAt }: Place,
  nodes: ReadonlyMap<string, WatchedNode>,
): Pick<CameraFacts, 'online' | 'degraded' | 'reason'> {
  const source = node ?? recordedAt
  if (source === null) return { online: true, degraded: true, reason: 'nobody says which node has its stream: set node or recordedAt' }
  const on = nodes.get(source)
  const online = on !== undefined && isReady(on)
  return { online, degraded: false, reason: online ? '' : `its node ${source} is not ready` }
}

/** Without a name of its own the camera has its node's. */
function labelledCamera(node: WatchedNode): Place {
  const { metadata } = node
  const named = (key: string) => nameShape.safeParse(noteOf(metadata, key)).data ?? null
  return {
    name: named(NODE_KEYS.camera) ?? metadata.name,
    node: metadata.name,
    recordedAt: named(NODE_KEYS.recordedAt),
    applications: namesIn((noteOf(metadata, NODE_KEYS.applications) ?? '').split(/[,.\s]+/)),
    emulated: isEmulated(node),
  }
}

const namesIn = (texts: readonly string[]): string[] => texts.filter((text) => nameShape.safeParse(text).success).slice(0, APPLICATIONS_MAX)
const placeOf = ({ metadata: { namespace = '', name } }: WatchedCamera): string => `${namespace}/${name}`
const byPlace = (a: WatchedCamera, b: WatchedCamera): number => (placeOf(a) < placeOf(b) ? -1 : 1)
