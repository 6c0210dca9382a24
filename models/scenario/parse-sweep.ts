/** `sweep TARGET FROM..TO [steps N] [linear|log]`: one value of a scenario varied over a range. */
import { z } from 'zod'
import { parseBurstNames } from './parse-terms.ts'
import { parseName, parseUnit } from './parse-values.ts'
import { checkSteps, STEPS_DEFAULT, SWEPT_VALUE_SHAPES, type Sweep, type SweepTarget } from './scenario.ts'
import { NUMBER, RATE_UNIT_NAMES, toBytesPerSecond } from './units.ts'
import type { Reader } from './words.ts'

const TARGETS = ['link', 'burst', 'delta1', 'delta2'] as const
const RANGE = new RegExp(`^(x?)(${NUMBER})\\.\\.(x?)(${NUMBER})([A-Za-z/]*)$`)

/** @throws TwinError QUERY_INVALID or PROBLEM_TOO_LARGE */
export function parseSweep(reader: Reader): Sweep {
  const named = parseTarget(reader)
  const rangeWord = reader.peek()
  const { target, from, to } = parseRange(reader, named)
  let steps: number | null = null
  let scale: Sweep['scale'] | null = null
  while (true) {
    const word = reader.peek()
    if (steps === null && reader.accept('steps')) steps = parseSteps(reader)
    else if (scale === null && (word.text === 'log' || word.text === 'linear')) scale = reader.choice(['log', 'linear'])
    else break
  }
  if (scale === 'log' && from === 0) reader.fail(rangeWord, 'a range above 0 for a log scale')
  return { target, from, to, steps: steps ?? STEPS_DEFAULT, scale: scale ?? 'linear' }
}

type Named = Exclude<SweepTarget, { kind: 'scale-link' }>

/** A link is known by name; whether its rate or a factor varies is for the range to say. */
function parseTarget(reader: Reader): Named {
  const word = reader.choice(TARGETS, 'what to sweep: link(…), burst(…), delta1 or delta2')
  if (word === 'delta1' || word === 'delta2') return { kind: word }
  reader.expect('(')
  const target =
    word === 'link' ? ({ kind: 'set-link', link: parseName(reader, 'a link, camera or node') } as const) : parseSweptBurst(reader)
  reader.expect(')')
  return target
}

function parseSweptBurst(reader: Reader): Named {
  const { names, frames } = parseBurstNames(reader, { hasCount: false })
  const { camera, application } = names
  return camera === null ? { kind: 'burst-each-camera', application, frames } : { kind: 'burst', camera, application, frames }
}

const EXAMPLES: Readonly<Record<Named['kind'], string>> = {
  'set-link': '5..1000 Mbit/s or x0.1..x2',
  burst: 'x1..x8 (whole, at most x100)',
  'burst-each-camera': 'x1..x8 (whole, at most x100)',
  delta1: '0..1',
  delta2: '0..4',
}

function parseRange(reader: Reader, named: Named): Pick<Sweep, 'target' | 'from' | 'to'> {
  const word = reader.next()
  const expected = `a range from low to high such as ${EXAMPLES[named.kind]}`
  const [, x, fromText = '', secondX, toText = '', joined] = (word.kind === 'word' ? RANGE.exec(word.text) : null) ?? []
  const isTimes = x === 'x'
  const needsTimes = named.kind === 'burst' || named.kind === 'burst-each-camera'
  const isRate = named.kind === 'set-link' && !isTimes
  const hasForm = x === secondX && x !== undefined && (named.kind === 'set-link' || isTimes === needsTimes) && (isRate || joined === '')
  if (!hasForm) return reader.fail(word, expected)
  const target: SweepTarget = named.kind === 'set-link' && isTimes ? { kind: 'scale-link', link: named.link } : named
  const unit = isRate ? parseUnit(reader, { word, joined: joined ?? '', units: RATE_UNIT_NAMES }) : ''
  const [from = 0, to = 0] = [fromText, toText].map((text) => (isRate ? toBytesPerSecond(text, unit) : null) ?? Number(text))
  const shape = SWEPT_VALUE_SHAPES[target.kind]
  for (const value of [from, to]) reader.checked(shape, value, { word, expected })
  return from < to ? { target, from, to } : reader.fail(word, expected)
}

function parseSteps(reader: Reader): number {
  const word = reader.next()
  const expected = 'a number of steps, 2 or more'
  const steps = reader.checked(z.number().int().min(2), /^\d{1,15}$/.test(word.text) ? Number(word.text) : null, { word, expected })
  checkSteps(steps)
  return steps
}
