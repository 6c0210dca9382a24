/**
 * Measured latencies of whole networks, batch 1: rows of ncnn's benchmark table, values untouched (BSD-3-Clause, NOTICE.md).
 *
 * Where a device has several runs, the one with all its cores is kept, for a GPU too (they feed it); the i7-11800H has
 * only a run of one thread. ncnn measures AlexNet in its two-tower form at 227 × 227 pixels, the SSDs at 300 × 300,
 * yolov4-tiny at 416 × 416, all others at 224 × 224.
 */

export interface Latency {
  readonly minMs: number
  readonly maxMs: number
  readonly avgMs: number
}

export interface MeasuredRun {
  /** For people; `deviceAsListed` is the name in the table. */
  readonly device: string
  readonly deviceAsListed: string
  /** Number of the run among those of the device in the table, from 1. */
  readonly run: number
  readonly backend: 'cpu' | 'gpu'
  /** CPU threads in use. */
  readonly threads: number
  /** By ncnn's name of the network. */
  readonly latencies: Readonly<Record<string, Latency>>
}

export const raspberryPi4: MeasuredRun = {
  device: 'Raspberry Pi 4B',
  deviceAsListed: 'Raspberry Pi 4 Model B Broadcom BCM2711B0, Cortex-A72 (ARMv8) (1.8GHz x 4)',
  run: 1,
  backend: 'cpu',
  threads: 4,
  latencies: {
    alexnet: { minMs: 75.75, maxMs: 78.08, avgMs: 76.4 },
    googlenet: { minMs: 113.74, maxMs: 115.14, avgMs: 114.35 },
    resnet50: { minMs: 261.9, maxMs: 263.91, avgMs: 262.83 },
    squeezenet_ssd: { minMs: 127.01, maxMs: 129.85, avgMs: 127.61 },
    resnet18: { minMs: 122.27, maxMs: 125.39, avgMs: 123.12 },
    mobilenet_v2: { minMs: 61.63, maxMs: 62.02, avgMs: 61.88 },
    mobilenet_ssd: { minMs: 120.43, maxMs: 123.28, avgMs: 121.46 },
    'yolov4-tiny': { minMs: 205.95, maxMs: 209.9, avgMs: 207.22 },
  },
}

export const jetsonTx2NxGpu: MeasuredRun = {
  device: 'Jetson TX2 NX',
  deviceAsListed: 'NVIDIA Jetson TX2 NX(NV-Denver2 2.0Ghz x 2 +  Cortex-A57 2.0Ghz x 4 + 256-core NVIDIA Pascal iGPU)',
  run: 1,
  backend: 'gpu',
  threads: 6,
  latencies: {
    alexnet: { minMs: 20.15, maxMs: 20.51, avgMs: 20.32 },
    googlenet: { minMs: 15.33, maxMs: 15.78, avgMs: 15.53 },
    resnet50: { minMs: 30.05, maxMs: 31.11, avgMs: 30.39 },
    squeezenet_ssd: { minMs: 18.48, maxMs: 22.9, avgMs: 20.26 },
    resnet18: { minMs: 12.25, maxMs: 13.28, avgMs: 12.78 },
    mobilenet_v2: { minMs: 6.65, maxMs: 6.86, avgMs: 6.76 },
    mobilenet_ssd: { minMs: 15.56, maxMs: 15.76, avgMs: 15.67 },
    'yolov4-tiny': { minMs: 23.08, maxMs: 37.19, avgMs: 25.43 },
  },
}

export const jetsonTx2NxCpu: MeasuredRun = {
  device: 'Jetson TX2 NX',
  deviceAsListed: 'NVIDIA Jetson TX2 NX(NV-Denver2 2.0Ghz x 2 +  Cortex-A57 2.0Ghz x 4 + 256-core NVIDIA Pascal iGPU)',
  run: 3,
  backend: 'cpu',
  threads: 6,
  latencies: {
    alexnet: { minMs: 41.42, maxMs: 67.03, avgMs: 52.66 },
    googlenet: { minMs: 59.37, maxMs: 93.96, avgMs: 70.88 },
    resnet50: { minMs: 305.79, maxMs: 330.68, avgMs: 316.55 },
    squeezenet_ssd: { minMs: 51.06, maxMs: 125.69, avgMs: 67.34 },
    resnet18: { minMs: 51.99, maxMs: 134.81, avgMs: 68.5 },
    mobilenet_v2: { minMs: 21.95, maxMs: 25.77, avgMs: 24.1 },
    mobilenet_ssd: { minMs: 52.27, maxMs: 123.5, avgMs: 64.86 },
    'yolov4-tiny': { minMs: 108.39, maxMs: 123.62, avgMs: 112.81 },
  },
}

