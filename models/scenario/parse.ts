/**
 * Reads the text of a scenario by recursive descent: terms and at most one sweep joined by `+`, then clauses in any order.
 * The README has the grammar. What is read is what `formatScenario` writes, and equal to the plain form.
 */
import { ALGORITHM_NAMES, QUERY_LIMITS } from '../contracts/what-if.ts'
import { parseAt } from './parse-at.ts'
import { parseObjective } from './parse-objective.ts'
import { parseSweep } from './parse-sweep.ts'
import { TERM_PARSERS } from './parse-terms.ts'
import { parseDuration, parseThreshold } from './parse-values.ts'
import { type Scenario, scenarioShape, type Term } from './scenario.ts'
import { createReader, type Reader } from './words.ts'

const PART_WORDS = [...TERM_PARSERS.keys(), 'sweep']

const DEADLINE = { shape: scenarioShape.shape.deadlineMs.unwrap().unwrap(), expected: 'a deadline such as 500 ms, above 0' }

type Clauses = { -readonly [K in keyof Scenario]?: Scenario[K] }

/** By the word that a clause begins with. */
const CLAUSE_PARSERS: ReadonlyMap<string, (reader: Reader) => Clauses> = new Map([
  ['at', (reader: Reader): Clauses => ({ at: parseAt(reader) })],
  ['on', (reader: Reader): Clauses => ({ workload: reader.choice(['each-camera', 'waiting', 'nothing']) })],
  ['in', (reader: Reader): Clauses => ({ granularity: reader.choice(['stages', 'blocks']) === 'blocks' ? 'block' : 'stage' })],
  ['with', (reader: Reader): Clauses => ({ algorithms: parseAlgorithms(reader) })],
  ['by', (reader: Reader): Clauses => ({ objective: parseObjective(reader) })],
  ['deadline', (reader: Reader): Clauses => ({ deadlineMs: parseDuration(reader, DEADLINE) })],
  ['delta1', (reader: Reader): Clauses => ({ delta1Seconds: parseThreshold(reader) })],
  ['delta2', (reader: Reader): Clauses => ({ delta2: parseThreshold(reader) })],
])

/** @throws TwinError QUERY_INVALID with line, column, what was expected and the nearest words; PROBLEM_TOO_LARGE for a sweep of too many points */
export function parseScenario(text: string): Scenario {
  const reader = createReader(text)
  const edits: Term[] = []
  let sweep: Scenario['sweep'] = null
  const isPart = () => PART_WORDS.includes(reader.peek().text) || reader.peek(1).text === '('
  for (let hasMore = isPart(); hasMore; hasMore = reader.accept('+')) {
    const word = reader.next()
    const parseTerm = word.kind === 'word' ? TERM_PARSERS.get(word.text) : undefined
    if (parseTerm !== undefined) {
      if (edits.length >= QUERY_LIMITS.edits) reader.fail(word, `at most ${QUERY_LIMITS.edits} terms`)
      reader.expect('(')
      edits.push(parseTerm(reader))
      reader.expect(')')
    } else if (word.text === 'sweep' && word.kind === 'word') {
      if (sweep !== null) reader.fail(word, 'one sweep at most')
      sweep = parseSweep(reader)
    } else {
      reader.fail(word, `a term (${PART_WORDS.join(', ')})`, PART_WORDS)
    }
  }
  return scenarioShape.parse({ edits, sweep, ...parseClauses(reader, edits.length > 0 || sweep !== null) })
}

function parseClauses(reader: Reader, hasParts: boolean): Clauses {
  const read = new Set<string>()
  let clauses: Clauses = {}
  while (reader.peek().kind !== 'end') {
    const word = reader.next()
    const parseClause = word.kind === 'word' ? CLAUSE_PARSERS.get(word.text) : undefined
    const words = [...CLAUSE_PARSERS.keys()]
    if (parseClause === undefined) {
      reader.fail(word, hasParts ? `'+' or a setting (${words.join(', ')})` : 'a term or a setting', [
        ...words,
        ...(hasParts ? [] : PART_WORDS),
      ])
    }
    if (read.has(word.text)) reader.fail(word, `'${word.text}' once`)
    read.add(word.text)
    clauses = { ...clauses, ...parseClause(reader) }
  }
  return clauses
}

function parseAlgorithms(reader: Reader): Scenario['algorithms'] {
  const names: Scenario['algorithms'] = []
  do {
    const word = reader.peek()
    const name = reader.choice(ALGORITHM_NAMES)
    if (names.includes(name)) reader.fail(word, 'each algorithm once')
    names.push(name)
  } while (reader.accept(','))
  return names
}
