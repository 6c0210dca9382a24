/**
 * The device models that costs are known for: which measured run stands for each of their processors, and how well.
 *
 * A basis with `caveat` is another device than the one named, so every cost from it is an estimate and says why. Scale
 * factors have one significant digit or two: nothing behind them is more precise.
 */
import type { AcceleratorKind } from '../events/shapes.ts'
import type { MeasuredRun } from './measurements.ts'
import {
  celeronN5105,
  coreI711800h,
  jetsonNanoGpu,
  jetsonTx2NxCpu,
  jetsonTx2NxGpu,
  raspberryPi4,
  ryzen5700g,
  uhdGraphics770,
} from './measurements.ts'

export interface ProcessorModel {
  readonly kind: AcceleratorKind
  readonly busyWatts: number
  readonly idleWatts: number
  readonly run: MeasuredRun
  /** Times the measured latency; above 1 is slower than the measured device. */
  readonly scale: number
  readonly caveat?: string
}

export interface DeviceModel {
  readonly name: string
  readonly title: string
  /** Of the device; processors of one device share it. */
  readonly memoryBytes: number
  /** Where memory and power come from. */
  readonly source: string
  readonly processors: readonly ProcessorModel[]
}

const GIB = 1024 ** 3
const TX2_CAVEAT = 'measured on the TX2 NX, the same chip on a smaller board with slower memory'

const DEVICE_MODELS: readonly DeviceModel[] = [
  {
    name: 'raspberry-pi-4b',
    title: 'Raspberry Pi 4B',
    memoryBytes: 4 * GIB,
    source: 'memory assumed (sold with 1 to 8 GB); power: public measurements of the board, idle and with four busy cores',
    processors: [{ kind: 'CPU', busyWatts: 6.4, idleWatts: 2.7, run: raspberryPi4, scale: 1 }],
  },
  {
    name: 'jetson-tx2',
    title: 'Jetson TX2',
    memoryBytes: 8 * GIB,
    source: 'memory and the 7.5 W and 15 W modes: NVIDIA; the split between CPU and GPU and the idle power are assumed',
    processors: [
      { kind: 'CPU', busyWatts: 7.5, idleWatts: 1.5, run: jetsonTx2NxCpu, scale: 1, caveat: TX2_CAVEAT },
      { kind: 'GPU', busyWatts: 10, idleWatts: 1, run: jetsonTx2NxGpu, scale: 1, caveat: TX2_CAVEAT },
    ],
  },
  {
    name: 'edge-server-3.6ghz',
    title: 'Edge server, 3.6 GHz',
    memoryBytes: 24 * GIB,
    source: 'memory: published with the cluster; busy power: TDP of the stand-in (65 W); idle power assumed',
    processors: [
      {
        kind: 'CPU',
        busyWatts: 65,
        idleWatts: 20,
        run: ryzen5700g,
        scale: 1,
        caveat: 'stand-in: of the server only 3.6 GHz and 24 GB are known; a measured desktop CPU of 8 cores and 3.8 GHz, all cores',
      },
    ],
  },
  {
    name: 'core-i7-11th-gen',
    title: 'Intel Core i7, 11th generation, 2.80 GHz',
    memoryBytes: 16 * GIB,
    source: 'memory and idle power assumed; busy power: 28 W, the upper configurable TDP',
    processors: [
      {
        kind: 'CPU',
        busyWatts: 28,
        idleWatts: 5,
        run: coreI711800h,
        scale: 0.4,
        caveat: 'one thread measured on the same core design; four threads take about 0.4 of that on a measured server CPU',
      },
    ],
  },
  {
    name: 'iris-xe',
    title: 'Intel Iris Xe',
    memoryBytes: 8 * GIB,
    source: 'shares the memory of its host, half of an assumed 16 GB; power assumed within the 28 W of the chip',
    processors: [
      {
        kind: 'GPU',
        busyWatts: 15,
        idleWatts: 1,
        run: uhdGraphics770,
        scale: 0.4,
        caveat: 'the same architecture with 96 execution units at 1.3 GHz for 32 at 1.6 GHz, so 0.4 by peak rate',
      },
    ],
  },
  {
    name: 'xeon-e5-1650v3',
    title: 'Intel Xeon E5-1650 v3',
    memoryBytes: 16 * GIB,
    source: 'memory and idle power assumed; busy power: TDP (140 W)',
    processors: [
      {
        kind: 'CPU',
        busyWatts: 140,
        idleWatts: 40,
        run: ryzen5700g,
        scale: 1.4,
        caveat: 'stand-in with the same vector width; 8 cores × 3.8 GHz for 6 × 3.5 GHz gives 1.4',
      },
    ],
  },
  {
    name: 'arria-10-gx',
    title: 'Intel Arria 10 GX',
    memoryBytes: 8 * GIB,
    source: 'memory and power assumed, after accelerator cards with this chip',
    processors: [
      {
        kind: 'FPGA',
        busyWatts: 45,
        idleWatts: 20,
        run: jetsonTx2NxGpu,
        scale: 1,
        caveat: 'stand-in: no FPGA is measured; the measured GPU of nearest peak rate (1.3 TFLOPS, the FPGA up to 1.5)',
      },
    ],
  },
  {
    name: 'xeon-x5550',
    title: 'Intel Xeon X5550',
    memoryBytes: 16 * GIB,
    source: 'memory and idle power assumed; busy power: TDP (95 W)',
    processors: [
      {
        kind: 'CPU',
        busyWatts: 95,
        idleWatts: 40,
        run: celeronN5105,
        scale: 1,
        caveat: 'stand-in: the measured x86 CPU likewise with four cores and SSE4.2 but no AVX, at a similar clock',
      },
    ],
  },
  {
    name: 'neural-compute-stick-2',
    title: 'Intel Neural Compute Stick 2',
    memoryBytes: GIB / 2,
    source: 'memory: 4 Gbit in the package; power assumed for a USB stick',
    processors: [
      {
        kind: 'NPU',
        busyWatts: 2,
        idleWatts: 0.5,
        run: jetsonNanoGpu,
        scale: 1,
        caveat: 'stand-in: no NPU is measured; the measured edge GPU of nearest peak rate (0.5 TFLOPS, the stick nominally 1)',
      },
    ],
  },
]

export function deviceModels(): readonly DeviceModel[] {
  return DEVICE_MODELS
}
