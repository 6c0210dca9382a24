/** The page's reasons: what in the numbers makes the paper's shape come out or not. */

import { CAMERAS } from './dhs-arrivals.ts'
import type { Results } from './dhs-page.ts'
import { NETWORKS, wholeCost } from './dhs-page-setup.ts'
import { PAPER_GAIN } from './dhs-paper.ts'
import type { Run } from './dhs-runs.ts'
import type { ClassName, ClassSummary } from './dhs-summary.ts'
import { gainOver, ms, percent } from './dhs-tables.ts'

/** Within it, two delays are one. */
const TIE_RATIO = 1e-3

export function whySection(results: Results): string {
  return `## Where the paper's shape does not come out, and why

${[unbalancedReason(results), balancedReason(results), heftReason(results), cpopReason(results), linksReason(results)].join('\n')}`
}

function unbalancedReason({ runs, played }: Results): string {
  const unbalanced = runs.filter(({ loadClass }) => loadClass.unbalanced)
  const piShare = shareOf(unbalanced, ({ cameraLoadsSeconds }) => cameraLoadsSeconds[0] === Math.max(...cameraLoadsSeconds))
  const piMs = (network: string) => wholeCost(network, { device: 'raspberry-pi-4b', kind: 'CPU' }).ms
  const tx2Ms = (network: string) => wholeCost(network, { device: 'jetson-tx2', kind: 'GPU' }).ms
  const ratios = NETWORKS.map((network) => (piMs(network) / tx2Ms(network)).toFixed(1))
  const uH = classOf(played, 'U-H')
  return `- **Unbalanced gains most, not least.** In ${percent(piShare)} % of the Unbalanced arrivals the Raspberry Pi has the largest t: it takes
  ${ratios.join(', ')} times as long for the three networks as a TX2, and all six requests of Heavy on one TX2 stay below the threshold.
  Local must wait for the Pi, and whatever moves its work to a TX2 or the server wins by far.${
    uH
      ? `
  The least gain of all ${uH.weight} arrivals of U-H is ${percent(1 - uH.dhsRatioMax)} %; the paper's is ${percent(PAPER_GAIN.least.ratio)} %.`
      : ''
  }`
}

function balancedReason({ runs, played }: Results): string {
  const bL = classOf(played, 'B-L')
  const loses = shareOf(
    runs.filter(({ loadClass }) => loadClass.className === 'B-H'),
    ({ delays: { dhs, local } }) => dhs.played.makespanMs > local.played.makespanMs * (1 + TIE_RATIO),
  )
  return `- **Balanced gains least, because Local is nearly good enough.**${
    bL
      ? ` In B-L the gain is ${percent(1 - bL.dhsRatioMax)} to ${percent(1 - bL.dhsRatioMin)} % by arrival, ${percent(gainOver(bL, 'local'))} % on the mean; the paper's ${percent(PAPER_GAIN.most.ratio)} % is
  among them, so that number by itself is plausible, but not as the largest of four.`
      : ''
  } In ${percent(loses)} % of the arrivals of B-H the plan of
  DHS, once played, takes longer than Local: its transfers share links, which no scheduler here reckons with.`
}

function heftReason({ runs, played }: Results): string {
  const bL = runs.filter(({ loadClass }) => loadClass.className === 'B-L')
  const isLocal = shareOf(bL, ({ delays: { heft, local } }) => heft.planned.makespanMs >= local.planned.makespanMs * (1 - TIE_RATIO))
  const lost = played.map(({ className, meanMs, bestOfThreeMs }) => `${percent(1 - bestOfThreeMs / meanMs.dhs)} % (${className})`)
  return `- **HEFT is not the best in Balanced-Light.** It takes the earliest finish of each task by itself, so it does not pay for a first transfer that
  only later tasks earn back: in ${percent(isLocal)} % of the arrivals its plan is no shorter than Local's. PEFT looks ahead and pays. The best of the three
  at each arrival would take ${lost.join(', ')} less than the one that DHS picks.`
}

function cpopReason({ runs }: Results): string {
  const uL = runs.filter(({ loadClass }) => loadClass.className === 'U-L')
  const isShared = (run: Run) => run.requests.filter(({ camera }) => camera === CAMERAS[0]).length > 1
  const meansWhere = (holds: (run: Run) => boolean) => {
    const some = uL.filter(holds)
    return `CPOP ${ms(meanOf(some, 'cpop'))} ms, PEFT ${ms(meanOf(some, 'peft'))} ms`
  }
  return `- **CPOP is not the best in Unbalanced-Light.** It moves the critical path, that of one request, off the Pi and places the others as HEFT does.
  With one request at the Pi that is right: ${meansWhere((run) => !isShared(run))}. With more, one may stay there: ${meansWhere(isShared)}.`
}

function linksReason({ played, planned }: Results): string {
  const edgeOf = (classes: readonly ClassSummary[]) => {
    const edge = classOf(classes, 'B-H')?.ratioToLocal.edge
    return edge === undefined ? '–' : percent(edge)
  }
  return `- **Edge depends on the links.** Planned as if each frame had the server's link for itself, Edge takes ${edgeOf(planned)} % of Local in B-H; played, all
  frames of the load share that link: ${edgeOf(played)} %.`
}

function classOf(classes: readonly ClassSummary[], className: ClassName): ClassSummary | undefined {
  return classes.find((each) => each.className === className)
}

function meanOf(runs: readonly Run[], algorithm: 'cpop' | 'peft'): number {
  return runs.reduce((sum, { weight, delays }) => sum + weight * delays[algorithm].played.makespanMs, 0) / weightOf(runs)
}

function shareOf(runs: readonly Run[], holds: (run: Run) => boolean): number {
  return weightOf(runs.filter(holds)) / weightOf(runs)
}

function weightOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { weight }) => sum + weight, 0)
}
