/** The exporters read through a real Prometheus: the same twin as read directly, and its faults are told as its own. */

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Check } from '../../models/contracts/api.ts'
import type { TwinEvent } from '../../models/events/events.ts'
import { twinEventShape } from '../../models/events/events.ts'
import type { Stop } from '../../models/ports.ts'
import { journaled } from '../../models/testing/dhs-site.ts'
import { applyEvents } from '../../twin/fold.ts'
import { emptyTwin, toJson } from '../../twin/twin-state.ts'
import { createEmulatedReader, parseEmulatedMachine } from '../exporter/emulated-machine.ts'
import { createMachineReader } from '../exporter/machine.ts'
import { type RunningExporter, runExporter } from '../exporter/run-exporter.ts'
import { type NodeExporterLab, type PrometheusLab, startNodeExporter, startPrometheus, type TargetGroup } from '../lab/prometheus.ts'
import { runScrapes, type ScrapeSource } from '../run-scrapes.ts'
import { silent } from '../testing/journaled-site.ts'

/** Nothing of it moves, so that two readings are equal. */
const STILL = `
node: { model: still life }
devices:
  - { name: cpu0, kind: CPU, vendor: ARM, model: "Cortex\\"A57\\\\ µ", utilization: 0.35, memory: { totalBytes: 8589934592, usedRatio: 0.4 } }
  - { name: gpu0, kind: GPU, vendor: NVIDIA, model: Jetson TX2, driver: nvgpu, state: allocated, utilization: 0.6125,
      power: { idleWatts: 2.5, busyWatts: 15.3 }, temperature: { idleCelsius: 38, busyCelsius: 72 } }
  - { name: fpga0, kind: FPGA, vendor: Xilinx, model: Kria K26, state: degraded }
  - { name: npu0, kind: NPU, vendor: Google, model: Edge TPU, state: unallocated, utilization: 0 }
`
const INTERVAL_MS = 500
/** Prometheus takes up news about targets every 5 s. */
const SOON_MS = 20_000

const stops: Stop[] = []
let prometheus: PrometheusLab
let nodeExporter: NodeExporterLab
const exporters = new Map<string, RunningExporter>()
let sources: ScrapeSource[]

const hostOf = (url: string) => new URL(url).host
async function anExporter(name: string, isStill: boolean): Promise<void> {
  const read = isStill ? createEmulatedReader(parseEmulatedMachine(STILL, 'still'), { name }) : createMachineReader({ name })
  const running = await runExporter({ port: 0, host: '127.0.0.1', intervalMs: 500, now: Date.now, read })
  exporters.set(name, running)
  stops.push(running.stop)
}

beforeAll(async () => {
  for (const name of ['still-1', 'still-2', 'still-3']) await anExporter(name, true)
  await anExporter('real-1', false)
  nodeExporter = await startNodeExporter()
  stops.push(nodeExporter.stop)
  sources = [
    ...[...exporters].map(([name, { url }]) => ({ name, url, profile: 'ha-exporter', isObserver: name === 'still-3' })),
    { name: 'plain-1', url: `http://${nodeExporter.address}/metrics`, profile: 'node-exporter', isObserver: false },
  ]
  // Labels that the exporters have too, of the same value and of another: Prometheus renames what it is told.
  const clashing = { node: 'still-1', type: 'edge', state: 'of-mind', accelerator_id: 'none', cpu: 'none', model: 'none' }
  const groups: TargetGroup[] = sources.map(({ url }) => ({ targets: [hostOf(url)], labels: clashing }))
  prometheus = await startPrometheus({ targets: groups })
  stops.push(prometheus.stop)
})
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})

/** Reads until `isEnough`; what is told by then. */
async function told(through: 'prometheus' | 'directly', isEnough: (events: readonly TwinEvent[]) => boolean): Promise<TwinEvent[]> {
  const events: TwinEvent[] = []
  const run = runScrapes({
    site: 'real',
    sources,
    intervalMs: INTERVAL_MS,
    prometheus: through === 'prometheus' ? { url: prometheus.url } : undefined,
    publish: async (some) => void events.push(...some),
    random: () => 0.5,
    clock: Date.now,
    log: silent,
  })
  try {
    await until(() => isEnough(events))
  } finally {
    await run()
  }
  for (const event of events) expect(twinEventShape.safeParse(event)).toMatchObject({ success: true })
  return events
}

async function until(isSo: () => boolean, withinMs = SOON_MS): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > deadlineMs) throw new Error(`not so within ${withinMs} ms`)
    await sleep(50)
  }
}

const reachedCount = (events: readonly TwinEvent[], name: string) =>
  events.filter((event) => event.type === 'exporter.reached' && event.name === name).length
