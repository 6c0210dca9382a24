import { expect, it } from '@jest/globals'
import type { TwinEvent } from '../../models/events/events.ts'
import { twinEventShape } from '../../models/events/events.ts'
import type { Profile } from './profile.ts'
import type { Reading } from './readings.ts'
import { nothingTold, type ToldState, toScrapeEvents } from './scrape-events.ts'
import type { ScrapeResult } from './scraper.ts'

const target = {
  name: 'tx2-1',
  url: 'http://127.0.0.1:1/metrics',
  profile: { name: 'ha-exporter', devices: [] } as unknown as Profile,
  intervalMs: 1_000,
}
const gpu: Reading = {
  kind: 'accelerator',
  name: 'gpu0',
  identity: { acceleratorKind: 'GPU', model: 'jetson-tx2', emulated: true },
  utilizationRatio: 0.5,
  state: 'allocated',
  healthy: true,
}
const scraped = (timeMs: number, readings: readonly Reading[]): ScrapeResult => ({
  target,
  ok: true,
  timeMs,
  durationMs: 4,
  readings,
  rejected: [],
  parseErrors: [],
})
const silent = (timeMs: number): ScrapeResult => ({
  target,
  ok: false,
  timeMs,
  durationMs: 5_000,
  reason: 'timeout',
  message: 'no answer in 5 s',
})
const facts = { site: 'dhs', isObserver: false }
const types = (events: readonly TwinEvent[]) => events.map(({ type, ...event }) => ('name' in event ? `${type} ${event.name}` : type))

function tell(results: readonly ScrapeResult[], of = facts): TwinEvent[][] {
  let told: ToldState = nothingTold
  return results.map((result) => {
    const step = toScrapeEvents(told, result, of)
    told = step.told
    for (const event of step.events) expect(twinEventShape.safeParse(event).success).toBe(true)
    return step.events
  })
}

it('tells an identity once, samples every time, and both again after half a minute', () => {
  const [first, second, third] = tell([scraped(1_000, [gpu]), scraped(2_000, [gpu]), scraped(31_500, [gpu])])
  expect(types(first!)).toEqual(['exporter.reached tx2-1', 'accelerator.observed tx2-1/gpu0', 'accelerator.sampled tx2-1/gpu0'])
  expect(types(second!)).toEqual(['exporter.reached tx2-1', 'accelerator.sampled tx2-1/gpu0'])
  expect(types(third!)).toEqual(types(first!))
  expect(first![2]).toMatchObject({ load: { utilizationRatio: 0.5 }, allocated: true, source: 'exporter:tx2-1' })
  expect(first![1]).toMatchObject({ identity: { deviceModel: 'jetson-tx2', acceleratorKind: 'GPU', emulated: true, node: 'tx2-1' } })
})

it('says that a device went when its exporter no longer lists it, and nothing of devices when the exporter is silent', () => {
  const [, lost, back] = tell([scraped(1_000, [gpu]), silent(2_000), scraped(3_000, [])])
  expect(types(lost!)).toEqual(['exporter.lost tx2-1'])
  expect(types(back!)).toEqual(['exporter.reached tx2-1', 'accelerator.gone tx2-1/gpu0'])
})

it('tells health when it changes, and only then', () => {
  const sick = { ...gpu, healthy: false }
  const heard = tell([scraped(1_000, [gpu]), scraped(2_000, [sick]), scraped(3_000, [sick]), scraped(4_000, [gpu])])
  const health = heard.map((events) => events.flatMap((event) => (event.type === 'accelerator.conditionsChanged' ? event.healthy : [])))
  expect(health).toEqual([[], [false], [], [true]])
})

it('leaves unknown out instead of saying zero', () => {
  const [events] = tell([scraped(1_000, [{ kind: 'accelerator', name: 'npu0' }])])
  expect(events![1]).toMatchObject({ type: 'accelerator.sampled', load: {} })
})

it('lets the exporter of a watched machine speak for the machine', () => {
  const node: Reading = { kind: 'node', name: '', memoryTotalBytes: 8e9, utilizationRatio: 0.25 }
  const [up, still, down] = tell([scraped(1_000, [node]), scraped(2_000, [node]), silent(3_000)], { site: 'dhs', isObserver: true })
  expect(types(up!)).toEqual(['node.observed tx2-1', 'node.conditionsChanged tx2-1', 'exporter.reached tx2-1', 'node.sampled tx2-1'])
  expect(up![0]).toMatchObject({ identity: { role: 'observer', emulated: false, memoryBytes: 8e9 }, schedulable: false })
  expect(types(still!)).toEqual(['exporter.reached tx2-1', 'node.sampled tx2-1'])
  expect(down![0]).toMatchObject({ type: 'node.conditionsChanged', ready: false })
})
