import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseExposition } from '../../models/exposition/exposition.ts'
import { DEVICE_STATES, type DeviceDescription, renderDevices } from './device-metrics.ts'
import { bundledProfileNames, loadProfile, parseProfile } from './profile.ts'
import { type ReadingsOptions, toReadings } from './readings.ts'

fc.configureGlobal({ seed: 20_240_602 })

const read = (profile: string, text: string, options: ReadingsOptions = { timeMs: 0 }) =>
  toReadings(parseExposition(text).samples, loadProfile(profile), options)
const scrape = (file: string) => readFileSync(`connectors/metrics/scrapes/${file}`, 'utf8')
const MIB = 2 ** 20

describe('dcgm-exporter', () => {
  it('reads a busy T4', () => {
    expect(read('dcgm-exporter', scrape('dcgm-t4-busy-ericsson.prom'))).toMatchObject({
      rejected: [],
      readings: [
        {
          kind: 'accelerator',
          name: 'gpu0',
          identity: {
            acceleratorKind: 'GPU',
            vendor: 'NVIDIA',
            model: 'Tesla T4',
            driver: '590.48.01',
            uuid: 'GPU-6d5c0ac5-74d7-3130-46f1-e93ed57f469a',
            emulated: false,
          },
          utilizationRatio: 0.91,
          memoryUsedBytes: 5120 * MIB,
          memoryTotalBytes: 15358 * MIB,
          temperatureCelsius: 74,
          powerWatts: 68.244,
          energyJoulesTotal: 15152422.938,
        },
      ],
    })
  })

  it('leaves out what a vGPU hides', () => {
    const { readings, rejected } = read('dcgm-exporter', scrape('dcgm-vgpu-a100-vks135.prom'))
    expect(rejected).toEqual([])
    expect(readings).toHaveLength(1)
    expect(readings[0]).toMatchObject({ utilizationRatio: 0, memoryUsedBytes: 0, memoryTotalBytes: 40959 * MIB })
    expect(readings[0]).not.toHaveProperty('temperatureCelsius')
    expect(readings[0]).not.toHaveProperty('powerWatts')
  })

  it.each(['9223372036854775794', '9223372036854775792', '2147483632', '2147483635', '140737488355328', '140737488355331'])(
    'takes the blank %s for unknown',
    (blank) => {
      const labels = '{gpu="0",UUID="u",modelName="m"}'
      const text = ['GPU_UTIL', 'FB_USED', 'POWER_USAGE', 'GPU_TEMP', 'TOTAL_ENERGY_CONSUMPTION'].map(
        (field) => `DCGM_FI_DEV_${field}${labels} ${blank}\n`,
      )
      expect(read('dcgm-exporter', text.join(''))).toMatchObject({
        rejected: [],
        readings: [
          {
            kind: 'accelerator',
            name: 'gpu0',
            identity: { acceleratorKind: 'GPU', vendor: 'NVIDIA', model: 'm', uuid: 'u', emulated: false },
          },
        ],
      })
      expect(Object.keys(read('dcgm-exporter', text.join('')).readings[0] ?? {})).toEqual(['kind', 'name', 'identity'])
    },
  )

  it('keeps MIG slices apart and falls back on the engine share', () => {
    const text = 'DCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",GPU_I_ID="3"} 0.25\nDCGM_FI_PROF_GR_ENGINE_ACTIVE{gpu="0",GPU_I_ID="4"} 0.5\n'
    expect(read('dcgm-exporter', text).readings).toMatchObject([
      { name: 'gpu0-mig3', utilizationRatio: 0.25 },
      { name: 'gpu0-mig4', utilizationRatio: 0.5 },
    ])
  })

  it('rejects what cannot be true, and series of no device', () => {
    const text =
      'DCGM_FI_DEV_GPU_UTIL{gpu="0"} 400\nDCGM_FI_DEV_GPU_TEMP{gpu="0"} 1000\nDCGM_FI_DEV_POWER_USAGE{gpu="0"} -1\nDCGM_FI_DEV_FB_USED{gpu="0"} NaN\nDCGM_FI_DEV_GPU_TEMP 20\n'
    expect(read('dcgm-exporter', text)).toMatchObject({
      readings: [{ kind: 'accelerator', name: 'gpu0' }],
      rejected: [
        { series: 'DCGM_FI_DEV_FB_USED{gpu="0"}', reason: 'NaN is no measurement' },
        { series: 'DCGM_FI_DEV_GPU_UTIL{gpu="0"}', reason: 'utilizationRatio 4 is not plausible: Too big: expected number to be <=1' },
        { series: 'DCGM_FI_DEV_GPU_TEMP{gpu="0"}', reason: expect.stringContaining('temperatureCelsius 1000') },
        { series: 'DCGM_FI_DEV_POWER_USAGE{gpu="0"}', reason: expect.stringContaining('powerWatts -1') },
        { series: 'DCGM_FI_DEV_GPU_TEMP', reason: 'no label says which device it is of' },
      ],
    })
  })
})

