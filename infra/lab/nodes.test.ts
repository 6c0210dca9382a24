import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { nodeFile, nodeFileNames, readNodeFile } from './nodes.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-nodes-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const read = (text: string) => {
  const file = join(dir, 'nodes.yaml')
  writeFileSync(file, text)
  return readNodeFile(file)
}

interface Site {
  readonly nodes: readonly { readonly name: string; readonly role: string; readonly devices: readonly Readonly<Record<string, string>>[] }[]
}

describe.each(nodeFileNames())('%s', (name) => {
  const objects = readNodeFile(nodeFile(name))
  const site: Site = parse(readFileSync(`connectors/simulated-site/sites/${name}.yaml`, 'utf8'))

  it("has the emulated site's nodes", () => {
    const nodes = objects.flatMap((each) => (each.kind === 'Node' ? [each] : []))
    expect(nodes.map(({ metadata }) => [metadata.name, metadata.labels['edgetwin.dev/role'], metadata.labels.type])).toEqual(
      site.nodes.map((node) => [node.name, node.role, 'kwok']),
    )
    for (const { metadata, status } of nodes) {
      expect(metadata.labels).toMatchObject({ 'edgetwin.dev/emulated': 'true', 'kubernetes.io/hostname': metadata.name })
      expect(status.allocatable).toEqual(status.capacity)
    }
  })

  it('has its devices, one slice a node', () => {
    const slices = objects.flatMap(({ kind, metadata, ...rest }) => (kind === 'ResourceSlice' && 'spec' in rest ? [rest.spec] : []))
    expect(slices).toEqual(
      site.nodes.map(({ name: node, devices }) => ({
        driver: 'acc.edgetwin.dev',
        nodeName: node,
        pool: { name: node, generation: 1, resourceSliceCount: 1 },
        devices: devices.map((device) => ({
          name: device.name,
          attributes: {
            kind: { string: device.kind!.toLowerCase() },
            model: { string: device.model },
            id: { string: `${node}/${device.name}` },
          },
        })),
      })),
    )
    const kinds = [...new Set(site.nodes.flatMap(({ devices }) => devices.map(({ kind }) => `${kind!.toLowerCase()}.edgetwin.dev`)))]
    const classes = objects.flatMap(({ kind, metadata }) => (kind === 'DeviceClass' ? [metadata.name] : []))
    expect(classes.sort()).toEqual(kinds.sort())
  })
})

const NODE = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } }

it('takes what a cluster prints, without what only that cluster knows', () => {
  const real = {
    ...NODE,
    metadata: { name: 'a', uid: 'x', resourceVersion: '7', labels: { 'kubernetes.io/hostname': 'host-a', type: 'other' } },
    spec: { podCIDR: '10.0.0.0/24', taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }], unschedulable: true },
    status: { capacity: { cpu: 4 }, conditions: [], addresses: [] },
  }
  expect(read(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [real] }))).toEqual([
    {
      ...NODE,
      metadata: {
        name: 'a',
        annotations: {},
        labels: { 'kubernetes.io/hostname': 'host-a', type: 'kwok', 'edgetwin.dev/emulated': 'true' },
      },
      spec: { unschedulable: true },
      status: { capacity: { cpu: '4' }, allocatable: {} },
    },
  ])
})

it.each([
  ['', /is empty/],
  ['a: [', /document 1: /],
  ['{kind: Pod}', /document 1: [\s\S]*it may hold Node, ResourceSlice and DeviceClass/],
  [`${JSON.stringify(NODE)}\n---\n{apiVersion: v1, kind: Node}`, /document 2: [\s\S]*metadata/],
])('refuses %j', (text, message) => {
  expect(() => read(text)).toThrow(message)
})

it('says which node files there are', () => {
  expect(() => nodeFile('dsh')).toThrow('there is no node file "dsh"; did you mean dhs?')
  expect(() => nodeFile('/nowhere.yaml')).toThrow('name a file, or one of dhs, heteroaccel')
})
