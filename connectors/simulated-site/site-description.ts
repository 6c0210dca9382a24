/**
 * What a simulated site is made of: nodes with devices and a link each, cameras, their workload, the cluster's habits.
 * A description that passes here can be played: every name it uses exists and every device has known costs.
 */
import { z } from 'zod'
import { APPLICATIONS, applicationNamed } from '../../models/applications/applications.ts'
import { deviceModels } from '../../models/applications/device-models.ts'
import { nearestNames } from '../../models/errors.ts'
import { acceleratorKindShape, nameShape } from '../../models/events/shapes.ts'

const intervalMsShape = z.number().min(10).max(86_400_000)

const deviceShape = z.strictObject({ name: nameShape, model: z.string(), kind: acceleratorKindShape })
const nodeShape = z.strictObject({
  name: nameShape,
  role: z.enum(['camera', 'server']),
  /** Each direction. */
  link: z.strictObject({ megabitsPerSecond: z.number().positive().max(1e6), latencyMs: z.number().min(0).max(10_000) }),
  devices: z.array(deviceShape).min(1).max(64),
})
const cameraShape = z.strictObject({
  name: nameShape,
  /** The node inside the camera; null for one that does not compute. */
  node: nameShape.nullable(),
  recordedAt: nameShape.nullable().default(null),
  applications: z.array(z.string()).min(1).max(64),
  framesPerSecond: z.number().positive().max(1_000).default(30),
})
const workloadShape = z.strictObject({
  /** Mean time between rounds. */
  roundMs: intervalMsShape.default(20_000),
  /** jittered: ±25 %, evenly; exponential: a Poisson process. */
  arrivals: z.enum(['jittered', 'exponential']).default('jittered'),
  firstRoundMs: z.number().min(0).max(86_400_000).default(2_000),
  load: z
    .union(
      [z.enum(['light', 'heavy']), z.array(z.strictObject({ camera: nameShape, applications: z.array(z.string()).min(1).max(64) })).min(1)],
      {
        error: 'must be light, heavy or a list of { camera, applications }',
      },
    )
    .default('light'),
  /** Share of the rounds that are heavy whatever `load` says. */
  heavyRatio: z.number().min(0).max(1).default(0),
  framesPerClip: z.number().int().min(1).max(1_000_000).default(60),
  /** Standard deviation of a clip's compute time, relative. */
  noiseRatio: z.number().min(0).max(0.3).default(0.03),
  /** A device's true speed lies within ± this of what its model is known for. */
  deviceSpreadRatio: z.number().min(0).max(0.5).default(0.05),
  /** A camera with so many unanswered requests skips its next. */
  openRequestsMax: z.number().int().min(1).max(1_000).default(6),
})
const clusterShape = z.strictObject({
  /** From a node's death until the cluster says so; from its return likewise. */
  notReadyAfterMs: z.number().min(0).max(600_000).default(1_500),
  relistMs: intervalMsShape.default(30_000),
  /** Cameras and links. */
  sampleMs: intervalMsShape.default(2_000),
  /** How often the exporters want to be scraped. */
  scrapeMs: intervalMsShape.default(1_000),
})
export const siteShape = z.strictObject({
  name: nameShape,
  title: z.string().max(200).default(''),
  nodes: z.array(nodeShape).min(1).max(1_000),
  cameras: z.array(cameraShape).min(1).max(10_000),
  workload: workloadShape.prefault({}),
  cluster: clusterShape.prefault({}),
})

export type SiteDescription = z.infer<typeof siteShape>
export type CameraDescription = SiteDescription['cameras'][number]
export type MachineDescription = SiteDescription['nodes'][number]

export interface Disagreement {
  readonly path: readonly PropertyKey[]
  readonly reason: string
}

/** What each field by itself cannot show: names that do not exist or occur twice, devices without costs. */
export function disagreements({ nodes, cameras, workload }: SiteDescription): Disagreement[] {
  const nodeNames = nodes.map(({ name }) => name)
  const cameraNames = cameras.map(({ name }) => name)
  return [
    ...twice(nodeNames).map((index) => ({ path: ['nodes', index, 'name'], reason: `a second node "${nodeNames[index]}"` })),
    ...twice(cameraNames).map((index) => ({ path: ['cameras', index, 'name'], reason: `a second camera "${cameraNames[index]}"` })),
    ...nodes.flatMap(({ devices }, node) =>
      devicesOf(devices).map(({ path, reason }) => ({ path: ['nodes', node, 'devices', ...path], reason })),
    ),
    ...cameras.flatMap((camera, index) =>
      cameraOf(camera, nodeNames).map(({ path, reason }) => ({ path: ['cameras', index, ...path], reason })),
    ),
    ...(typeof workload.load === 'string' ? [] : workload.load).flatMap(({ camera: name, applications }, index) => {
      const path = ['workload', 'load', index]
      const camera = cameras.find((each) => each.name === name)
      if (!camera) return [{ path: [...path, 'camera'], reason: unknown('camera', name, cameraNames) }]
      return applications.flatMap((application, at) =>
        camera.applications.includes(application)
          ? []
          : [{ path: [...path, 'applications', at], reason: unknown(`application of ${name}`, application, camera.applications) }],
      )
    }),
  ]
}

function devicesOf(devices: MachineDescription['devices']): Disagreement[] {
  const names = devices.map(({ name }) => name)
  return [
    ...twice(names).map((index) => ({ path: [index, 'name'], reason: `a second device "${names[index]}" on this node` })),
    ...devices.flatMap(({ model: name, kind }, index) => {
      const model = deviceModels().find((each) => each.name === name)
      const models = deviceModels().map((each) => each.name)
      if (!model) return [{ path: [index, 'model'], reason: unknown('device model', name, models) }]
      const kinds = model.processors.map((processor) => processor.kind)
      return kinds.includes(kind) ? [] : [{ path: [index, 'kind'], reason: `a ${name} has no ${kind}; it has ${kinds.join(' and ')}` }]
    }),
  ]
}

function cameraOf({ node, recordedAt, applications }: CameraDescription, nodeNames: readonly string[]): Disagreement[] {
  const known = APPLICATIONS.map(({ name }) => name)
  return [
    ...(node === null || nodeNames.includes(node) ? [] : [{ path: ['node'], reason: unknown('node', node, nodeNames) }]),
    ...(recordedAt === null || nodeNames.includes(recordedAt)
      ? []
      : [{ path: ['recordedAt'], reason: unknown('node', recordedAt, nodeNames) }]),
    ...(node === null && recordedAt === null
      ? [{ path: ['recordedAt'], reason: 'a camera without a node needs one that records its clips' }]
      : []),
    ...applications.flatMap((name, index) => {
      const path = ['applications', index]
      const application = applicationNamed(name)
      if (!application) return [{ path, reason: unknown('application', name, known) }]
      return application.stages.length === 1
        ? []
        : [{ path, reason: `${name} runs in several stages; a simulated site plays those of one` }]
    }),
  ]
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const near = nearestNames(name, known)
  return `no ${what} "${name}"; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : `known: ${known.join(', ')}`}`
}

/** Indices of names that occurred before. */
function twice(names: readonly string[]): number[] {
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [index] : []))
}
