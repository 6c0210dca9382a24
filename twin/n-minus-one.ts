/**
 * Which single loss would hurt most: every node, accelerator, link and camera that is alive is taken away on a fork of
 * its own, and the same work is played on it as it is bound and as the best algorithm would place it anew.
 *
 * Pure, and one loss at a time: whoever drives it says how much of the machine it may have.
 */
import { LOSS_KINDS, type Loss, type NMinusOneCase, type NMinusOneReport, type Outlook } from '../models/contracts/standing.ts'
import { applyEdits, applyForked, commonOf } from './fork.ts'
import { lineOf, sentenceOf } from './n-minus-one-text.ts'
import { afterOf, askedOf, hopelessOf, increaseMs, type OutlookOptions, outlookOf } from './outlook.ts'
import { isAlive } from './processors.ts'
import { referenceTwin } from './reference-work.ts'
import type { TwinState } from './twin-state.ts'

/** What every loss is compared with. Plain data, so that losses can be judged in other threads. */
export type NMinusOneBase = Omit<NMinusOneReport, 'cases' | 'line'>

/** @throws TwinError PROBLEM_TOO_LARGE when the work is more than a query may hold */
export function* nMinusOne(state: TwinState, options: OutlookOptions): Generator<NMinusOneCase, NMinusOneReport, void> {
  const base = nMinusOneBase(state, options)
  const cases: NMinusOneCase[] = []
  for (const loss of lossesOf(state)) {
    const judged = judgeLoss(state, { loss, base }, options)
    cases.push(judged)
    yield judged
  }
  return nMinusOneReport(base, cases)
}

/** Whatever is alive, each once, by kind and name. Links and cameras count as alive until they are said to be away. */
export function lossesOf({ entities }: TwinState): Loss[] {
  const { node, accelerator, link, camera } = entities
  const alive: Readonly<Record<Loss['kind'], string[]>> = {
    node: [...node.values()].filter(isAlive).map(({ name }) => name),
    accelerator: [...accelerator.values()]
      .filter(({ mode, reported }) => {
        return (mode === 'unallocated' || mode === 'allocated') && isAlive(node.get(reported.identity?.value.node ?? ''))
      })
      .map(({ name }) => name),
    link: [...link.values()].filter(({ mode }) => mode === 'up' || mode === 'expected').map(({ name }) => name),
    camera: [...camera.values()].filter(({ mode }) => mode !== 'gone' && mode !== 'offline').map(({ name }) => name),
  }
  return LOSS_KINDS.flatMap((kind) => alive[kind].sort().map((name) => ({ kind, name })))
}

export function nMinusOneBase(state: TwinState, options: OutlookOptions): NMinusOneBase {
  const { twin, workload } = referenceTwin(state, options.registry)
  const hopeless = hopelessOf(twin, options).map(({ request }) => request)
  const asked = askedOf(twin, hopeless)
  return {
    basis: { sequence: state.sequence, timeMs: state.clockMs },
    workload,
    requestCount: asked.size,
    hopeless: hopeless.sort(),
    base: outlookOf(twin, asked, options).outlook,
  }
}

/** @param base Of the same twin. */
export function judgeLoss(
  state: TwinState,
  { loss, base }: { readonly loss: Loss; readonly base: NMinusOneBase },
  options: OutlookOptions,
): NMinusOneCase {
  const { twin } = referenceTwin(state, options.registry)
  const fork = withLoss(twin, loss)
  const { outlook, why } = outlookOf(fork, askedOf(twin, base.hopeless), options)
  const after = afterOf(outlook)
  const feedCount = loss.kind === 'camera' ? (state.entities.camera.get(loss.name)?.desired.applications.length ?? 0) : 0
  const harm = {
    lostRequestCount: after.stranded.length + feedCount,
    increaseMs: increaseMs(after, afterOf(base.base)),
    unchangedIncreaseMs: increaseMs(outlook.unchanged, base.base.unchanged),
  }
  const judged = { loss, severity: severityOf(outlook, harm, base.base), ...outlook, harm, why }
  return { ...judged, sentence: sentenceOf(judged, base.base) }
}

export function nMinusOneReport(base: NMinusOneBase, cases: readonly NMinusOneCase[]): NMinusOneReport {
  const ranked = [...cases].sort(byHarm)
  return { ...base, cases: ranked, line: lineOf(ranked, base.requestCount) }
}

/** A camera's loss takes no clip away that it has raised already; what it would have seen next is lost. */
function withLoss(twin: TwinState, { kind, name }: Loss): TwinState {
  switch (kind) {
    case 'node':
      return applyEdits(twin, [{ kind: 'lose-node', node: name }])
    case 'accelerator':
      return applyEdits(twin, [{ kind: 'lose-accelerator', accelerator: name }])
    case 'camera':
      return applyEdits(twin, [{ kind: 'remove-camera', camera: name }])
    case 'link':
      // Not by its rate: that of a link that was never sampled cannot be edited.
      return applyForked(twin, [{ type: 'link.conditionsChanged', ...commonOf(twin), name, up: false, reason: 'what-if: lost' }])
  }
}

function severityOf(outlook: Outlook, harm: NMinusOneCase['harm'], base: Outlook): NMinusOneCase['severity'] {
  if (harm.lostRequestCount > 0) return 'lost'
  if (outlook.unchanged.stranded.length > base.unchanged.stranded.length) return 'stranded'
  return Math.max(harm.increaseMs ?? 0, harm.unchangedIncreaseMs ?? 0) > 0 ? 'slower' : 'none'
}

/** Worst first: what is lost, last what harms nothing, between them the time after the remedy, then without it; never ending is longest. */
function byHarm(a: NMinusOneCase, b: NMinusOneCase): number {
  const longer = (aMs: number | null, bMs: number | null) =>
    aMs === bMs ? 0 : (bMs ?? Number.POSITIVE_INFINITY) - (aMs ?? Number.POSITIVE_INFINITY)
  return (
    b.harm.lostRequestCount - a.harm.lostRequestCount ||
    Number(a.severity === 'none') - Number(b.severity === 'none') ||
    longer(a.harm.increaseMs, b.harm.increaseMs) ||
    longer(a.harm.unchangedIncreaseMs, b.harm.unchangedIncreaseMs) ||
    LOSS_KINDS.indexOf(a.loss.kind) - LOSS_KINDS.indexOf(b.loss.kind) ||
    (a.loss.name < b.loss.name ? -1 : 1)
  )
}
