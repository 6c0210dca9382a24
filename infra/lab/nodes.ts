/**
 * Node files for the cluster lab: what `kubectl get nodes,resourceslices,deviceclasses -o yaml` prints of any cluster, kept alive by kwok.
 *
 * Each node is marked as emulated, and nothing is taken over that only its own API server could know.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { nearestNames, TwinError } from '../../models/errors.ts'
import type { KubernetesLab } from './kubernetes.ts'

/** By which kwok knows its nodes; without it a node falls silent. */
export const KWOK_LABEL = { type: 'kwok' } as const

const NODES_DIR = join(import.meta.dirname, 'nodes')
const texts = z.record(z.string(), z.string())
const taint = z.object({ key: z.string(), value: z.string().optional(), effect: z.string() })
const amounts = z.record(z.string(), z.union([z.string(), z.number()]).transform(String))
const metadata = z.object({ name: z.string(), labels: texts.default({}), annotations: texts.default({}) })
const nodeShape = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Node'),
  metadata,
  spec: z.object({ taints: z.array(taint).optional(), unschedulable: z.boolean().optional() }).prefault({}),
  status: z.object({ capacity: amounts.default({}), allocatable: amounts.default({}) }).prefault({}),
})
const otherShape = z.object({
  apiVersion: z.string().startsWith('resource.k8s.io/'),
  kind: z.enum(['ResourceSlice', 'DeviceClass']),
  metadata: z.object({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()),
})
const objectShape = z.discriminatedUnion('kind', [nodeShape, otherShape])
const listShape = z.object({ kind: z.literal('List'), items: z.array(z.unknown()) })
export type NodeFileObject = z.infer<typeof objectShape>

/** Those that come with the lab, by name. */
export function nodeFileNames(): string[] {
  return readdirSync(NODES_DIR).map((file) => basename(file, '.yaml'))
}

/** @param named one that comes with the lab, or a path. @throws TwinError CONFIG_INVALID */
export function nodeFile(named: string): string {
  const own = join(NODES_DIR, `${named}.yaml`)
  const file = nodeFileNames().includes(named) ? own : named
  if (existsSync(file)) return file
  const [near] = nearestNames(named, nodeFileNames())
  const remedy = near === undefined ? `name a file, or one of ${nodeFileNames().join(', ')}` : `did you mean ${near}?`
  throw new TwinError('CONFIG_INVALID', `there is no node file ${JSON.stringify(named)}; ${remedy}`)
}

/** @throws TwinError CONFIG_INVALID with the document's number and what is wrong in it. */
export function readNodeFile(file: string): NodeFileObject[] {
  const documents = parseAllDocuments(readFileSync(file, 'utf8'))
  if ('empty' in documents) throw new TwinError('CONFIG_INVALID', `${file} is empty; it must hold nodes`)
  return documents.flatMap((document, index) => {
    const place = `${file}, document ${index + 1}`
    const [fault] = document.errors
    if (fault !== undefined) throw new TwinError('CONFIG_INVALID', `${place}: ${fault.message}`)
    const content: unknown = document.toJS()
    const list = listShape.safeParse(content)
    return (list.success ? list.data.items : [content]).map((each) => {
      const read = objectShape.safeParse(each)
      if (read.success) return asEmulated(read.data)
      throw new TwinError('CONFIG_INVALID', `${place}: ${z.prettifyError(read.error)}; it may hold Node, ResourceSlice and DeviceClass`)
    })
  })
}

/** Creates or changes what is in the file. @returns the names of its nodes. @throws TwinError CONFIG_INVALID, LAB_FAILED */
export async function applyNodes(lab: KubernetesLab, named: string): Promise<string[]> {
  const objects = readNodeFile(nodeFile(named))
  // Server side, so that no node carries a copy of the file in an annotation.
  await lab.kubectl(
    ['apply', '--server-side', '--force-conflicts', '--field-manager=edgetwin-lab'],
    objects.map((each) => JSON.stringify(each)).join('\n---\n'),
  )
  return objects.flatMap(({ kind, metadata: { name } }) => (kind === 'Node' ? [name] : []))
}

/** Taints by which a cluster tells how a node is belong to the cluster that finds out. */
function asEmulated(object: NodeFileObject): NodeFileObject {
  if (object.kind !== 'Node') return object
  const { metadata, spec } = object
  const taints = spec.taints?.filter(({ key }) => !key.startsWith('node.kubernetes.io/')) ?? []
  const labels = { 'kubernetes.io/hostname': metadata.name, ...metadata.labels, ...KWOK_LABEL, 'edgetwin.dev/emulated': 'true' }
  return {
    ...object,
    metadata: { ...metadata, labels },
    // An empty list would take from a node what its cluster has put there.
    spec: { ...spec, taints: taints.length > 0 ? taints : undefined },
  }
}
