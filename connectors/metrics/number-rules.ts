/**
 * One number out of the samples of one device: added, taken off, scaled, or as growth since the scrape before.
 *
 * A rule whose series are not all there gives nothing, so that the profile's next way is tried.
 */
import type { Sample } from '../../models/exposition/format.ts'
import type { NumberRule } from './profile.ts'
import { matchesLabels } from './templates.ts'

/** What the next scrape needs of this one; JSON. */
export interface CounterState {
  readonly timeMs: number
  /** Last value by series. */
  readonly counters: Readonly<Record<string, number>>
}

export interface NumberContext {
  readonly options: { readonly timeMs: number; readonly previous?: CounterState }
  /** Filled with the counters that were read. */
  readonly counters: Record<string, number>
}

type SamplesByName = ReadonlyMap<string, readonly Sample[]>

export function readNumberRule(rule: NumberRule, known: SamplesByName, context: NumberContext): number | undefined {
  const matching = (name: string) => (known.get(name) ?? []).filter(({ labels }) => matchesLabels(labels, rule.where ?? {}))
  const plus = rule.series.map(matching)
  const minus = (rule.minus ?? []).map(matching)
  if ([...plus, ...minus].some((samples) => samples.length === 0)) return undefined
  const value = rule.rate || rule.idle !== undefined ? readGrowth(rule, plus.flat(), context) : total(plus, rule) - total(minus, rule)
  if (value === undefined) return undefined
  // Dividing by 100 rounds once; multiplying by 0.01 rounds twice and shows.
  return rule.scale < 1 ? value / (1 / rule.scale) : value * rule.scale
}

function total(series: readonly (readonly Sample[])[], rule: NumberRule): number {
  return series.reduce((sum, samples) => sum + combine(samples, rule), 0)
}

function combine(samples: readonly Sample[], { combine: how, label = '' }: NumberRule): number {
  const values = samples.map(({ value }) => value)
  const sum = values.reduce((left, right) => left + right, 0)
  switch (how) {
    case 'first':
      return values[0] ?? 0
    case 'max':
      return values.reduce((left, right) => Math.max(left, right), Number.NEGATIVE_INFINITY)
    case 'sum':
      return sum
    case 'mean':
      return sum / values.length
    case 'distinct':
      return new Set(samples.map(({ labels }) => labels.get(label))).size
  }
}

/**
 * Growth per second, or the share of it that is not idle.
 *
 * The counters of a device start again together, when it does: seen by their sum going down; they then count from 0. A single one that
 * goes back a little, as the kernel's iowait does, has not grown. A counter that was not there before has not grown either.
 */
function readGrowth(rule: NumberRule, samples: readonly Sample[], { options, counters }: NumberContext): number | undefined {
  const { timeMs, previous } = options
  const pairs: { readonly sample: Sample; readonly before: number }[] = []
  for (const sample of samples) {
    const key = `${sample.name} ${JSON.stringify([...sample.labels])}`
    counters[key] = sample.value
    const before = previous !== undefined && Object.hasOwn(previous.counters, key) ? previous.counters[key] : undefined
    if (before !== undefined) pairs.push({ sample, before })
  }
  const elapsedMs = timeMs - (previous?.timeMs ?? timeMs)
  if (pairs.length === 0 || elapsedMs <= 0) return undefined
  const hasRestarted = pairs.reduce((sum, { sample, before }) => sum + sample.value - before, 0) < 0
  const grown = pairs.map(({ sample, before }) => ({ sample, by: hasRestarted ? sample.value : Math.max(0, sample.value - before) }))
  const all = grown.reduce((sum, { by }) => sum + by, 0)
  if (rule.idle === undefined) return all / (elapsedMs / 1000)
  const idle = rule.idle
  const idleBy = grown.reduce((sum, { sample, by }) => (matchesLabels(sample.labels, idle) ? sum + by : sum), 0)
  return all > 0 ? (all - idleBy) / all : undefined
}
