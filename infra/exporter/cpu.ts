/** The machine's CPUs taken together, as one accelerator `cpu0`, and the node around them: /proc, thermal zones, RAPL. */
import type { DeviceDescription, NodeDescription } from '../../connectors/metrics/device-metrics.ts'
import type { KernelRoots, Shares } from './kernel.ts'
import { known, list, readScaled, readText } from './kernel-files.ts'

const CPU_SENSOR = /x86_pkg_temp|cpu|soc|coretemp|k10temp/i

export function readCpu(
  { proc, sys }: KernelRoots,
  shares: Shares,
): { readonly cpu: DeviceDescription; readonly node: Omit<NodeDescription, 'name'> } {
  const stat = readText(`${proc}/stat`) ?? ''
  const cpuInfo = readText(`${proc}/cpuinfo`) ?? ''
  const board = readText(`${proc}/device-tree/model`) ?? field(cpuInfo, 'Model')
  const load = known({ utilizationRatio: readUtilization(stat, shares), ...readMemory(readText(`${proc}/meminfo`) ?? '') })
  const cpu: DeviceDescription = {
    name: 'cpu0',
    kind: 'CPU',
    emulated: false,
    ...known({ vendor: field(cpuInfo, 'vendor_id'), model: field(cpuInfo, 'model name') ?? board }),
    ...load,
    ...known({ temperatureCelsius: readTemperature(sys), energyJoulesTotal: readEnergy(sys) }),
  }
  const node = {
    emulated: false,
    ...known({ model: board, kernel: readText(`${proc}/sys/kernel/osrelease`), architecture: readText(`${proc}/sys/kernel/arch`) }),
    ...known({ cpuCount: stat.match(/^cpu\d+ /gm)?.length }),
    ...load,
  }
  return { cpu, node }
}

function field(cpuInfo: string, name: string): string | undefined {
  return new RegExp(`^${name}[\\t ]*: (.+)$`, 'm').exec(cpuInfo)?.[1]?.trim()
}

/** user nice system idle iowait irq softirq steal; guest time is part of user. */
function readUtilization(stat: string, shares: Shares): number | undefined {
  const ticks = /^cpu +(.+)$/m.exec(stat)?.[1]?.split(' ').slice(0, 8).map(Number)
  if (ticks === undefined || ticks.length < 4 || ticks.some(Number.isNaN)) return undefined
  const total = ticks.reduce((sum, tick) => sum + tick, 0)
  return shares('cpu', { busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0), total })
}

function readMemory(memInfo: string): { readonly memoryTotalBytes: number | undefined; readonly memoryUsedBytes: number | undefined } {
  const bytesOf = (name: string) => {
    const kib = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(memInfo)?.[1]
    return kib === undefined ? undefined : Number(kib) * 1024
  }
  const memoryTotalBytes = bytesOf('MemTotal')
  const available = bytesOf('MemAvailable')
  return {
    memoryTotalBytes,
    memoryUsedBytes: memoryTotalBytes === undefined || available === undefined ? undefined : memoryTotalBytes - available,
  }
}

/** The hottest sensor that is of a CPU. */
function readTemperature(sys: string): number | undefined {
  const zones = list(`${sys}/class/thermal`, /^thermal_zone\d+$/).map((zone) => `${sys}/class/thermal/${zone}`)
  const monitors = list(`${sys}/class/hwmon`, /^hwmon\d+$/).map((monitor) => `${sys}/class/hwmon/${monitor}`)
  const sensors = [
    ...zones.filter((zone) => CPU_SENSOR.test(readText(`${zone}/type`) ?? '')).map((zone) => readScaled(`${zone}/temp`, 1000)),
    ...monitors.filter((one) => CPU_SENSOR.test(readText(`${one}/name`) ?? '')).map((one) => readScaled(`${one}/temp1_input`, 1000)),
  ].filter((celsius) => celsius !== undefined)
  return sensors.length === 0 ? undefined : Math.max(...sensors)
}

/** All packages; only root may read it on most machines. */
function readEnergy(sys: string): number | undefined {
  const packages = list(`${sys}/class/powercap`, /^intel-rapl:\d+$/).map((one) => readScaled(`${sys}/class/powercap/${one}/energy_uj`, 1e6))
  const joules = packages.filter((one) => one !== undefined)
  return joules.length === 0 || joules.length < packages.length ? undefined : joules.reduce((sum, one) => sum + one, 0)
}
