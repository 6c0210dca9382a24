/**
 * The cheapest change that would make a loser win: work that is taken away, an image that is added, a link at another
 * rate, a faster device. One change at a time, and each one that is reported was true of a what-if asked again with it.
 */
import type { ImageRegistry } from '../models/applications/registry.ts'
import { FLIP_LIMITS, type Flip, type FlipAnswer, type FlipChange, type FlipQuery, type FlipTarget } from '../models/contracts/flips.ts'
import type { WhatIfAnswer, WhatIfQuery } from '../models/contracts/what-if.ts'
import { TwinError } from '../models/errors.ts'
import type { TwinEvent } from '../models/events/events.ts'
import { clipSource } from './clip-source.ts'
import { leastChange } from './flip-search.ts'
import { applyEdits, applyForked, commonOf } from './fork.ts'
import { nodeLinks } from './network.ts'
import { compareBy } from './objectives.ts'
import type { TwinState } from './twin-state.ts'
import { askWhatIf } from './what-if.ts'
import { unknownName } from './workload.ts'

export interface FlipOptions {
  readonly registry: ImageRegistry
  readonly runCountMax?: number
}

/** A what-if with one thing changed. */
interface Variant {
  readonly state?: TwinState
  readonly query?: WhatIfQuery
  readonly registry?: ImageRegistry
  readonly speedRatios?: ReadonlyMap<string, number>
}

interface Search {
  readonly state: TwinState
  readonly query: WhatIfQuery
  readonly target: FlipTarget
  readonly registry: ImageRegistry
  readonly base: WhatIfAnswer
  /** The makespan with which the target wins; 'loses', or null when no more runs are allowed. */
  readonly winsWith: (variant: Variant) => number | 'loses' | null
}

/** @throws TwinError ENTITY_UNKNOWN or QUERY_INVALID for a target that the question does not have, and what the what-if throws */
export function cheapestFlips(state: TwinState, query: WhatIfQuery, target: FlipTarget, options: FlipOptions): FlipAnswer {
  const { registry, runCountMax = FLIP_LIMITS.runs } = options
  let runCount = 0
  let isComplete = true
  const ask = (variant: Variant): WhatIfAnswer => {
    runCount++
    const { speedRatios } = variant
    const asked = { id: 'flip', stateHash: '', registry: variant.registry ?? registry, ...(speedRatios && { speedRatios }) }
    return askWhatIf(variant.state ?? state, variant.query ?? query, asked)
  }
  const winsWith = (variant: Variant): number | 'loses' | null => {
    if (runCount >= runCountMax) {
      isComplete = false
      return null
    }
    const answer = ask(variant)
    return wins(answer, target) ? answer.outcomes[0]!.makespanMs : 'loses'
  }
  const base = ask({})
  checkTarget(base, target)
  const winsAlready = wins(base, target)
  const flips = winsAlready ? [] : findFlips({ state, query, target, registry, base, winsWith })
  return { target, winsAlready, flips, verdict: verdictOf({ target, winsAlready, flips, isComplete }), runCount, isComplete }
}

export function flipsOf(state: TwinState, { query, target, runCountMax }: FlipQuery, registry: ImageRegistry): FlipAnswer {
  return cheapestFlips(state, query, target, { registry, runCountMax })
}

function wins({ outcomes, query }: WhatIfAnswer, target: FlipTarget): boolean {
  const [best] = outcomes
  if (best === undefined) return false
  if (target.kind === 'accelerator') {
    return best.requests.some(({ request, chosen }) => request === target.request && chosen === target.accelerator)
  }
  const own = outcomes.find(({ algorithm }) => algorithm === target.algorithm)
  return own !== undefined && compareBy(query.objective)(own, best) <= 0
}

