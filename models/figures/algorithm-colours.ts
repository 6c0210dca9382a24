/** One colour and one dash for each algorithm, the same in every picture: lines that coincide are told apart by their dashes. */
import { ALGORITHM_NAMES, type AlgorithmName } from '../contracts/what-if.ts'
import { COLOURS, type Series } from './svg.ts'

const DASHES = ['', '11 5', '5 4', '2 4', '14 4 3 4', '8 8', '3 7'] as const

export function seriesOf(algorithm: AlgorithmName): Required<Series> {
  const index = ALGORITHM_NAMES.indexOf(algorithm)
  return { name: algorithm, colour: COLOURS[index % COLOURS.length]!, dashes: DASHES[index % DASHES.length]! }
}
