import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { loadProfile } from '../../connectors/metrics/profile.ts'
import { toReadings } from '../../connectors/metrics/readings.ts'
import { checkExposition, parseExposition } from '../../models/exposition/exposition.ts'
import { createEmulatedReader, parseEmulatedMachine } from './emulated-machine.ts'
import { runExporter } from './run-exporter.ts'

const EXAMPLE = 'infra/exporter/example-devices.yaml'
const example = () => parseEmulatedMachine(readFileSync(EXAMPLE, 'utf8'), EXAMPLE)
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Runs the command line until it ends, or until it says where it listens. */
function run(...flags: string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn('node', ['infra/exporter/exporter.ts', ...flags])
  return new Promise((resolve) => {
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
      if (out.includes('/metrics\n')) {
        closers.push(() => child.kill())
        resolve({ code: null, out, err })
      }
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

describe('emulated devices', () => {
  it('play the same course for the same seed, within their bounds, and say that they are emulated', () => {
    const [one, other] = [createEmulatedReader(example(), { name: 'x' }), createEmulatedReader(example(), { name: 'x' })]
    const loads = new Set<number | undefined>()
    for (let step = 0; step < 200; step++) {
      const machine = one(step * 1000)
      expect(machine).toEqual(other(step * 1000))
      expect(machine.node).toMatchObject({ name: 'emulated-1', emulated: true })
      for (const device of machine.devices) {
        expect(device.emulated).toBe(true)
        expect(device.utilizationRatio ?? 0).toBeGreaterThanOrEqual(0)
        expect(device.utilizationRatio ?? 0).toBeLessThanOrEqual(1)
      }
      loads.add(machine.devices[1]?.utilizationRatio)
    }
    expect(loads.size).toBeGreaterThan(100)
  })

  it('draw power between idle and busy and add it up', () => {
    const text = 'devices: [{ name: gpu0, kind: GPU, utilization: 0.5, power: { idleWatts: 10, busyWatts: 30 } }]'
    const read = createEmulatedReader(parseEmulatedMachine(text, 'x'), { name: 'n' })
    read(0)
    read(1000)
    expect(read(3000).devices).toEqual([
      { name: 'gpu0', kind: 'GPU', emulated: true, utilizationRatio: 0.5, powerWatts: 20, energyJoulesTotal: 60 },
    ])
  })

  it.each([
    ['devices: [', /line 1, column \d+: (?!.*line 1, column)/],
    [
      `a: &a [1, 1, 1, 1, 1, 1, 1, 1]\nb: &b [${Array(20).fill('*a').join()}]\nc: [${Array(20).fill('*b').join()}]\n`,
      /line 1, column 1: .*alias/,
    ],
    ['devices:\n  - name: gpu0\n    kind: SSD\n', /line 3, column 11: devices.0.kind/],
    ['devices:\n  - { name: a, kind: GPU }\n  - { name: a, kind: NPU }\n', /line 2, column 3: devices: two devices have the same name/],
    ['devices:\n  - { name: a, kind: GPU, utilization: 4 }\n', /line 2, column 40: devices.0.utilization/],
  ])('refuse %j with its place', (text, message) => {
    expect(() => parseEmulatedMachine(text, 'x.yaml')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    )
  })
})

describe('the served text', () => {
  it('is read again as what was described', async () => {
    const { url, stop } = await runExporter({
      port: 0,
      host: '127.0.0.1',
      intervalMs: 1000,
      now: () => 0,
      read: createEmulatedReader(example(), { name: 'x', version: '0' }),
    })
    closers.push(stop)
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toContain('version=0.0.4')
    const { samples, errors } = parseExposition(await response.text())
    expect(errors).toEqual([])
    const { readings, rejected } = toReadings(samples, loadProfile('ha-exporter'), { timeMs: 0 })
    expect(rejected).toEqual([])
    expect(readings.map(({ name, identity, state }) => [name, identity?.acceleratorKind, identity?.emulated, state])).toEqual([
      ['cpu0', 'CPU', true, undefined],
      ['gpu0', 'GPU', true, 'allocated'],
      ['fpga0', 'FPGA', true, 'unallocated'],
      ['npu0', 'NPU', true, 'unallocated'],
    ])
    expect((await fetch(url.replace('/metrics', '/x'))).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
  })
})

describe('the command line', () => {
  it('serves this machine', async () => {
    const { out } = await run('--port', '0', '--node', 'here')
    const url = /http:\S+/.exec(out)?.[0] ?? ''
    const text = await (await fetch(url)).text()
    expect(checkExposition(text).errors).toEqual([])
    expect(text).toContain('ha_accelerator_info{accelerator_id="here/cpu0",type="CPU"')
    expect(text).toContain('emulated="false"')
  })

  it('says what is wrong, where, and what to do', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    closers.push(() => taken.close())
    const address = taken.address()
    const port = String(typeof address === 'object' && address?.port)
    const [busy, range, missing, unknown, help] = await Promise.all([
      run('--port', port),
      run('--port', '70000'),
      run('--emulate', 'nowhere.yaml'),
      run('--prot', '1'),
      run('--help'),
    ])
    expect(busy).toMatchObject({
      code: 1,
      err: `exporter: Another process listens on 127.0.0.1:${port}. Stop it or choose another port with --port. [PORT_IN_USE]\n`,
    })
    expect(range).toMatchObject({ code: 2, err: 'exporter: --port is "70000". Give a whole number from 0 to 65535. [CONFIG_INVALID]\n' })
    expect(missing).toMatchObject({ code: 2, err: expect.stringContaining('nowhere.yaml, which cannot be read') })
    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean --port?') })
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--emulate <file>') })
  })
})