function checkTarget({ outcomes, query, infeasible }: WhatIfAnswer, target: FlipTarget): void {
  if (target.kind === 'algorithm') {
    if (query.algorithms.includes(target.algorithm)) return
    throw new TwinError('QUERY_INVALID', `the question does not ask ${target.algorithm}; add it to its algorithms`)
  }
  const [best] = outcomes
  if (best === undefined) {
    throw new TwinError('QUERY_INVALID', `nothing can win: no algorithm finds a schedule; ${infeasible[0]?.reason ?? ''}`.slice(0, 1_024))
  }
  const request = best.requests.find((each) => each.request === target.request)
  if (request === undefined) {
    throw unknownName(
      'request of this question',
      target.request,
      best.requests.map((each) => each.request),
    )
  }
  const accelerators = request.choices.map(({ accelerator }) => accelerator)
  if (!accelerators.includes(target.accelerator)) throw unknownName('accelerator', target.accelerator, accelerators)
}

/** Cheapest kind first; within a kind the smallest factor. */
function findFlips(search: Search): Flip[] {
  return [...freedSlots(search), ...addedImages(search), ...byFactor(otherRates(search)), ...byFactor(fasterDevices(search))]
}

function byFactor(flips: Flip[]): Flip[] {
  const factor = ({ from, to }: Flip) => Math.abs(Math.log(to / from))
  return flips.sort((a, b) => factor(a) - factor(b))
}

function toFlip({ base }: Search, change: FlipChange, { from, to, makespanMs }: { from: number; to: number; makespanMs: number }): Flip {
  return { change, from, to, verified: true, makespanMsBefore: base.outcomes[0]?.makespanMs ?? null, makespanMsAfter: makespanMs }
}

function freedSlots(search: Search): Flip[] {
  const { state, query, base, target } = search
  return base.processors.flatMap(({ accelerator, readyMs }): Flip[] => {
    if (readyMs === 0 || (target.kind === 'accelerator' && accelerator !== target.accelerator)) return []
    const makespanMs = search.winsWith({ state: freed(state, query, accelerator) })
    return typeof makespanMs !== 'number'
      ? []
      : [toFlip(search, { kind: 'free-accelerator', accelerator }, { from: readyMs, to: 0, makespanMs })]
  })
}

/** What queues there stays when it is what the question is about. */
function freed(state: TwinState, { workload }: WhatIfQuery, accelerator: string): TwinState {
  const common = commonOf(state)
  const events = [...state.entities.pod.values()].flatMap(({ name, mode, reported }): TwinEvent[] => {
    if (reported.place?.accelerator !== accelerator) return []
    if (mode === 'running')
      return [{ type: 'pod.finished', ...common, name, durationMs: Math.max(0, common.timeMs - (reported.startedMs ?? 0)) }]
    return mode === 'bound' && workload !== 'waiting'
      ? [{ type: 'pod.evicted', ...common, name, reason: 'what-if: freed', by: 'what-if' }]
      : []
  })
  return applyForked(state, events)
}

function addedImages(search: Search): Flip[] {
  const { state, query, target, base, registry } = search
  if (target.kind !== 'accelerator') return []
  const request = base.outcomes[0]!.requests.find((each) => each.request === target.request)!
  const acceleratorKind = applyEdits(state, query.edits).entities.accelerator.get(target.accelerator)?.reported.identity?.value
    .acceleratorKind
  const { application } = request
  const isMissing =
    acceleratorKind !== undefined &&
    !registry.some((entry) => entry.application === application && entry.acceleratorKind === acceleratorKind)
  if (!isMissing) return []
  const image = `${application}-${acceleratorKind.toLowerCase()}`
  const makespanMs = search.winsWith({ registry: [...registry, { application, acceleratorKind, image, label: image }] })
  return typeof makespanMs !== 'number'
    ? []
    : [toFlip(search, { kind: 'add-image', application, acceleratorKind }, { from: 0, to: 1, makespanMs })]
}

