/** NPUs of /sys/class/accel and FPGAs of /sys/class/fpga_manager. */
import type { DeviceDescription } from '../../connectors/metrics/device-metrics.ts'
import { type Holders, type KernelRoots, type Shares, VENDORS } from './kernel.ts'
import { known, linkName, list, readScaled, readText } from './kernel-files.ts'

/** @param timeMs The busy time that a driver tells is a share of this clock. */
export function readNpus(
  { sys }: KernelRoots,
  { isHeld, shares, timeMs }: { isHeld: Holders; shares: Shares; timeMs: number },
): DeviceDescription[] {
  return list(`${sys}/class/accel`, /^accel\d+$/).map((accel, i) => {
    const device = `${sys}/class/accel/${accel}/device`
    const vendorId = readText(`${device}/vendor`)
    const compatible = readText(`${device}/of_node/compatible`)
    const busyUs = readScaled(`${device}/npu_busy_time_us`)
    const name = `npu${i}`
    return {
      name,
      kind: 'NPU',
      emulated: false,
      ...known({
        vendor: vendorId === undefined ? compatible?.split(',')[0] : (VENDORS[vendorId] ?? vendorId),
        model: vendorId === undefined ? compatible : `PCI ${vendorId.slice(2)}:${readText(`${device}/device`)?.slice(2)}`,
        driver: linkName(`${device}/driver`),
        state: isHeld([`/dev/accel/${accel}`]),
        utilizationRatio: busyUs === undefined ? undefined : shares(name, { busy: busyUs, total: timeMs * 1000 }),
        memoryUsedBytes: readScaled(`${device}/npu_memory_utilization`),
      }),
    }
  })
}

/** The manager's states are those of programming the fabric: they tell of faults, not of who uses it. */
export function readFpgas({ sys }: KernelRoots): DeviceDescription[] {
  return list(`${sys}/class/fpga_manager`, /^fpga\d+$/).map((fpga, i) => {
    const state = readText(`${sys}/class/fpga_manager/${fpga}/state`)
    return {
      name: `fpga${i}`,
      kind: 'FPGA',
      emulated: false,
      ...known({
        model: readText(`${sys}/class/fpga_manager/${fpga}/name`),
        driver: linkName(`${sys}/class/fpga_manager/${fpga}/device/driver`),
        state: state === 'power off' ? ('offline' as const) : state?.includes('error') ? ('degraded' as const) : undefined,
      }),
    }
  })
}
