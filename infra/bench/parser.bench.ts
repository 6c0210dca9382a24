/**
 * Samples a second of the exposition parser, on a real scrape and on a text of distinct series at the limit.
 *
 * The ratio is to the naive way, split and regex, which checks almost nothing: what strictness costs or saves.
 */
import { readFileSync } from 'node:fs'
import { parseExposition } from '../../models/exposition/exposition.ts'
import type { Report } from './figure.ts'

export const suite = 'parser'

const SCRAPE = `${import.meta.dirname}/../../connectors/metrics/scrapes/node_exporter-e2e-output.prom`
const SERIES = 20_000
const MEASURE_MS = 700

export async function run(report: Report): Promise<void> {
  const texts = { 'node_exporter scrape': readFileSync(SCRAPE, 'utf8'), '20,000 distinct series': distinctSeries() }
  for (const [name, text] of Object.entries(texts)) {
    const value = samplesPerSecond(() => parseExposition(text, { format: 'prometheus' }).samples.length)
    const naive = samplesPerSecond(() => naiveParse(text).length)
    report({
      suite,
      name,
      value: Math.round(value),
      unit: 'samples/s',
      bytes: text.length,
      ratioToNaive: Number((value / naive).toFixed(2)),
    })
  }
}

function samplesPerSecond(parse: () => number): number {
  const warmUntilMs = performance.now() + MEASURE_MS / 2
  while (performance.now() < warmUntilMs) parse()
  const startMs = performance.now()
  let sampleCount = 0
  while (performance.now() - startMs < MEASURE_MS) sampleCount += parse()
  return (sampleCount / (performance.now() - startMs)) * 1000
}

function distinctSeries(): string {
  const lines = Array.from(
    { length: SERIES },
    (_, i) => `ha_accelerator_utilization_ratio{accelerator_id="node-${i >> 2}/gpu${i & 3}",zone="z${i % 7}"} ${(i * 0.37).toFixed(3)}\n`,
  )
  return `# TYPE ha_accelerator_utilization_ratio gauge\n${lines.join('')}`
}

function naiveParse(text: string): { readonly name: string; readonly labels: Record<string, string>; readonly value: number }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([^{# ]+)(?:\{(.*)\})? (\S+)/.exec(line)
    if (match === null) return []
    const labels: Record<string, string> = {}
    for (const [, label = '', value = ''] of (match[2] ?? '').matchAll(/([^=,]+)="((?:[^"\\]|\\.)*)"/g)) labels[label] = value
    return [{ name: match[1] ?? '', labels, value: Number(match[3]) }]
  })
}