describe('node-exporter', () => {
  const stat = (idle: number, user: number, iowait = 0) =>
    ['0', '1']
      .map(
        (cpu) =>
          `node_cpu_seconds_total{cpu="${cpu}",mode="idle"} ${idle}\nnode_cpu_seconds_total{cpu="${cpu}",mode="iowait"} ${iowait}\nnode_cpu_seconds_total{cpu="${cpu}",mode="user"} ${user}\n`,
      )
      .join('')
  /** The last of several scrapes, 10 s apart, each resting on the one before. */
  const readAll = (texts: readonly string[]) => {
    let result = read('node-exporter', texts[0] ?? '', { timeMs: 0 })
    for (const [i, text] of texts.entries())
      if (i > 0) result = read('node-exporter', text, { timeMs: i * 10_000, previous: JSON.parse(JSON.stringify(result.state)) })
    return result
  }

  it('reads the real scrape, CPU load unknown at first', () => {
    const { readings, rejected } = read('node-exporter', scrape('node_exporter-e2e-output.prom'))
    expect(rejected).toEqual([])
    const common = {
      interfaceBytesPerSecond: 1.25e8,
      memoryTotalBytes: 3831959552,
      temperatureCelsius: 12.376,
      energyJoulesTotal: 240422.366267,
      cpuCount: 8,
    }
    expect(readings).toMatchObject([
      { kind: 'node', name: '', ...common },
      {
        kind: 'accelerator',
        name: 'cpu0',
        identity: { acceleratorKind: 'CPU', vendor: 'GenuineIntel', model: 'Intel(R) Core(TM) i7-8650U CPU @ 1.90GHz' },
        ...common,
      },
    ])
    expect(readings[0]).not.toHaveProperty('utilizationRatio')
    expect(readings[0]).not.toHaveProperty('powerWatts')
  })

  it('gives CPU load as a share of the growth', () => {
    expect(readAll([stat(100, 50), stat(107.5, 52.5)]).readings[0]).toMatchObject({ utilizationRatio: 0.25 })
  })

  it('counts from 0 after a restart', () => {
    expect(readAll([stat(100, 50), stat(2, 6)]).readings[0]).toMatchObject({ utilizationRatio: 0.75 })
  })

  it('takes a counter that goes back a little for one that stands still', () => {
    expect(readAll([stat(100, 50, 3), stat(105, 55, 2.99)]).readings[0]).toMatchObject({ utilizationRatio: 0.5 })
  })

  it('knows no load when nothing grew or no time passed', () => {
    expect(readAll([stat(100, 50), stat(100, 50)]).readings[0]).not.toHaveProperty('utilizationRatio')
    const { state } = read('node-exporter', stat(1, 1), { timeMs: 5 })
    expect(read('node-exporter', stat(2, 2), { timeMs: 5, previous: state }).readings[0]).not.toHaveProperty('utilizationRatio')
  })

  it('gives power as the growth of energy', () => {
    const rapl = (joules: number) =>
      `node_rapl_package_joules_total{index="0",path="a"} ${joules}\nnode_rapl_package_joules_total{index="1",path="b"} ${2 * joules}\n`
    expect(readAll([rapl(100), rapl(150)]).readings[0]).toMatchObject({ powerWatts: 15, energyJoulesTotal: 450 })
  })

  it('prefers what is available to what is free', () => {
    const text = 'node_memory_MemTotal_bytes 100\nnode_memory_MemFree_bytes 10\nnode_memory_Buffers_bytes 5\nnode_memory_Cached_bytes 25\n'
    expect(read('node-exporter', text).readings[0]).toMatchObject({ memoryUsedBytes: 60 })
    expect(read('node-exporter', `${text}node_memory_MemAvailable_bytes 30\n`).readings[0]).toMatchObject({ memoryUsedBytes: 70 })
  })
})

