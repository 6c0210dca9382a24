/** What a loss would do, in one sentence for people. */
import type { NMinusOneCase, NMinusOneReport, Outlook, Remedy } from '../models/contracts/standing.ts'

type Judged = Omit<NMinusOneCase, 'sentence'>

export function sentenceOf({ loss, severity, remedy, unchanged, harm }: Judged, base: Outlook): string {
  const losing = `Losing ${loss.name}`
  const after = remedy ?? unchanged
  const bestMs = spell((base.remedy ?? base.unchanged).makespanMs)
  switch (severity) {
    case 'lost':
      return loss.kind === 'camera'
        ? `${losing} would end its ${requests(harm.lostRequestCount)} a round; no other camera sees what it sees.`
        : `${losing} would leave ${requests(harm.lostRequestCount)} without a place; nothing else can run ${them(harm.lostRequestCount)}.`
    case 'stranded': {
      const count = unchanged.stranded.length - base.unchanged.stranded.length
      const until = `${losing} would leave ${requests(count)} without a place until ${count === 1 ? 'it is' : 'they are'} placed anew`
      return remedy === null ? `${until}.` : `${until}; ${by(remedy)} all is done in ${spell(after.makespanMs)} instead of ${bestMs}.`
    }
    case 'slower': {
      if ((harm.increaseMs ?? 0) > 0) {
        const slower = `${losing} would make the work take ${spell(after.makespanMs)} instead of ${bestMs}`
        return remedy === null ? `${slower}; no other placement helps.` : `${slower}, even ${by(remedy)}.`
      }
      const slower = `${losing} would make the work take ${spell(unchanged.makespanMs)} instead of ${spell(base.unchanged.makespanMs)}`
      return remedy === null ? `${slower}.` : `${slower} as it is placed now, but ${spell(after.makespanMs)} ${by(remedy)}.`
    }
    case 'none':
      return `${losing} would not hold up the work.`
  }
}

/** @param ranked Worst first. */
export function lineOf(ranked: readonly NMinusOneCase[], requestCount: number): NMinusOneReport['line'] {
  const worst = ranked.find(({ loss }) => loss.kind !== 'camera')
  if (requestCount === 0)
    return { severity: 'none', loss: null, sentence: 'Nothing that could run is asked for, so no loss would hold it up.' }
  if (worst === undefined || worst.severity === 'none')
    return { severity: 'none', loss: null, sentence: 'No single loss of a node, accelerator or link would hold up the work.' }
  const { severity, loss, sentence } = worst
  return { severity, loss, sentence }
}

function by({ moves, algorithm, picked }: Remedy): string {
  return `with ${moves.length === 1 ? '1 move' : `${moves.length} moves`} by ${picked ?? algorithm}`
}

function requests(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`
}

function them(count: number): string {
  return count === 1 ? 'it' : 'them'
}

/** Three digits say enough. */
function spell(ms: number | null): string {
  if (ms === null) return 'for ever'
  return ms < 999.5 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1_000).toPrecision(3))} s`
}
