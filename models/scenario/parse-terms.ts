/**
 * One function per word that begins a term: what stands between its parentheses, as an edit of a what-if. What the
 * contract refuses is refused here, at the word that is wrong.
 */
import { editShape } from '../contracts/what-if.ts'
import { type AcceleratorKind, acceleratorKindShape, durationMsShape } from '../events/shapes.ts'
import { parseCount, parseDuration, parseModel, parseName, parseRate, parseReference } from './parse-values.ts'
import { SWEPT_VALUE_SHAPES, type Term, termShape } from './scenario.ts'
import { NUMBER } from './units.ts'
import type { Reader } from './words.ts'

const KINDS: readonly string[] = acceleratorKindShape.options
const FACTOR = new RegExp(`^x(${NUMBER})$`)

/** By the word that a term begins with. Each is called behind the opening parenthesis and stops before the closing one. */
export const TERM_PARSERS: ReadonlyMap<string, (reader: Reader) => Term> = new Map([
  ['lose', parseLose],
  ['drain', (reader: Reader): Term => ({ kind: 'drain-node', node: parseReference(reader, ['node']).name })],
  ['cordon', (reader: Reader): Term => ({ kind: 'cordon-node', node: parseReference(reader, ['node']).name })],
  ['add', parseAdd],
  ['remove', (reader: Reader): Term => ({ kind: 'remove-camera', camera: parseReference(reader, ['camera']).name })],
  ['link', parseLink],
  ['burst', parseBurst],
])

function parseLose(reader: Reader): Term {
  const { kind, name } = parseReference(reader, ['node', 'accelerator', 'camera', 'link'])
  switch (kind) {
    case 'node':
      return { kind: 'lose-node', node: name }
    case 'accelerator':
      return { kind: 'lose-accelerator', accelerator: name }
    // The same as remove(camera/…) and link(…, 0 bit/s).
    case 'camera':
      return { kind: 'remove-camera', camera: name }
    case 'link':
      return { kind: 'set-link', link: name, bytesPerSecond: 0 }
  }
}

function parseAdd(reader: Reader): Term {
  const { kind, name } = parseReference(reader, ['node', 'accelerator', 'camera'])
  reader.expect(',')
  switch (kind) {
    case 'node':
      return parseNewNode(reader, name)
    case 'accelerator': {
      const acceleratorKind = reader.choice(acceleratorKindShape.options)
      reader.expect(',')
      return { kind: 'add-accelerator', accelerator: name, acceleratorKind, deviceModel: parseModel(reader) }
    }
    case 'camera':
      return parseNewCamera(reader, name)
  }
}

function parseNewNode(reader: Reader, node: string): Term {
  const role = reader.choice(['server', 'camera'])
  reader.expect(',')
  const first = reader.peek()
  const accelerators: NewAccelerator[] = []
  while (KINDS.includes(reader.peek().text) || KINDS.includes(reader.peek(1).text)) {
    accelerators.push(parseNewAccelerator(reader, accelerators))
    reader.expect(',')
  }
  const expected = 'an accelerator such as CPU edge-server-3.6ghz (16 at most)'
  if (accelerators.length === 0) reader.fail(first, expected, KINDS)
  const bytesPerSecond = parseRate(reader)
  reader.expect(',')
  const latencyMs = parseDuration(reader, { shape: durationMsShape, expected: 'a latency such as 1 ms' })
  const added = { kind: 'add-node', node, role, accelerators, bytesPerSecond, latencyMs }
  return reader.checked(editShape, added, { word: first, expected })
}

export interface NewAccelerator {
  readonly device: string
  readonly acceleratorKind: AcceleratorKind
  readonly deviceModel: string
}

/** `GPU jetson-tx2`, or with the name of the device before it. */
function parseNewAccelerator(reader: Reader, before: readonly NewAccelerator[]): NewAccelerator {
  const name = KINDS.includes(reader.peek().text) ? null : parseName(reader, 'a device')
  const acceleratorKind = reader.choice(acceleratorKindShape.options)
  return { device: name ?? deviceName(acceleratorKind, before), acceleratorKind, deviceModel: parseModel(reader) }
}

/** The name of a device that was given none: 'gpu0', 'gpu1', …, counted by kind. */
export function deviceName(acceleratorKind: AcceleratorKind, before: readonly NewAccelerator[]): string {
  return `${acceleratorKind.toLowerCase()}${before.filter((each) => each.acceleratorKind === acceleratorKind).length}`
}

/** A dash for a camera without a node. */
function parseNewCamera(reader: Reader, camera: string): Term {
  const node = reader.accept('-') ? null : parseName(reader, "the camera's node, or - for none")
  const applications: string[] = []
  const word = reader.peek()
  while (reader.accept(',')) applications.push(parseName(reader, 'an application'))
  const added = { kind: 'add-camera', camera, node, applications }
  return reader.checked(editShape, added, { word, expected: 'the applications that the camera asks for (1 to 64)' })
}

function parseLink(reader: Reader): Term {
  const link = parseName(reader, 'a link, or the camera or node whose link is meant')
  reader.expect(',')
  if (!/^x/.test(reader.peek().text)) return { kind: 'set-link', link, bytesPerSecond: parseRate(reader) }
  const word = reader.next()
  const [, factor] = FACTOR.exec(word.text) ?? []
  const expected = 'a factor from x0.001 to x1000, or a rate'
  return { kind: 'scale-link', link, factor: reader.checked(SWEPT_VALUE_SHAPES['scale-link'], Number(factor), { word, expected }) }
}

/** `burst(resnet50)`: from every camera. The last `xN` is the count, whatever an application is called. */
function parseBurst(reader: Reader): Term {
  const { names, frames } = parseBurstNames(reader, { hasCount: true })
  const { count, application, camera } = names
  const burst = camera === null ? { kind: 'burst-each-camera', application } : { kind: 'burst', camera, application }
  return reader.checked(termShape, { ...burst, count, frames }, { word: reader.peek(), expected: 'a burst' })
}

interface BurstNames {
  readonly camera: string | null
  readonly application: string
  readonly count: number
}

/** Also what a sweep of bursts varies: there the count comes from the range. */
export function parseBurstNames(reader: Reader, { hasCount }: { hasCount: boolean }): { names: BurstNames; frames: number } {
  const names = [parseName(reader, 'a camera and an application, or an application')]
  let [count, frames] = [1, 1]
  const isFrames = (ahead: number) => reader.peek(ahead).text === 'frames' && reader.peek(ahead + 1).kind === 'word'
  while (reader.accept(',')) {
    if (isFrames(0)) {
      reader.next()
      frames = parseCount(reader, { prefix: '', max: 1_000_000, expected: 'frames from 1 to 1000000' })
      break
    }
    const isLast = reader.peek(1).text === ')' || (reader.peek(1).text === ',' && isFrames(2))
    if (hasCount && isLast && /^x\d/.test(reader.peek().text)) {
      count = parseCount(reader, { prefix: 'x', max: 100, expected: 'a count from x1 to x100' })
    } else if (names.length < 2) {
      names.push(parseName(reader, 'an application'))
    } else {
      reader.fail(reader.peek(), hasCount ? 'a count as x4, or frames as frames 60' : 'frames as frames 60')
    }
  }
  const [first = '', second] = names
  return { names: { camera: second === undefined ? null : first, application: second ?? first, count }, frames }
}
