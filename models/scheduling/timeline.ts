/**
 * The idle gaps of every processor, in order of time: the insertion policy of HEFT, CPOP and PEFT.
 * Only gaps longer than 0 are kept; the last gap of a processor never ends, so a task always fits somewhere.
 */
import type { Assignment } from './schedule.ts'

export interface Timeline {
  /** The gaps of processor j are entries j · stride … j · stride + gapCount[j] − 1. */
  readonly stride: number
  readonly gapCount: Int32Array
  readonly gapStartMs: Float64Array
  readonly gapEndMs: Float64Array
  /** When all data of the task under study has arrived, per processor. */
  readonly arrivalMs: Float64Array
}

export function createTimeline(taskCount: number, processorCount: number): Timeline {
  // Each task adds at most one gap to the one a processor begins with.
  const stride = taskCount + 1
  return {
    stride,
    gapCount: new Int32Array(processorCount),
    gapStartMs: new Float64Array(processorCount * stride),
    gapEndMs: new Float64Array(processorCount * stride),
    arrivalMs: new Float64Array(processorCount),
  }
}

/** One endless gap per processor, from the time it is ready. */
export function clearTimeline(timeline: Timeline, readyMs: Float64Array): void {
  timeline.gapCount.fill(1)
  for (let processor = 0; processor < readyMs.length; processor++) {
    timeline.gapStartMs[processor * timeline.stride] = readyMs[processor]!
    timeline.gapEndMs[processor * timeline.stride] = Number.POSITIVE_INFINITY
  }
}

/** Start of the first gap that holds `durationMs` after the data has arrived. */
export function earliestStartMs(timeline: Timeline, processor: number, durationMs: number): number {
  const arrivalMs = timeline.arrivalMs[processor]!
  let gap = firstGapEndingFrom(timeline, processor, arrivalMs + durationMs)
  for (;;) {
    const gapStartMs = timeline.gapStartMs[gap]!
    const startMs = Math.max(gapStartMs, arrivalMs)
    if (startMs + durationMs <= timeline.gapEndMs[gap]!) return startMs
    gap++
  }
}

/** Takes the time of an assignment out of the gap that holds it. */
export function occupy(timeline: Timeline, { processor, startMs, finishMs }: Assignment): void {
  const { gapStartMs, gapEndMs, gapCount } = timeline
  const gap = firstGapEndingFrom(timeline, processor, finishMs)
  const rowEnd = processor * timeline.stride + gapCount[processor]!
  const leavesHead = startMs > gapStartMs[gap]!
  const leavesTail = finishMs < gapEndMs[gap]!
  if (leavesHead && leavesTail) {
    for (let at = rowEnd; at > gap; at--) {
      gapStartMs[at] = gapStartMs[at - 1]!
      gapEndMs[at] = gapEndMs[at - 1]!
    }
    gapCount[processor]!++
    gapEndMs[gap] = startMs
    gapStartMs[gap + 1] = finishMs
  } else if (leavesHead) {
    gapEndMs[gap] = startMs
  } else if (leavesTail) {
    gapStartMs[gap] = finishMs
  } else {
    for (let at = gap; at < rowEnd - 1; at++) {
      gapStartMs[at] = gapStartMs[at + 1]!
      gapEndMs[at] = gapEndMs[at + 1]!
    }
    gapCount[processor]!--
  }
}

/** What `vacate` needs to take an occupation back. */
export interface Taken {
  readonly processor: number
  readonly gap: number
  readonly gapCount: number
  readonly gapStartMs: number
  readonly gapEndMs: number
}

/** As occupy, until `vacate`. */
export function occupyOnTrial(timeline: Timeline, assignment: Assignment): Taken {
  const { processor, finishMs } = assignment
  const gap = firstGapEndingFrom(timeline, processor, finishMs)
  const taken = {
    processor,
    gap,
    gapCount: timeline.gapCount[processor]!,
    gapStartMs: timeline.gapStartMs[gap]!,
    gapEndMs: timeline.gapEndMs[gap]!,
  }
  occupy(timeline, assignment)
  return taken
}

/** Takes trials back; the last one first, or the gaps are wrong. */
export function vacate({ gapCount, gapStartMs, gapEndMs, stride }: Timeline, taken: Taken): void {
  const { processor, gap } = taken
  const grown = gapCount[processor]! - taken.gapCount
  const rowEnd = processor * stride + gapCount[processor]!
  if (grown !== 0) {
    const from = grown > 0 ? gap + 2 : gap
    gapStartMs.copyWithin(from - grown, from, rowEnd)
    gapEndMs.copyWithin(from - grown, from, rowEnd)
  }
  gapStartMs[gap] = taken.gapStartMs
  gapEndMs[gap] = taken.gapEndMs
  gapCount[processor] = taken.gapCount
}

function firstGapEndingFrom({ gapEndMs, gapCount, stride }: Timeline, processor: number, ms: number): number {
  let low = processor * stride
  let high = low + gapCount[processor]! - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (gapEndMs[middle]! < ms) low = middle + 1
    else high = middle
  }
  return low
}