export const ryzen5700g: MeasuredRun = {
  device: 'AMD Ryzen 5700G',
  deviceAsListed: 'AMD Ryzen 5700g (Zen3 3.8 GHz ~ 4.6 GHz x 8)',
  run: 2,
  backend: 'cpu',
  threads: 16,
  latencies: {
    alexnet: { minMs: 9.95, maxMs: 10.45, avgMs: 10.17 },
    googlenet: { minMs: 10.75, maxMs: 11.33, avgMs: 11 },
    resnet50: { minMs: 17.8, maxMs: 21.43, avgMs: 18.66 },
    squeezenet_ssd: { minMs: 14.49, maxMs: 16.36, avgMs: 14.9 },
    resnet18: { minMs: 8.92, maxMs: 16.08, avgMs: 10.08 },
    mobilenet_v2: { minMs: 3.63, maxMs: 4.2, avgMs: 3.82 },
    mobilenet_ssd: { minMs: 7.2, maxMs: 7.86, avgMs: 7.51 },
    'yolov4-tiny': { minMs: 20.81, maxMs: 22.11, avgMs: 21.33 },
  },
}

export const coreI711800h: MeasuredRun = {
  device: 'Intel Core i7-11800H',
  deviceAsListed: 'Hyper-V Linux Guest with GPU-PV enabled (Intel Core i7-11800H, NVIDIA GeForce RTX 3070 Laptop GPU)',
  run: 3,
  backend: 'cpu',
  threads: 1,
  latencies: {
    alexnet: { minMs: 17.37, maxMs: 18.69, avgMs: 17.66 },
    googlenet: { minMs: 24.05, maxMs: 25.78, avgMs: 24.64 },
    resnet50: { minMs: 54.4, maxMs: 58.74, avgMs: 55.54 },
    squeezenet_ssd: { minMs: 17.3, maxMs: 18.65, avgMs: 17.71 },
    resnet18: { minMs: 20.31, maxMs: 21.48, avgMs: 20.74 },
    mobilenet_v2: { minMs: 7.74, maxMs: 8.05, avgMs: 7.89 },
    mobilenet_ssd: { minMs: 24.01, maxMs: 25.94, avgMs: 25.02 },
    'yolov4-tiny': { minMs: 41.49, maxMs: 43.55, avgMs: 42.5 },
  },
}

export const uhdGraphics770: MeasuredRun = {
  device: 'Intel UHD Graphics 770',
  deviceAsListed: 'Intel(R) UHD Graphics 770 of Desktop[2023-10-12]',
  run: 1,
  backend: 'gpu',
  threads: 16,
  latencies: {
    alexnet: { minMs: 13.64, maxMs: 14.37, avgMs: 13.98 },
    googlenet: { minMs: 11.53, maxMs: 12.64, avgMs: 11.89 },
    resnet50: { minMs: 25.61, maxMs: 28.22, avgMs: 26.62 },
    squeezenet_ssd: { minMs: 10.34, maxMs: 15.88, avgMs: 14.75 },
    resnet18: { minMs: 10.75, maxMs: 12.94, avgMs: 11.07 },
    mobilenet_v2: { minMs: 4.03, maxMs: 4.89, avgMs: 4.37 },
    mobilenet_ssd: { minMs: 11.35, maxMs: 13.06, avgMs: 12.44 },
    'yolov4-tiny': { minMs: 20.62, maxMs: 25.58, avgMs: 24.39 },
  },
}

export const celeronN5105: MeasuredRun = {
  device: 'Intel Celeron N5105',
  deviceAsListed: 'Intel Celeron N5105',
  run: 1,
  backend: 'cpu',
  threads: 4,
  latencies: {
    alexnet: { minMs: 51.84, maxMs: 52.17, avgMs: 52 },
    googlenet: { minMs: 64.78, maxMs: 65.16, avgMs: 65.01 },
    resnet50: { minMs: 152.66, maxMs: 153.33, avgMs: 153.03 },
    squeezenet_ssd: { minMs: 44.07, maxMs: 44.51, avgMs: 44.37 },
    resnet18: { minMs: 53.91, maxMs: 54.28, avgMs: 54.07 },
    mobilenet_v2: { minMs: 22.54, maxMs: 22.71, avgMs: 22.65 },
    mobilenet_ssd: { minMs: 67.73, maxMs: 68.21, avgMs: 67.98 },
    'yolov4-tiny': { minMs: 107.25, maxMs: 107.72, avgMs: 107.5 },
  },
}

export const jetsonNanoGpu: MeasuredRun = {
  device: 'Jetson Nano',
  deviceAsListed: 'NVIDIA Jetson Nano',
  run: 1,
  backend: 'gpu',
  threads: 4,
  latencies: {
    alexnet: { minMs: 74.21, maxMs: 75.2, avgMs: 74.45 },
    googlenet: { minMs: 43.3, maxMs: 43.54, avgMs: 43.43 },
    resnet50: { minMs: 93.03, maxMs: 93.22, avgMs: 93.12 },
    squeezenet_ssd: { minMs: 55.88, maxMs: 57.43, avgMs: 56.46 },
    resnet18: { minMs: 43.89, maxMs: 44.06, avgMs: 43.98 },
    mobilenet_v2: { minMs: 12.87, maxMs: 13.15, avgMs: 12.99 },
    mobilenet_ssd: { minMs: 35.38, maxMs: 37.57, avgMs: 36.63 },
    'yolov4-tiny': { minMs: 95.38, maxMs: 97.55, avgMs: 96.45 },
  },
}
