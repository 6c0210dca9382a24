/** One figure of a bench; figures of a suite may carry more members, such as the size of the problem or a ratio. */

export interface Figure {
  readonly suite: string
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly [extra: string]: unknown
}

export type Report = (figure: Figure) => void