describe('all-smi', () => {
  it.each([
    ['gpu_index', 'gpu_uuid'],
    ['index', 'uuid'],
  ])('reads devices under label %s', (index, uuid) => {
    const labels = (i: number) => `gpu="NVIDIA Orin",instance="edge-1",${uuid}="u${i}",${index}="${i}"`
    const text = `all_smi_gpu_utilization{${labels(0)}} 55
all_smi_gpu_memory_used_bytes{${labels(0)}} 1024
all_smi_gpu_memory_total_bytes{${labels(0)}} 4096
all_smi_gpu_info{${labels(0)},type="GPU",driver_version="36.4"} 1
all_smi_gpu_info{${labels(1)},type="NPU"} 1
all_smi_dla_utilization{${labels(0)}} 10
all_smi_cpu_utilization{instance="edge-1",index="0"} 20
`
    expect(read('all-smi', text)).toMatchObject({
      rejected: [],
      readings: [
        { kind: 'node', name: '', utilizationRatio: 0.2 },
        { name: 'cpu0', utilizationRatio: 0.2 },
        {
          name: 'gpu0',
          identity: { acceleratorKind: 'GPU', model: 'NVIDIA Orin', driver: '36.4', uuid: 'u0', emulated: false },
          utilizationRatio: 0.55,
          memoryUsedBytes: 1024,
          memoryTotalBytes: 4096,
        },
        { name: 'gpu1', identity: { acceleratorKind: 'NPU', uuid: 'u1' } },
        { name: 'dla0', identity: { acceleratorKind: 'DLA' }, utilizationRatio: 0.1 },
      ],
    })
  })
})

