/** The kernel trees here are synthetic: written after the kernel's documentation, not copied from machines. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { renderDevices } from '../../connectors/metrics/device-metrics.ts'
import { loadProfile } from '../../connectors/metrics/profile.ts'
import { toReadings } from '../../connectors/metrics/readings.ts'
import { parseExposition } from '../../models/exposition/exposition.ts'
import { createMachineReader } from './machine.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true })
})

/** Files by path; a value that begins with -> is a symbolic link. */
function aKernel(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(`${tmpdir()}/edgetwin-kernel-`)
  roots.push(root)
  const write = (path: string, text: string) => {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true })
    if (text.startsWith('->')) symlinkSync(text.slice(2), `${root}/${path}`)
    else writeFileSync(`${root}/${path}`, text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)
  const read = createMachineReader({ name: 'edge-1', roots: { proc: `${root}/proc`, sys: `${root}/sys` } })
  return { read, write }
}

const STAT = 'cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 50 0 25 400 25 0 0 0 0 0\ncpu1 50 0 25 400 25 0 0 0 0 0\nintr 1\n'

describe('synthetic kernels', () => {
  it('an empty one gives a CPU of which nothing is known', () => {
    expect(aKernel({}).read(0)).toEqual({
      node: { name: 'edge-1', emulated: false },
      devices: [{ name: 'cpu0', kind: 'CPU', emulated: false }],
    })
  })

  it('a server: CPU, memory, temperature, energy; load from the second look on', () => {
    const { read, write } = aKernel({
      'proc/stat': STAT,
      'proc/cpuinfo': 'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon E5\n',
      'proc/meminfo': 'MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n',
      'proc/sys/kernel/osrelease': '6.1.0\n',
      'sys/class/thermal/thermal_zone0/type': 'acpitz\n',
      'sys/class/thermal/thermal_zone0/temp': '90000\n',
      'sys/class/thermal/thermal_zone1/type': 'x86_pkg_temp\n',
      'sys/class/thermal/thermal_zone1/temp': '45500\n',
      'sys/class/powercap/intel-rapl:0/energy_uj': '2500000\n',
      'sys/class/net/eth0/speed': '100\n',
      'sys/class/net/eth0/device/vendor': '0x8086\n',
      'sys/class/net/eth1/speed': '-1\n',
      'sys/class/net/eth1/device/vendor': '0x8086\n',
      'sys/class/net/veth0/speed': '10000\n',
    })
    const load = { memoryTotalBytes: 1_024_000, memoryUsedBytes: 614_400 }
    expect(read(0)).toEqual({
      node: { name: 'edge-1', emulated: false, kernel: '6.1.0', cpuCount: 2, networkSpeedBytesPerSecond: 12_500_000, ...load },
      devices: [
        {
          name: 'cpu0',
          kind: 'CPU',
          emulated: false,
          vendor: 'GenuineIntel',
          model: 'Xeon E5',
          temperatureCelsius: 45.5,
          energyJoulesTotal: 2.5,
          ...load,
        },
      ],
    })
    write('proc/stat', STAT.replace('100 0 50 800 50', '125 0 50 870 55'))
    expect(read(1000).devices[0]).toMatchObject({ utilizationRatio: 0.25 })
    expect(read(2000).devices[0]).not.toHaveProperty('utilizationRatio')
  })

  it('a Raspberry Pi: its board is the model, its GPU comes from the device tree', () => {
    const { read } = aKernel({
      'proc/stat': STAT,
      'proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
      'sys/class/drm/card0/device/of_node/compatible': 'brcm,2711-v3d\0',
      'sys/class/drm/card0/device/driver': '->../../../bus/platform/drivers/v3d',
      'sys/class/drm/card1/device/driver': '->../../../bus/platform/drivers/simple-framebuffer',
      'sys/class/drm/card0-HDMI-A-1/status': 'connected',
    })
    const { node, devices } = read(0)
    expect(node.model).toBe('Raspberry Pi 4 Model B Rev 1.4')
    expect(devices).toMatchObject([
      { name: 'cpu0', model: 'Raspberry Pi 4 Model B Rev 1.4' },
      { name: 'gpu0', kind: 'GPU', vendor: 'brcm', model: 'brcm,2711-v3d', driver: 'v3d' },
    ])
    expect(devices).toHaveLength(2)
  })

  it('a Jetson: its load file counts thousandths', () => {
    const { read } = aKernel({ 'proc/device-tree/model': 'NVIDIA Jetson TX2', 'sys/devices/gpu.0/load': '437\n' })
    expect(read(0).devices[1]).toEqual({
      name: 'gpu0',
      kind: 'GPU',
      emulated: false,
      vendor: 'NVIDIA',
      model: 'NVIDIA Jetson TX2',
      utilizationRatio: 0.437,
    })
  })

  it('cards of AMD, Intel and NVIDIA, and who holds them', () => {
    const device = (card: string) => `sys/class/drm/${card}/device`
    const { read } = aKernel({
      [`${device('card1')}/vendor`]: '0x1002',
      [`${device('card1')}/device`]: '0x73bf',
      [`${device('card1')}/driver`]: '->/bus/pci/drivers/amdgpu',
      [`${device('card1')}/gpu_busy_percent`]: '37',
      [`${device('card1')}/mem_info_vram_total`]: '17163091968',
      [`${device('card1')}/mem_info_vram_used`]: '1048576',
      [`${device('card1')}/hwmon/hwmon4/temp1_input`]: '51000',
      [`${device('card1')}/hwmon/hwmon4/power1_average`]: '34000000',
      [`${device('card1')}/drm/renderD128/dev`]: '226:128',
      [`${device('card2')}/vendor`]: '0x8086',
      [`${device('card2')}/device`]: '0x56a0',
      [`${device('card2')}/driver`]: '->/bus/pci/drivers/xe',
      [`${device('card2')}/hwmon/hwmon5/energy1_input`]: '7000000',
      [`${device('card2')}/drm/renderD129/dev`]: '226:129',
      'sys/devices/pci/0000:31:00.0/vendor': '0x10de',
      'sys/devices/pci/0000:31:00.0/driver': '->/bus/pci/drivers/nvidia',
      [device('card10')]: '->../../../devices/pci/0000:31:00.0',
      'proc/driver/nvidia/gpus/0000:31:00.0/information': 'Model: \t\t NVIDIA L4\nIRQ: 1\n',
      'proc/42/fd/7': '->/dev/dri/renderD128',
    })
    expect(read(0).devices.slice(1)).toEqual([
      {
        ...{ name: 'gpu0', kind: 'GPU', emulated: false, vendor: 'AMD', model: 'PCI 1002:73bf', driver: 'amdgpu', state: 'allocated' },
        ...{ utilizationRatio: 0.37, memoryTotalBytes: 17163091968, memoryUsedBytes: 1048576, temperatureCelsius: 51, powerWatts: 34 },
      },
      {
        name: 'gpu1',
        kind: 'GPU',
        emulated: false,
        vendor: 'Intel',
        model: 'PCI 8086:56a0',
        driver: 'xe',
        state: 'unallocated',
        energyJoulesTotal: 7,
      },
      { name: 'gpu2', kind: 'GPU', emulated: false, vendor: 'NVIDIA', model: 'NVIDIA L4', driver: 'nvidia' },
    ])
  })

  it('a process that we may not look into: who holds a device is not known', () => {
    // A file where a directory should be stands for a refusal, since root is refused nothing.
    const { read } = aKernel({ 'sys/class/accel/accel0/device/vendor': '0x8086', 'proc/43/fd': '' })
    expect(read(0).devices[1]).not.toHaveProperty('state')
  })

  it('an NPU with busy time, and FPGAs by their state', () => {
    const { read, write } = aKernel({
      'sys/class/accel/accel0/device/vendor': '0x8086',
      'sys/class/accel/accel0/device/device': '0x7d1d',
      'sys/class/accel/accel0/device/driver': '->/bus/pci/drivers/intel_vpu',
      'sys/class/accel/accel0/device/npu_busy_time_us': '1000',
      'sys/class/fpga_manager/fpga0/name': 'Xilinx ZynqMP FPGA Manager\n',
      'sys/class/fpga_manager/fpga0/state': 'operating\n',
      'sys/class/fpga_manager/fpga1/state': 'write error\n',
      'sys/class/fpga_manager/fpga2/state': 'power off\n',
    })
    expect(read(0).devices.slice(1)).toEqual([
      { name: 'npu0', kind: 'NPU', emulated: false, vendor: 'Intel', model: 'PCI 8086:7d1d', driver: 'intel_vpu', state: 'unallocated' },
      { name: 'fpga0', kind: 'FPGA', emulated: false, model: 'Xilinx ZynqMP FPGA Manager' },
      { name: 'fpga1', kind: 'FPGA', emulated: false, state: 'degraded' },
      { name: 'fpga2', kind: 'FPGA', emulated: false, state: 'offline' },
    ])
    write('sys/class/accel/accel0/device/npu_busy_time_us', '501000')
    expect(read(1000).devices[1]).toMatchObject({ utilizationRatio: 0.5 })
  })
})

it('the machine that runs this test can be told and understood', async () => {
  const read = createMachineReader({ name: 'this', version: '0' })
  read(Date.now())
  const { samples, errors } = parseExposition(await renderDevices(read(Date.now() + 1)))
  expect(errors).toEqual([])
  const { readings, rejected } = toReadings(samples, loadProfile('ha-exporter'), { timeMs: 0 })
  expect(rejected).toEqual([])
  expect(readings.find(({ name }) => name === 'cpu0')?.identity).toMatchObject({ acceleratorKind: 'CPU', emulated: false })
})
