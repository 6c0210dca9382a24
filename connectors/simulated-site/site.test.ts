import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { TwinError } from '../../models/errors.ts'
import { builtInSites, loadSite, parseSite } from './site.ts'

const GOOD = `name: small
nodes:
  - name: pi-1
    role: camera
    link: { megabitsPerSecond: 100, latencyMs: 1 }
    devices:
      - { name: cpu0, model: raspberry-pi-4b, kind: CPU }
cameras:
  - { name: cam-1, node: pi-1, applications: [alexnet] }
`

function refusalOf(run: () => unknown): TwinError {
  try {
    run()
  } catch (error) {
    if (error instanceof TwinError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const edited = (from: string, to: string) => () => parseSite(GOOD.replace(from, to), 'small.yaml')

describe('the sites that come with it', () => {
  it('dhs is the cluster of the DHS experiment', () => {
    const site = loadSite('dhs')
    expect(site.nodes.map(({ role, devices }) => [role, devices[0]?.model])).toEqual([
      ['camera', 'raspberry-pi-4b'],
      ['camera', 'jetson-tx2'],
      ['camera', 'jetson-tx2'],
      ['camera', 'jetson-tx2'],
      ['server', 'edge-server-3.6ghz'],
    ])
    expect(site.cameras.map(({ node }) => node)).toEqual(['pi-1', 'tx2-1', 'tx2-2', 'tx2-3'])
  })

  it('heteroaccel has the three nodes of its table and cameras that do not compute', () => {
    const site = loadSite('heteroaccel')
    expect(site.nodes.map(({ name, devices }) => `${name}: ${devices.map(({ model, kind }) => `${model} ${kind}`).join(', ')}`)).toEqual([
      'node-g: core-i7-11th-gen CPU, iris-xe GPU',
      'node-f: xeon-e5-1650v3 CPU, arria-10-gx FPGA',
      'node-n: xeon-x5550 CPU, neural-compute-stick-2 NPU',
    ])
    expect(site.cameras.every(({ node, applications }) => node === null && applications.join() === 'face,action,text,object')).toBe(true)
  })

  it('are listed', () => {
    expect(builtInSites()).toEqual(['dhs', 'heteroaccel'])
  })
})

describe('a site file', () => {
  it('is read from a path, with defaults', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'site-')), 'small.yaml')
    writeFileSync(file, GOOD)
    expect(loadSite(file)).toMatchObject({ name: 'small', workload: { framesPerClip: 60 }, cluster: { notReadyAfterMs: 1_500 } })
  })

  it('of an unknown name is refused with the nearest names', () => {
    const { code, message, details } = refusalOf(() => loadSite('dsh'))
    expect(code).toBe('SITE_UNKNOWN')
    expect(message).toContain('did you mean dhs?')
    expect(details.near).toEqual(['dhs'])
  })

  it('that is missing is refused by its path', () => {
    const { code, message } = refusalOf(() => loadSite('/nowhere/site.yaml'))
    expect(code).toBe('SITE_UNKNOWN')
    expect(message).toContain('/nowhere/site.yaml')
  })

  it.each([
    ['YAML', edited('[alexnet] }', '[alexnet }'), { line: 9, column: 55, field: '' }],
    ['a wrong word', edited('role: camera', 'role: kamera'), { line: 4, column: 5, field: 'nodes.0.role' }],
    ['a number out of range', edited('100', '-1'), { line: 5, column: 13, field: 'nodes.0.link.megabitsPerSecond' }],
    ['an unknown field', edited('    role', '    colour: red\n    role'), { line: 4, column: 5, field: 'nodes.0.colour' }],
    ['a missing field', edited('    role: camera\n', ''), { line: 3, column: 5, field: 'nodes.0.role' }],
    ['an unknown device model', edited('4b', '4c'), { line: 7, column: 23, field: 'nodes.0.devices.0.model' }],
    ['a kind the device lacks', edited('kind: CPU', 'kind: GPU'), { line: 7, column: 47, field: 'nodes.0.devices.0.kind' }],
    ['an unknown node', edited('node: pi-1', 'node: pi-2'), { line: 9, column: 20, field: 'cameras.0.node' }],
    ['an unknown application', edited('[alexnet]', '[alexnett]'), { line: 9, column: 47, field: 'cameras.0.applications.0' }],
    ['clips that lie nowhere', edited('node: pi-1', 'node: null'), { line: 9, column: 5, field: 'cameras.0.recordedAt' }],
  ])('with %s is refused by line, column and field', (_, run, place) => {
    const { code, message, details } = refusalOf(run)
    expect(code).toBe('SITE_INVALID')
    expect(details).toMatchObject({ file: 'small.yaml', ...place })
    expect(message).toContain(`small.yaml:${place.line}:${place.column}`)
  })

  it('with several faults tells all of them', () => {
    const { details } = refusalOf(() => parseSite(GOOD.replace('100', '-1').replace('role: camera', 'role: x'), 'small.yaml'))
    expect(details.faults).toHaveLength(2)
  })
})
