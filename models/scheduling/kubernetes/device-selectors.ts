/**
 * The part of CEL that device selectors are mostly written in: comparisons and `in` on `device.driver`, `device.attributes["domain"].name`
 * and `device.capacity["domain"].name`, joined by `&&`, `||`, `!` and brackets. Of any other expression nothing is claimed.
 *
 * As in CEL, an attribute that is not there is a fault, which `false && …` and `true || …` swallow on either side.
 */
import type { DeviceAttribute, KubeDevice } from './device-objects.ts'
import { quantity } from './quantity.ts'

export interface SelectedDevice {
  readonly driver: string
  readonly device: KubeDevice
}
/** `fault`: it cannot be evaluated on this device. `unclaimed`: what it gives there is not claimed. */
export type Selected = boolean | 'fault' | 'unclaimed'

type Value =
  | { readonly is: 'bool' | 'int' | 'string'; readonly plain: boolean | number | string }
  | { readonly is: 'quantity'; readonly thousandths: number }
  | { readonly is: 'list'; readonly items: readonly Value[] }
  /** `otherwise`: what is not in it. */
  | { readonly is: 'map'; readonly entries: ReadonlyMap<string, Value>; readonly otherwise: Value }
  | { readonly is: 'fault' | 'unclaimed' }
type Expression = (on: SelectedDevice) => Value

const FAULT: Value = { is: 'fault' }
const UNCLAIMED: Value = { is: 'unclaimed' }
const bool = (plain: boolean): Value => ({ is: 'bool', plain })

const COMPILED_MAX = 1_000

export type Selects = (expression: string, on: SelectedDevice) => Selected

/** Each expression is read once. */
export function deviceSelectors(): Selects {
  const compiled = new Map<string, Expression | null>()
  return (expression, on) => {
    let evaluate = compiled.get(expression)
    if (evaluate === undefined) {
      if (compiled.size >= COMPILED_MAX) compiled.clear()
      evaluate = compile(expression)
      compiled.set(expression, evaluate)
    }
    const value = evaluate === null ? UNCLAIMED : evaluate(on)
    if (value.is === 'bool') return value.plain === true
    return value.is === 'unclaimed' ? 'unclaimed' : 'fault'
  }
}

const TOKEN = /\s*(&&|\|\||==|!=|<=|>=|[<>!()[\].,]|-?\d+(?![\w.])|[A-Za-z_]\w*|"[^"\\\n]*"|'[^'\\\n]*')/y
const NOT_CLAIMED = Symbol('beyond what is claimed')

/** @returns null when it is beyond what is claimed. */
function compile(text: string): Expression | null {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let at = 0; at < text.trimEnd().length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(text)?.[1]
    if (token === undefined) return null
    tokens.push(token)
  }
  try {
    return parse(tokens)
  } catch (error) {
    if (error === NOT_CLAIMED) return null
    throw error
  }
}

/** By recursive descent; the levels are CEL's. */
function parse(tokens: readonly string[]): Expression {
  let at = 0
  const give = (): never => {
    throw NOT_CLAIMED
  }
  const accept = (token: string): boolean => tokens[at] === token && ++at > 0
  const expect = (token: string): void => void (accept(token) || give())

  const either = (): Expression => {
    let left = both()
    while (accept('||')) left = joined(left, both(), true)
    return left
  }
  const both = (): Expression => {
    let left = relation()
    while (accept('&&')) left = joined(left, relation(), false)
    return left
  }
  const relation = (): Expression => {
    const left = unary()
    const operator = RELATIONS.find((one) => tokens[at] === one)
    if (operator === undefined) return left
    at++
    const right = unary()
    return RELATIONS.some((one) => tokens[at] === one) ? give() : (on) => related(operator, left(on), right(on))
  }
  const unary = (): Expression => {
    if (!accept('!')) return member(primary())
    const inner = unary()
    return (on) => {
      const value = inner(on)
      return value.is === 'bool' ? bool(value.plain !== true) : value.is === 'unclaimed' ? value : FAULT
    }
  }
  const member = (of: Expression): Expression => {
    if (accept('[')) {
      const key = textOf(tokens[at++]) ?? give()
      expect(']')
      return member((on) => entry(of(on), key))
    }
    if (!accept('.')) return of
    const name = /^[A-Za-z_]/.test(tokens[at] ?? '') ? tokens[at++]! : give()
    if (tokens[at] !== '(') return member((on) => entry(of(on), name))
    const compare = COMPARES[name] ?? give()
    expect('(')
    const other = quantityLiteral()
    expect(')')
    return (on) => {
      const value = of(on)
      return value.is === 'quantity' ? compare(value.thousandths, other) : value.is === 'unclaimed' ? value : FAULT
    }
  }
  const quantityLiteral = (): number => {
    expect('quantity')
    expect('(')
    const text = textOf(tokens[at++]) ?? give()
    expect(')')
    return thousandthsOf(text) ?? give()
  }
  const primary = (): Expression => {
    const token = tokens[at++]
    if (token === undefined) return give()
    if (token === '(') {
      const inner = either()
      expect(')')
      return inner
    }
    if (token === '[') return list()
    if (token === 'device') return deviceValue
    const text = textOf(token)
    const plain = token === 'true' ? true : token === 'false' ? false : /^-?\d+$/.test(token) ? Number(token) : text
    return plain === undefined ? give() : always(plainValue(plain))
  }
  const list = (): Expression => {
    const items: Expression[] = []
    while (!accept(']')) {
      if (items.length > 0) expect(',')
      items.push(unary())
    }
    return (on) => {
      const values = items.map((item) => item(on))
      return values.find(({ is }) => is === 'fault' || is === 'unclaimed') ?? { is: 'list', items: values }
    }
  }
  const whole = either()
  return at === tokens.length ? whole : give()
}

