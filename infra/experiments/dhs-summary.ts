/** What the runs say of each load class: mean delays, and DHS and Edge against Local. */
import { ALGORITHM_NAMES, type AlgorithmName } from '../../models/scheduling/algorithms.ts'
import { delayMs, type Run } from './dhs-runs.ts'
import type { Reading } from './dhs-settings.ts'

export const CLASS_NAMES = ['U-H', 'U-L', 'B-H', 'B-L'] as const
export type ClassName = (typeof CLASS_NAMES)[number]

export interface ClassSummary {
  readonly className: ClassName
  /** Arrivals, out of all of that load. */
  readonly weight: number
  readonly ofWeight: number
  /** Weighted mean over the arrivals. */
  readonly meanMs: Readonly<Record<AlgorithmName, number>>
  /** To Local: of the means, or the median of the arrivals' ratios, as the reading says. */
  readonly ratioToLocal: Readonly<Record<AlgorithmName, number>>
  /** Of DHS to Local, over single arrivals. */
  readonly dhsRatioMin: number
  readonly dhsRatioMedian: number
  readonly dhsRatioMax: number
  /** Mean of the least of HEFT, CPOP and PEFT at each arrival: what picking by trial would give. */
  readonly bestOfThreeMs: number
  /** Of HEFT, CPOP and PEFT, those of least mean delay, ties within a thousandth. */
  readonly best: readonly AlgorithmName[]
}

const TIE_RATIO = 1e-3

/** Classes in which no arrival falls are missing. */
export function summarise(runs: readonly Run[], reading: Reading): ClassSummary[] {
  return CLASS_NAMES.flatMap((className) => {
    const own = runs.filter(({ loadClass }) => loadClass.className === className)
    return own.length === 0 ? [] : [summaryOf(className, { own, all: runs, reading })]
  })
}

function summaryOf(
  className: ClassName,
  { own, all, reading }: { own: readonly Run[]; all: readonly Run[]; reading: Reading },
): ClassSummary {
  const weight = weightOf(own)
  const byAlgorithm = (numberOf: (algorithm: AlgorithmName) => number) => {
    const entries = ALGORITHM_NAMES.map((name) => [name, numberOf(name)] as const)
    return Object.fromEntries(entries) as Record<AlgorithmName, number>
  }
  const ratios = (algorithm: AlgorithmName) =>
    own
      .map((run) => ({ weight: run.weight, ratio: delayMs(run, algorithm, reading) / delayMs(run, 'local', reading) }))
      .sort((a, b) => a.ratio - b.ratio)
  const meanMs = byAlgorithm((algorithm) => own.reduce((sum, run) => sum + run.weight * delayMs(run, algorithm, reading), 0) / weight)
  const dhsRatios = ratios('dhs')
  const leastAtMs = (run: Run) => Math.min(...(['heft', 'cpop', 'peft'] as const).map((algorithm) => delayMs(run, algorithm, reading)))
  const leastMs = Math.min(meanMs.heft, meanMs.cpop, meanMs.peft)
  return {
    className,
    weight,
    ofWeight: weightOf(all.filter(({ load }) => load === own[0]!.load)),
    meanMs,
    ratioToLocal: byAlgorithm((algorithm) =>
      reading.average === 'mean' ? meanMs[algorithm] / meanMs.local : weightedMedian(ratios(algorithm)),
    ),
    dhsRatioMin: dhsRatios[0]!.ratio,
    dhsRatioMedian: weightedMedian(dhsRatios),
    dhsRatioMax: dhsRatios.at(-1)!.ratio,
    bestOfThreeMs: own.reduce((sum, run) => sum + run.weight * leastAtMs(run), 0) / weight,
    best: (['heft', 'cpop', 'peft'] as const).filter((algorithm) => meanMs[algorithm] <= leastMs * (1 + TIE_RATIO)),
  }
}

function weightOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { weight }) => sum + weight, 0)
}

/** The lower median of sorted ratios. */
function weightedMedian(sorted: readonly { readonly weight: number; readonly ratio: number }[]): number {
  const half = sorted.reduce((sum, { weight }) => sum + weight, 0) / 2
  let passed = 0
  for (const { weight, ratio } of sorted) {
    passed += weight
    if (passed >= half) return ratio
  }
  return Number.NaN
}
