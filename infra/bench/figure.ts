/** One figure of a bench; figures of a suite may carry more members, such as the size of the problem or a ratio. */

export interface Figure {
  readonly suite: string
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly [extra: string]: unknown
}

export type Report = (figure: Figure) => void

/** How much time a suite over real services may take; the others have one length. */
export type Length = 'quick' | 'usual' | 'long'

export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN
}
