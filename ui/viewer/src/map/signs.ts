/** How each mode is named and marked, in every view alike: a word, a glyph and a tone; colour alone never says it. */
import type { Accelerator } from '../../../../models/entities/accelerator.ts'
import type { Camera } from '../../../../models/entities/camera.ts'
import type { Link } from '../../../../models/entities/link.ts'
import type { Node } from '../../../../models/entities/node.ts'
import type { Glyph } from './pen.ts'

export type Tone = 'good' | 'accent' | 'warn' | 'bad' | 'muted' | 'faint'
export interface Sign {
  readonly word: string
  readonly glyph: Glyph
  readonly tone: Tone
}

const NODE: Readonly<Record<Node['mode'], Sign>> = {
  expected: { word: 'expected', glyph: 'ring', tone: 'muted' },
  ready: { word: 'ready', glyph: 'dot', tone: 'good' },
  notReady: { word: 'not ready', glyph: 'cross', tone: 'bad' },
  gone: { word: 'gone', glyph: 'dash', tone: 'faint' },
}
const ACCELERATOR: Readonly<Record<Accelerator['mode'], Sign>> = {
  offline: { word: 'offline', glyph: 'dash', tone: 'faint' },
  unallocated: { word: 'unallocated', glyph: 'squareOutline', tone: 'muted' },
  allocated: { word: 'allocated', glyph: 'square', tone: 'accent' },
  failed: { word: 'failed', glyph: 'cross', tone: 'bad' },
}
const CAMERA: Readonly<Record<Camera['mode'], Sign>> = {
  expected: { word: 'expected', glyph: 'ring', tone: 'muted' },
  online: { word: 'online', glyph: 'dot', tone: 'good' },
  degraded: { word: 'degraded', glyph: 'triangle', tone: 'warn' },
  offline: { word: 'offline', glyph: 'cross', tone: 'bad' },
  gone: { word: 'gone', glyph: 'dash', tone: 'faint' },
}

export function nodeSign({ mode, reported, desired }: Node): Sign {
  if (mode === 'ready' && reported.identity?.value.role === 'observer') return { word: 'watched only', glyph: 'dot', tone: 'good' }
  if (mode === 'ready' && (reported.conditions?.value.cordoned === true || !desired.schedulable)) {
    return { word: 'ready, cordoned', glyph: 'triangle', tone: 'warn' }
  }
  return NODE[mode]
}
export const acceleratorSign = ({ mode }: Accelerator): Sign => ACCELERATOR[mode]
export const cameraSign = ({ mode }: Camera): Sign => CAMERA[mode]

const LINK: Readonly<Record<Link['mode'], Sign>> = {
  expected: { word: 'expected', glyph: 'ring', tone: 'muted' },
  up: { word: 'up', glyph: 'dot', tone: 'good' },
  down: { word: 'down', glyph: 'cross', tone: 'bad' },
  gone: { word: 'gone', glyph: 'dash', tone: 'faint' },
}
const MODES = { node: NODE, accelerator: ACCELERATOR, camera: CAMERA, link: LINK }

/** Of a mode as a history tells it; one that this page does not know is shown as it is. */
export function modeSign(kind: keyof typeof MODES, mode: string): Sign {
  const signs: Readonly<Record<string, Sign>> = MODES[kind]
  return Object.hasOwn(signs, mode) ? signs[mode]! : { word: mode, glyph: 'dot', tone: 'muted' }
}
