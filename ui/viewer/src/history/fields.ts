/** The fields of a history as people read them: title, unit on the axis, and the newest value that the page itself has heard. */
import type { HISTORY_FIELDS, HistoryUnit, SeriesPoint, TransitionKind } from '../../../../models/contracts/history.ts'
import type { Entity } from '../../../../models/entities/entities.ts'
import { bytes, duration, percent, rate } from '../format.ts'

export interface Field {
  readonly field: string
  readonly title: string
  readonly unit: HistoryUnit
}

export interface ShownField {
  readonly field: Field
  readonly points: readonly SeriesPoint[]
  readonly resolutionMs: number
}

/** By kind and field of the contract, which the compiler compares; the contract itself would bring zod into the page. */
const FIELDS = {
  node: {
    utilizationRatio: ['Utilisation', 'ratio'],
    memoryUsedBytes: ['Memory', 'bytes'],
    temperatureCelsius: ['Temperature', 'celsius'],
    powerWatts: ['Power', 'watts'],
  },
  accelerator: {
    utilizationRatio: ['Utilisation', 'ratio'],
    memoryUsedBytes: ['Memory', 'bytes'],
    temperatureCelsius: ['Temperature', 'celsius'],
    powerWatts: ['Power', 'watts'],
    podCount: ['Pods', 'count'],
  },
  camera: { framesPerSecond: ['Frames', 'perSecond'], latencyMs: ['Latency, slowest in a second', 'ms'] },
  link: { bytesPerSecond: ['Rate', 'bytesPerSecond'], latencyMs: ['Latency', 'ms'], utilizationRatio: ['Utilisation', 'ratio'] },
} as const satisfies {
  readonly [K in TransitionKind]: {
    readonly [F in keyof (typeof HISTORY_FIELDS)[K]]: readonly [title: string, unit: (typeof HISTORY_FIELDS)[K][F]]
  }
}

export const hasHistory = (kind: string): kind is TransitionKind => Object.hasOwn(FIELDS, kind)

export function fieldsOf(kind: TransitionKind): readonly Field[] {
  return Object.entries(FIELDS[kind]).map(([field, [title, unit]]) => ({ field, title, unit }))
}

export function formatUnit(unit: HistoryUnit, value: number): string {
  switch (unit) {
    case 'ratio':
      return percent(value)
    case 'bytes':
      return bytes(value)
    case 'bytesPerSecond':
      return rate(value)
    case 'celsius':
      return `${short(value)}\u00a0°C`
    case 'watts':
      return `${short(value)}\u00a0W`
    case 'perSecond':
      return `${short(value)}/s`
    case 'ms':
      return value === 0 ? '0\u00a0ms' : duration(value)
    case 'count':
      return short(value)
  }
}

/** At most one digit after the point, and none where it is 0: ticks are round. */
const short = (value: number) => String(Number(value.toFixed(1)))

export interface LiveSample {
  readonly timeMs: number
  readonly values: Readonly<Record<string, number | undefined>>
}

/** What the twin heard last of the thing's numbers; the same names as the history's. Latencies of cameras come with requests, not with samples. */
export function liveSample(entity: Entity): LiveSample | null {
  switch (entity.kind) {
    case 'node':
    case 'accelerator': {
      const { load } = entity.reported
      if (load === null) return null
      const { utilizationRatio, memoryUsedBytes, temperatureCelsius, powerWatts } = load.value
      const pods = entity.kind === 'accelerator' ? { podCount: entity.reported.pods.length } : {}
      return { timeMs: load.timeMs, values: { utilizationRatio, memoryUsedBytes, temperatureCelsius, powerWatts, ...pods } }
    }
    case 'camera': {
      const { stream } = entity.reported
      return stream === null ? null : { timeMs: stream.timeMs, values: { ...stream.value } }
    }
    case 'link': {
      const { quality } = entity.reported
      return quality === null ? null : { timeMs: quality.timeMs, values: { ...quality.value } }
    }
    default:
      return null
  }
}
