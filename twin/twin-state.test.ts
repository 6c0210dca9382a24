/** A twin as JSON and back: exact, or refused whole. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { twinJsonShape } from '../models/contracts/twin-json.ts'
import { anyHistory } from '../models/testing/any-history.ts'
import { dhsEvents, journaled, podEvents } from '../models/testing/dhs-site.ts'
import { canonicalJson } from './canonical-json.ts'
import { applyEvents } from './fold.ts'
import { emptyTwin, fromJson, toJson } from './twin-state.ts'

const SEED = 20_264
const site = applyEvents(emptyTwin, journaled([...dhsEvents(), ...podEvents('r-1', { camera: 'camera-pi-1', accelerator: 'pi-1/cpu0' })]))
const siteText = canonicalJson(toJson(site))

it('there and back is the same twin, and the text the same text', () => {
  fc.assert(
    fc.property(anyHistory(), (history) => {
      const state = applyEvents(emptyTwin, journaled(history))
      const json: unknown = JSON.parse(JSON.stringify(toJson(state)))
      const back = fromJson(json)
      expect(back).toEqual(state)
      expect(back && toJson(back)).toEqual(json)
    }),
    { seed: SEED, numRuns: 100 },
  )
})

it('a twin without a regret ledger is the text that it was before there were any', () => {
  expect(siteText).not.toContain('regret')
  expect(fromJson(JSON.parse(siteText))?.regret).toBeNull()
})

it('entities and positions are sorted, whatever the order they came in', () => {
  const { entities, positions } = toJson(applyEvents(emptyTwin, journaled(dhsEvents().reverse())))
  expect(entities.node.map(({ name }) => name)).toEqual(['edge-1', 'pi-1', 'tx2-1', 'tx2-2', 'tx2-3'])
  expect(positions.map(([partition]) => partition)).toEqual(['edgetwin.cluster.v1:0', 'edgetwin.metrics.v1:0'])
})

describe('what is damaged', () => {
  it.each([
    ['no twin at all', '{}'],
    ['another version', siteText.replace('"version":1', '"version":2')],
    ['two nodes of one name', siteText.replace('"name":"pi-1",', '"name":"edge-1",')],
    ['two offsets of one partition', siteText.replace('edgetwin.metrics.v1:0', 'edgetwin.cluster.v1:0')],
    ['a mode that no machine has', siteText.replace('"mode":"ready"', '"mode":"steady"')],
    ['a count below zero', siteText.replace('"superseded":0', '"superseded":-1')],
    ['a missing kind', siteText.replace('"job":[],', '')],
    ['a pod among the nodes', siteText.replace('"kind":"node"', '"kind":"pod"')],
    ['an offset that is text', siteText.replace(/(edgetwin\.metrics\.v1:0",)(\d+)/, '$1"$2"')],
  ])('%s is refused', (_, text) => {
    expect(text).not.toBe(siteText)
    expect(fromJson(JSON.parse(text))).toBeNull()
  })

  it('any JSON is refused or taken as what it says, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => expect(fromJson(json)).toBeNull()),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('one member replaced anywhere is refused, or is the very twin that the text now describes', () => {
    const paths = pathsOf(JSON.parse(siteText))
    let refusedCount = 0
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined)), (path, value) => {
        const json: unknown = JSON.parse(siteText)
        replace(json, path, value)
        const state = fromJson(json)
        if (state === null) refusedCount++
        else expect(canonicalJson(toJson(state))).toBe(canonicalJson(toJsonOrder(json)))
      }),
      { seed: SEED, numRuns: 1_500 },
    )
    expect(refusedCount).toBeGreaterThan(700)
  })
})

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, member]) => [...(path.length > 0 ? [path] : []), ...pathsOf(member, [...path, key])])
}

function replace(json: unknown, path: Path, value: unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => Reflect.get(Object(at), key), json)
  const key = path.at(-1) ?? ''
  if (value === undefined) Reflect.deleteProperty(Object(parent), key)
  else Reflect.set(Object(parent), key, value)
}

/** The damaged JSON with its lists in the order of `toJson` and what its schema does not know left out. */
function toJsonOrder(json: unknown): unknown {
  const { entities, positions, ...rest } = twinJsonShape.parse(json)
  const nameOf = (entity: object) => String(Reflect.get(entity, 'name') ?? Reflect.get(entity, 'id'))
  const byName = <T>(items: readonly T[], name: (item: T) => string) => [...items].sort((a, b) => (name(a) < name(b) ? -1 : 1))
  const sorted = Object.fromEntries(Object.entries(entities).map(([kind, all]) => [kind, byName<object>(all, nameOf)]))
  return { ...rest, entities: sorted, positions: byName(positions, ([partition]) => partition) }
}

describe('canonical JSON', () => {
  it.each([
    [{ b: 1, a: [{ d: null, c: undefined }, 'é"\u2028'] }, '{"a":[{"d":null},"é\\"\u2028"],"b":1}'],
    [[undefined, -0, 1e21, 0.1], '[null,0,1e+21,0.1]'],
    [{ '10': 1, '9': 2, Z: 3, a: 4 }, '{"10":1,"9":2,"Z":3,"a":4}'],
    ['\ud800', '"\\ud800"'],
  ])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  it('is JSON of the same value, and one text however its keys are ordered', () => {
    const reversed = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value
      if (Array.isArray(value)) return value.map(reversed)
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, reversed(member)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(value))).toBe(text)
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})