const RELATIONS = ['==', '!=', '<', '<=', '>', '>=', 'in'] as const
type Relation = (typeof RELATIONS)[number]
const COMPARES: Readonly<Record<string, (a: number, b: number) => Value>> = {
  compareTo: (a, b) => plainValue(Math.sign(a - b)),
  isGreaterThan: (a, b) => bool(a > b),
  isLessThan: (a, b) => bool(a < b),
}

const always =
  (value: Value): Expression =>
  () =>
    value
const plainValue = (plain: boolean | number | string): Value => ({
  is: typeof plain === 'boolean' ? 'bool' : typeof plain === 'number' ? 'int' : 'string',
  plain,
})
const textOf = (token: string | undefined): string | undefined => (/^["']/.test(token ?? '') ? token!.slice(1, -1) : undefined)

function thousandthsOf(text: string): number | null {
  try {
    return quantity(text, 3)
  } catch {
    return null
  }
}

/** `&&` and `||` of CEL: the side that decides counts, whatever the other one is. */
function joined(left: Expression, right: Expression, decides: boolean): Expression {
  return (on) => {
    const a = left(on)
    if (a.is === 'bool' && a.plain === decides) return a
    const b = right(on)
    if (b.is === 'bool' && b.plain === decides) return b
    if (a.is === 'unclaimed' || b.is === 'unclaimed') return UNCLAIMED
    return a.is === 'bool' && b.is === 'bool' ? bool(!decides) : FAULT
  }
}

function related(operator: Relation, a: Value, b: Value): Value {
  if (a.is === 'unclaimed' || b.is === 'unclaimed') return UNCLAIMED
  if (a.is === 'fault' || b.is === 'fault') return FAULT
  if (operator === 'in') {
    if (b.is === 'map') return bool(a.is === 'string' && b.entries.has(String(a.plain)))
    return b.is === 'list' ? bool(b.items.some((item) => isSame(a, item))) : FAULT
  }
  if (operator === '==' || operator === '!=') {
    if (!('plain' in a) || !('plain' in b)) return UNCLAIMED
    return bool(isSame(a, b) === (operator === '=='))
  }
  if (!('plain' in a) || !('plain' in b)) return UNCLAIMED
  if (a.is !== b.is || a.is === 'bool') return FAULT
  const order = a.plain < b.plain ? -1 : a.plain > b.plain ? 1 : 0
  return bool({ '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator])
}

const isSame = (a: Value, b: Value): boolean => a.is === b.is && 'plain' in a && 'plain' in b && a.plain === b.plain

function entry(of: Value, key: string): Value {
  if (of.is !== 'map') return of.is === 'unclaimed' ? of : FAULT
  return of.entries.get(key) ?? of.otherwise
}

/** A domain that nobody speaks of is an empty one, which has nothing. */
const EMPTY: Value = { is: 'map', entries: new Map(), otherwise: FAULT }

function deviceValue({ driver, device }: SelectedDevice): Value {
  const attributes = domains(driver, device.attributes ?? {}, attributeValue)
  const capacity = domains(driver, device.capacity ?? {}, ({ value }) => {
    const thousandths = thousandthsOf(value)
    return thousandths === null ? FAULT : { is: 'quantity', thousandths }
  })
  const entries = new Map([['driver', plainValue(driver)] as const, ['attributes', attributes], ['capacity', capacity]])
  return { is: 'map', entries, otherwise: UNCLAIMED }
}

function attributeValue({ string, int, bool: yes, version }: DeviceAttribute): Value {
  const plain = string ?? int ?? yes
  return plain === undefined ? (version === undefined ? FAULT : UNCLAIMED) : plainValue(plain)
}

function domains<T>(driver: string, named: Readonly<Record<string, T>>, toValue: (of: T) => Value): Value {
  const byDomain = new Map<string, Map<string, Value>>()
  for (const [name, of] of Object.entries(named)) {
    const slash = name.indexOf('/')
    const domain = slash < 0 ? driver : name.slice(0, slash)
    byDomain.set(domain, (byDomain.get(domain) ?? new Map()).set(name.slice(slash + 1), toValue(of)))
  }
  const entries = new Map([...byDomain].map(([domain, of]): [string, Value] => [domain, { is: 'map', entries: of, otherwise: FAULT }]))
  return { is: 'map', entries, otherwise: EMPTY }
}