describe('ha-exporter', () => {
  it('gives back what the exporter wrote', async () => {
    const bytes = fc.integer({ min: 0, max: 2 ** 40 })
    const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const device = fc.record({
      kind: fc.constantFrom('CPU' as const, 'GPU' as const, 'FPGA' as const, 'NPU' as const, 'DLA' as const, 'TPU' as const),
      emulated: fc.boolean(),
      vendor: optional(fc.string({ minLength: 1, maxLength: 20 })),
      model: optional(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' })),
      state: optional(fc.constantFrom(...DEVICE_STATES)),
      utilizationRatio: optional(fc.double({ min: 0, max: 1, noNaN: true })),
      memory: optional(fc.tuple(bytes, bytes).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)),
      temperatureCelsius: optional(fc.double({ min: -60, max: 200, noNaN: true })),
      powerWatts: optional(fc.double({ min: 0, max: 5000, noNaN: true })),
      energyJoulesTotal: optional(fc.double({ min: 0, max: 1e12, noNaN: true })),
    })
    const known = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
    await fc.assert(
      fc.asyncProperty(fc.array(device, { maxLength: 5 }), async (specs) => {
        const devices = specs.map(({ memory, ...spec }, i) =>
          known({ name: `dev${i}`, ...spec, memoryUsedBytes: memory?.[0], memoryTotalBytes: memory?.[1] }),
        )
        const text = await renderDevices({
          node: { name: 'edge-1', emulated: true, cpuCount: 4 },
          devices: devices as unknown as DeviceDescription[],
        })
        const { samples, errors } = parseExposition(text)
        expect(errors).toEqual([])
        const { readings, rejected } = toReadings(samples, loadProfile('ha-exporter'), { timeMs: 0 })
        expect(rejected).toEqual([])
        expect(readings[0]).toEqual({ kind: 'node', name: '', cpuCount: 4 })
        const expected = devices.map(({ name, kind, emulated, vendor, model, state, ...numbers }) => ({
          kind: 'accelerator',
          name,
          identity: known({ acceleratorKind: kind, vendor, model, emulated }),
          ...numbers,
          ...(state === 'allocated' || state === 'unallocated' ? { state } : {}),
          ...(state === undefined ? {} : { healthy: state === 'allocated' || state === 'unallocated' }),
        }))
        // Zero has one sign here: prom-client writes -0 as 0.
        expect(JSON.parse(JSON.stringify(readings.slice(1)))).toEqual(JSON.parse(JSON.stringify(expected)))
      }),
    )
  })

  it('rejects two states at once, strange kinds and strange names', () => {
    const text =
      'ha_accelerator_info{accelerator_id="n/gpu0",type="SSD"} 1\nha_accelerator_state{accelerator_id="n/gpu0",state="allocated"} 1\nha_accelerator_state{accelerator_id="n/gpu0",state="offline"} 1\nha_accelerator_power_watts{accelerator_id="n/GPU 1"} 1\n'
    const { readings, rejected } = read('ha-exporter', text)
    expect(readings).toEqual([{ kind: 'accelerator', name: 'gpu0' }])
    expect(rejected.map(({ reason }) => reason)).toEqual([
      '"SSD" is no kind of accelerator: CPU, GPU, FPGA, NPU, DLA, TPU',
      '2 of its 2 states are 1; it must be one',
      '"GPU 1" is no device name',
    ])
  })

  it('rejects more memory used than there is', () => {
    const text =
      'ha_accelerator_memory_used_bytes{accelerator_id="n/gpu0"} 2\nha_accelerator_memory_total_bytes{accelerator_id="n/gpu0"} 1\n'
    expect(read('ha-exporter', text)).toMatchObject({
      readings: [{ memoryTotalBytes: 1 }],
      rejected: [{ reason: 'memoryUsedBytes 2 is above memoryTotalBytes 1' }],
    })
  })
})

describe('profiles', () => {
  it('are bundled and sound', () => {
    expect(bundledProfileNames()).toEqual(['all-smi', 'dcgm-exporter', 'ha-exporter', 'node-exporter'])
    for (const name of bundledProfileNames()) expect(loadProfile(name).name).toBe(name)
  })

  it.each([
    ['name: [', /line 1, column \d+/],
    ['name: x\ndevices:\n  - kind: pod\n    name: a\n', /line 3, column 11: devices.0.kind/],
    ['name: x\ndevices:\n  - kind: node\n', /line 3, column 5: devices.0.name/],
    [
      'name: x\ndevices:\n  - kind: node\n    name: ""\n    properties: { fanSpeed: { series: a } }\n',
      /line 5, column 17: devices.0.properties/,
    ],
    ['', /line 1, column 1: the text/],
  ])('refuses %j with its place', (text, message) => {
    expect(() => parseProfile(text, 'x.yaml')).toThrow(
      expect.objectContaining({ code: 'PROFILE_INVALID', message: expect.stringMatching(message) }),
    )
  })

  it('names the nearest when there is none', () => {
    expect(() => loadProfile('node_exporter')).toThrow('There is no metrics profile "node_exporter". Did you mean "node-exporter"?')
  })
})
