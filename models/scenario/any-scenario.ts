/** Generated scenarios for property tests: every term, sweep, time and setting, with names that look like other parts of the language. */
import fc from 'fast-check'
import { CRITERIA, DEFAULT_OBJECTIVE } from '../contracts/objective.ts'
import { ALGORITHM_NAMES } from '../contracts/what-if.ts'
import { acceleratorKindShape } from '../events/shapes.ts'
import { DAY_MS, type Scenario, SWEEP_POINTS_MAX, type Sweep, type Term } from './scenario.ts'

const awkward = fc.constantFrom('x4', 'at', 'frames', 'sweep', 'log', '12', '1..5', 'x0.1..x2', 'steps', 'with', '1e-7', 'link', 'now')
const name = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,8}[a-z0-9])?$/) },
  { weight: 1, arbitrary: awkward },
)
const accelerator = fc.stringMatching(/^[a-z0-9][-a-z0-9.]{0,6}\/[a-z0-9][-a-z0-9.]{0,6}$/)
const acceleratorKind = fc.constantFrom(...acceleratorKindShape.options)
const deviceModel = fc.oneof(
  fc.constantFrom('jetson-tx2', 'CPU', 'a, b', '(x)', 'half\ud800'),
  fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }),
)
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map((value) => value + 0)
const rate = fc.oneof(
  fc.integer({ min: 0, max: 8_000 }).map((mbit) => mbit * 125_000),
  number(0, 1e12),
)
const frames = fc.integer({ min: 1, max: 1_000_000 })
const count = fc.integer({ min: 1, max: 100 })
const device = fc.record({ device: fc.oneof(fc.constantFrom('cpu0', 'gpu0', 'gpu1'), name), acceleratorKind, deviceModel })

const term: fc.Arbitrary<Term> = fc.oneof(
  fc.record({ kind: fc.constantFrom('lose-node', 'drain-node', 'cordon-node'), node: name }),
  fc.record({
    kind: fc.constant('add-node'),
    node: name,
    role: fc.constantFrom('camera', 'server'),
    accelerators: fc.array(device, { minLength: 1, maxLength: 5 }),
    bytesPerSecond: rate,
    latencyMs: fc.oneof(fc.nat(10), number(0, 366 * DAY_MS)),
  }),
  fc.record({ kind: fc.constant('lose-accelerator'), accelerator }),
  fc.record({ kind: fc.constant('add-accelerator'), accelerator, acceleratorKind, deviceModel }),
  fc.record({
    kind: fc.constant('add-camera'),
    camera: name,
    node: fc.option(name),
    applications: fc.array(name, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('remove-camera'), camera: name }),
  fc.record({ kind: fc.constant('scale-link'), link: name, factor: number(0.001, 1_000) }),
  fc.record({ kind: fc.constant('set-link'), link: name, bytesPerSecond: rate }),
  fc.record({ kind: fc.constant('burst'), camera: name, application: name, count, frames }),
  fc.record({ kind: fc.constant('burst-each-camera'), application: name, count, frames }),
)

const steps = fc.integer({ min: 2, max: SWEEP_POINTS_MAX })
const scale = fc.constantFrom<Sweep['scale'][]>('linear', 'log')

function sweepOf(target: fc.Arbitrary<Sweep['target']>, value: fc.Arbitrary<number>): fc.Arbitrary<Sweep> {
  return fc
    .record({ target, ends: fc.tuple(value, value).filter(([a, b]) => a !== b), steps, scale })
    .map(({ target, ends, steps, scale }): Sweep => {
      const [from, to] = [Math.min(...ends), Math.max(...ends)]
      return { target, from, to, steps, scale: from > 0 ? scale : 'linear' }
    })
}

const sweep = fc.oneof(
  sweepOf(fc.record({ kind: fc.constant('set-link'), link: name }), rate),
  sweepOf(fc.record({ kind: fc.constant('scale-link'), link: name }), number(0.001, 1_000)),
  sweepOf(fc.record({ kind: fc.constant('burst'), camera: name, application: name, frames }), count),
  sweepOf(fc.record({ kind: fc.constant('burst-each-camera'), application: name, frames }), count),
  sweepOf(fc.record({ kind: fc.constantFrom('delta1', 'delta2') }), number(0, 1e6)),
)

const at: fc.Arbitrary<Scenario['at']> = fc.oneof(
  fc.constant({ kind: 'now' } as const),
  fc.record({ kind: fc.constant('sequence'), sequence: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('time'), timeMs: fc.integer({ min: 0, max: 253_402_300_799_999 }) }),
  fc.record({
    kind: fc.constant('age'),
    ageMs: fc.oneof(
      fc.nat(366 * DAY_MS),
      fc.nat(366 * 24).map((hours) => hours * 3_600_000),
    ),
  }),
  fc.record({
    kind: fc.constant('time-of-day'),
    dayMs: fc.oneof(
      fc.nat(DAY_MS - 1),
      fc.nat(1_439).map((minutes) => minutes * 60_000),
    ),
  }),
)

const objective: fc.Arbitrary<Scenario['objective']> = fc.oneof(
  fc.constant(DEFAULT_OBJECTIVE),
  fc.record({ kind: fc.constant('lexicographic'), order: fc.uniqueArray(fc.constantFrom(...CRITERIA), { minLength: 1 }) }),
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...CRITERIA), number(1e-9, 1e9)), { minLength: 1, selector: ([criterion]) => criterion })
    .map((weights) => ({ kind: 'weighted', weights: Object.fromEntries(weights) }) as const),
)

export function anyScenario(): fc.Arbitrary<Scenario> {
  return fc.record({
    at,
    edits: fc.array(term, { maxLength: 6 }),
    sweep: fc.option(sweep),
    workload: fc.constantFrom<Scenario['workload'][]>('each-camera', 'waiting', 'nothing'),
    algorithms: fc.oneof(
      fc.constant<Scenario['algorithms']>([...ALGORITHM_NAMES]),
      fc.uniqueArray(fc.constantFrom(...ALGORITHM_NAMES), { minLength: 1 }),
    ),
    granularity: fc.constantFrom<Scenario['granularity'][]>('stage', 'block'),
    objective,
    deadlineMs: fc.option(number(0.001, 1e10)),
    delta1Seconds: fc.oneof(fc.constant(0.1), number(0, 1e6)),
    delta2: fc.oneof(fc.constant(1), number(0, 1e6)),
  })
}