/** Slower too: a rate at which the winner loses is what a site must not fall below. */
function otherRates(search: Search): Flip[] {
  const { query } = search
  const { linkFactor, linkBytesPerSecond } = FLIP_LIMITS
  return linksConcerned(search).flatMap(({ link, from }): Flip[] =>
    [Math.min(linkBytesPerSecond, from * linkFactor), from / linkFactor].flatMap((limit): Flip[] => {
      const variantOf = (bytesPerSecond: number): Variant => ({
        query: { ...query, edits: [...query.edits, { kind: 'set-link', link, bytesPerSecond }] },
      })
      return leastFlip(search, { change: { kind: 'set-link', link }, from, limit, variantOf })
    }),
  )
}

/** Of an accelerator: where the clip is, where it goes and where it should go. Of an algorithm: all. */
function linksConcerned({ state, query, base, target }: Search): { link: string; from: number }[] {
  const fork = applyEdits(state, query.edits)
  const linkOf = nodeLinks(fork)
  const nodeOf = (accelerator: string) => base.processors.find((each) => each.accelerator === accelerator)?.node
  const request = target.kind === 'accelerator' && base.outcomes[0]?.requests.find((each) => each.request === target.request)
  const nodes = request
    ? [clipSource(fork, request.camera)?.node, nodeOf(target.accelerator), nodeOf(request.chosen)]
    : base.processors.map(({ node }) => node)
  return [...new Set(nodes)].flatMap((node) => {
    if (node === undefined) return []
    const { name, bytesPerMs } = linkOf(node)
    return name === null || bytesPerMs === 0 ? [] : [{ link: name, from: bytesPerMs * 1_000 }]
  })
}

function fasterDevices(search: Search): Flip[] {
  const { base, target } = search
  const accelerators = base.processors.map(({ accelerator }) => accelerator)
  return accelerators
    .filter((accelerator) => target.kind === 'algorithm' || accelerator === target.accelerator)
    .flatMap((accelerator): Flip[] => {
      const variantOf = (factor: number): Variant => ({ speedRatios: new Map([[accelerator, factor]]) })
      return leastFlip(search, { change: { kind: 'speed-up', accelerator }, from: 1, limit: FLIP_LIMITS.speedFactor, variantOf })
    })
}

interface Scale {
  readonly change: FlipChange
  readonly from: number
  readonly limit: number
  readonly variantOf: (value: number) => Variant
}

function leastFlip(search: Search, { change, from, limit, variantOf }: Scale): Flip[] {
  if (from === limit) return []
  const makespans = new Map<number, number>()
  const passes = (value: number): boolean | null => {
    const makespanMs = search.winsWith(variantOf(value))
    if (typeof makespanMs === 'number') makespans.set(value, makespanMs)
    return makespanMs === null ? null : makespanMs !== 'loses'
  }
  const to = leastChange({ from, limit, passes })
  return to === null ? [] : [toFlip(search, change, { from, to, makespanMs: makespans.get(to)! })]
}

function verdictOf({
  target,
  winsAlready,
  flips,
  isComplete,
}: Pick<FlipAnswer, 'target' | 'winsAlready' | 'flips' | 'isComplete'>): string {
  const name = target.kind === 'algorithm' ? target.algorithm : `${target.request} on ${target.accelerator}`
  if (winsAlready) return `${name} wins already`
  const [cheapest] = flips
  if (cheapest === undefined) return `nothing within the limits makes ${name} win${isComplete ? '' : ', as far as the runs reached'}`
  return `${name} wins with ${inWords(cheapest)}`
}

function inWords({ change, from, to }: Flip): string {
  switch (change.kind) {
    case 'free-accelerator':
      return `${change.accelerator} free now instead of in ${(from / 1_000).toFixed(1)} s`
    case 'add-image':
      return `an image of ${change.application} for ${change.acceleratorKind}`
    case 'set-link':
      return `link ${change.link} at ${mbit(to)} Mbit/s instead of ${mbit(from)}`
    case 'speed-up':
      return `${change.accelerator} ${Number(to.toPrecision(3))} times as fast`
  }
}

function mbit(bytesPerSecond: number): number {
  return Number(((bytesPerSecond * 8) / 1e6).toPrecision(3))
}
