/** What the DHS paper says, as far as it gives numbers or names; its figures carry no values. */
import type { ClassSummary } from './dhs-summary.ts'

/** The scheduler that its Fig. 1 shows to be best, and DHS picks. */
export const PAPER_BEST = { 'U-H': 'peft', 'U-L': 'cpop', 'B-H': 'peft', 'B-L': 'heft' } as const

/** How much less DHS takes, least and most over the classes. */
export const PAPER_GAIN = { least: { className: 'U-H', ratio: 0.129 }, most: { className: 'B-L', ratio: 0.301 } } as const

export interface Shape {
  readonly hasAllClasses: boolean
  /** In every class the paper's scheduler is the best or as good. */
  readonly isBestAsPublished: boolean
  /** DHS gains least in U-H and most in B-L. */
  readonly isOrderAsPublished: boolean
  /** In every class DHS takes less than Edge. */
  readonly isBetterThanEdge: boolean
}

export function shapeOf(classes: readonly ClassSummary[]): Shape {
  const ratios = classes.map(({ ratioToLocal }) => ratioToLocal.dhs)
  const ratioOf = (className: string) => classes.find((each) => each.className === className)?.ratioToLocal.dhs ?? Number.NaN
  const hasAllClasses = classes.length === 4
  return {
    hasAllClasses,
    isBestAsPublished: classes.every(({ className, best }) => best.includes(PAPER_BEST[className])),
    isOrderAsPublished:
      hasAllClasses &&
      ratioOf(PAPER_GAIN.least.className) === Math.max(...ratios) &&
      ratioOf(PAPER_GAIN.most.className) === Math.min(...ratios),
    isBetterThanEdge: classes.every(({ ratioToLocal }) => ratioToLocal.dhs < ratioToLocal.edge),
  }
}