const allReached = (times: number) => (events: readonly TwinEvent[]) => sources.every(({ name }) => reachedCount(events, name) >= times)
/** Entities without the times of their facts. */
const timeless = (events: readonly TwinEvent[]) => {
  const { entities } = toJson(applyEvents(emptyTwin, journaled(events)))
  return JSON.parse(JSON.stringify(entities, (key, value) => (key === 'timeMs' || key === 'freshness' ? undefined : value)))
}

describe('the same site', () => {
  it('gives the same twin', async () => {
    const [through, directly] = [await told('prometheus', allReached(2)), await told('directly', allReached(2))]
    const isStill = ({ name }: { name: string }) => name.startsWith('still-')
    const [a, b] = [timeless(through), timeless(directly)]
    expect(a.node.filter(isStill)).toEqual(b.node.filter(isStill))
    expect(a.accelerator.filter(isStill)).toEqual(b.accelerator.filter(isStill))
    expect(a.accelerator.filter(isStill)).toHaveLength(12)
    // What moves is there all the same, with the same identity.
    const shapeOf = ({ node, accelerator }: typeof a) =>
      [...node, ...accelerator].map(({ name, mode, reported }) => ({
        ...{ name, mode, identity: reported.identity, memory: reported.load?.value.memoryTotalBytes },
        known: Object.keys(reported.load?.value ?? {}),
      }))
    expect(shapeOf(a)).toEqual(shapeOf(b))
  })

  it('tells each scrape once, with the time of the scrape', async () => {
    const events = await told('prometheus', (some) => reachedCount(some, 'still-1') >= 4)
    const times = events.flatMap((event) => (event.type === 'exporter.reached' && event.name === 'still-1' ? event.timeMs : []))
    expect(new Set(times).size).toBe(times.length)
    for (const [i, timeMs] of times.slice(1).entries()) expect(Math.abs(timeMs - times[i]! - 1_000)).toBeLessThan(500)
  })
})

describe('what fails', () => {
  it('clocks that disagree are noticed', async () => {
    const run = runScrapes({
      ...{ site: 'real', sources, intervalMs: INTERVAL_MS, prometheus: { url: prometheus.url }, random: () => 0.5, log: silent },
      publish: async () => {},
      clock: () => Date.now() + 60_000,
    })
    try {
      await until(() => run.checks().some(({ ok }) => !ok))
      expect(run.checks().find(({ ok }) => !ok)).toMatchObject({ name: 'prometheus-clock', remedy: expect.stringContaining('NTP') })
      expect(run.checks()[1]?.detail).toMatch(/^its clock is (60\.0|59\.\d) s behind ours$/)
    } finally {
      await run()
    }
  })

  it('an exporter that Prometheus cannot scrape is lost, with its words', async () => {
    await exporters.get('still-2')?.stop()
    const events = await told(
      'prometheus',
      (some) => some.some(({ type }) => type === 'exporter.lost') && reachedCount(some, 'still-1') > 0,
    )
    const lost = events.filter((event) => event.type === 'exporter.lost')
    expect(new Set(lost.map(({ name }) => name))).toEqual(new Set(['still-2']))
    expect(lost[0]?.reason).toMatch(/^prometheus: Get "http:.*connection refused/)
  })

  it('a Prometheus that is killed loses nobody, is named, and is read again when it is back', async () => {
    const events: TwinEvent[] = []
    const failing = (checks: readonly Check[]) => checks.filter(({ ok }) => !ok).map(({ name }) => name)
    const run = runScrapes({
      site: 'real',
      sources: [...sources.filter(({ name }) => name !== 'still-2'), { ...sources[0]!, name: 'nobody', url: 'http://127.0.0.1:1/metrics' }],
      intervalMs: 200,
      prometheus: { url: prometheus.url },
      publish: async (some) => void events.push(...some),
      random: () => 0.5,
      clock: Date.now,
      log: silent,
    })
    try {
      await until(() => reachedCount(events, 'still-1') > 0)
      await until(() => failing(run.checks()).length > 0)
      expect(run.checks().filter(({ ok }) => !ok)).toMatchObject([{ name: 'prometheus-targets', detail: 'not scraped: nobody' }])
      await prometheus.kill()
      await until(() => failing(run.checks()).includes('prometheus'))
      expect(run.checks()[0]).toMatchObject({
        ok: false,
        detail: expect.stringMatching(/ECONNREFUSED|ECONNRESET/),
        remedy: expect.stringMatching(/runs/),
      })
      const before = events.length
      await sleep(1_000)
      expect(events).toHaveLength(before)
      await prometheus.start()
      await until(() => events.length > before && !failing(run.checks()).includes('prometheus'))
      expect(events.filter(({ type }) => type === 'exporter.lost')).toEqual([])
    } finally {
      await run()
    }
  })
})
