/** One exporter per machine, on real HTTP, in the text of our own exporter; a dead machine's hangs up on everybody. */
import { deviceModels } from '../../models/applications/device-models.ts'
import { DEVICE_METRICS_CONTENT_TYPE, type DeviceDescription, renderDevices } from '../metrics/device-metrics.ts'
import { aMeter, type Meter, memoryOf, readMeter } from './device-load.ts'
import { type LocalServer, runLocalServer } from './local-server.ts'
import type { Device, Machine, World } from './world.ts'

export interface ExporterTarget {
  /** Of the node. */
  readonly name: string
  readonly url: string
  readonly profile: 'ha-exporter'
}

export interface Exporters {
  readonly targets: readonly ExporterTarget[]
  readonly stop: () => Promise<void>
}

export async function runExporters(world: World): Promise<Exporters> {
  const meters = new Map([...world.devices].map(([name, device]) => [name, aMeter(device)]))
  const running = await Promise.all(
    [...world.machines].map(async ([name, machine]): Promise<[string, LocalServer]> => [name, await runExporter(world, machine, meters)]),
  )
  return {
    targets: running.map(([name, { url }]) => ({ name, url: `${url}/metrics`, profile: 'ha-exporter' })),
    stop: async () => {
      await Promise.all(running.map(([, server]) => server.stop()))
    },
  }
}

function runExporter(world: World, machine: Machine, meters: ReadonlyMap<string, Meter>): Promise<LocalServer> {
  return runLocalServer(async (request, response) => {
    if (!machine.alive) return void response.destroy()
    if (request.url !== '/metrics') return void response.writeHead(404).end('Metrics are at /metrics.\n')
    const text = await world.agenda.enter(() => describe(world, machine, meters))
    if (!machine.alive) return void response.destroy()
    response.writeHead(200, { 'content-type': DEVICE_METRICS_CONTENT_TYPE }).end(text)
  })
}

function describe(world: World, { description, devices, lieRatio }: Machine, meters: ReadonlyMap<string, Meter>): Promise<string> {
  const described = devices.map((device): DeviceDescription => {
    const meter = meters.get(device.name) ?? aMeter(device)
    readMeter(meter, device, world.agenda.nowMs())
    const memory = memoryOf(device)
    const known = { name: device.name.slice(device.node.length + 1), kind: device.kind, emulated: true, model: device.model }
    if (!device.working) return { ...known, state: 'offline' }
    return {
      ...known,
      state: device.queue.length > 0 ? 'allocated' : 'unallocated',
      utilizationRatio: lieRatio ?? meter.utilizationRatio,
      memoryUsedBytes: Math.round(memory.usedBytes),
      memoryTotalBytes: memory.totalBytes,
      temperatureCelsius: round(meter.celsius),
      powerWatts: round(meter.watts),
      energyJoulesTotal: round(meter.joules),
    }
  })
  const { usedBytes, totalBytes } = nodeMemory(devices)
  const cpu = described.find(({ kind }) => kind === 'CPU')
  const title = deviceModels().find(({ name }) => name === devices[0]?.model)?.title ?? ''
  const node = {
    name: description.name,
    emulated: true,
    model: title,
    ...(cpu?.utilizationRatio === undefined ? {} : { utilizationRatio: cpu.utilizationRatio }),
    memoryUsedBytes: Math.round(usedBytes),
    memoryTotalBytes: totalBytes,
  }
  return renderDevices({ node, devices: described })
}

/** Processors of one model share its memory; the first model is the node's own. */
function nodeMemory(devices: readonly Device[]): ReturnType<typeof memoryOf> {
  const shared = devices.filter(({ model }) => model === devices[0]?.model).map(memoryOf)
  const totalBytes = shared[0]?.totalBytes ?? 0
  const systemBytes = Math.min(...shared.map(({ usedBytes }) => usedBytes))
  return {
    usedBytes: Math.min(totalBytes, shared.reduce((sum, { usedBytes }) => sum + usedBytes, 0) - (shared.length - 1) * systemBytes),
    totalBytes,
  }
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
