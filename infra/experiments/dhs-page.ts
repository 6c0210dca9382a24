/**
 * Writes the experiment up as Markdown: our numbers beside the paper's, every assumption by name, and where they differ.
 * Numbers and verdicts are computed; the sentences around them were written by looking at the committed page.
 */
import type { GoldCheck } from './dhs-gold.ts'
import { assumptionsSection, setupSection } from './dhs-page-setup.ts'
import { whySection } from './dhs-page-why.ts'
import { PAPER_BEST, PAPER_GAIN, shapeOf } from './dhs-paper.ts'
import type { Run } from './dhs-runs.ts'
import type { ClassSummary } from './dhs-summary.ts'
import type { SweepPoint } from './dhs-sweeps.ts'
import { gainOver, markdownTable, ms, percent } from './dhs-tables.ts'

export interface Results {
  readonly gold: GoldCheck
  readonly runs: readonly Run[]
  readonly played: readonly ClassSummary[]
  readonly planned: readonly ClassSummary[]
  /** Null when they were left out. */
  readonly sweeps: readonly SweepPoint[] | null
}

export function toPage(results: Results): string {
  const { sweeps } = results
  return `${[
    '# The experiment of the DHS paper, repeated',
    'Written by `npm run experiment:dhs`; do not edit. The same code gives the same bytes.',
    summarySection(results),
    setupSection(results.runs),
    delaySection(results),
    againstLocalSection(results),
    whySection(results),
    assumptionsSection(),
    ...(sweeps ? [sensitivitySection(sweeps)] : []),
    goldSection(results.gold),
  ].join('\n\n')}\n`
}

function summarySection({ played, sweeps }: Results): string {
  const gains = played.map((summary) => `${percent(gainOver(summary, 'local'))} % in ${summary.className}`)
  const { isBestAsPublished, isOrderAsPublished, isBetterThanEdge } = shapeOf(played)
  const verdict = (holds: boolean) => (holds ? '**Comes out.**' : '**Does not come out.**')
  const { least, most } = PAPER_GAIN
  const right = played.filter(({ className, best }) => best.includes(PAPER_BEST[className])).map(({ className }) => className)
  return `## In short

- The paper: DHS takes ${percent(least.ratio)} % (${least.className}, least) to ${percent(most.ratio)} % (${most.className}, most) less than Local.
  ${verdict(isOrderAsPublished)} Ours: ${gains.join(', ')}.
- The paper: PEFT is best in U-H and B-H, CPOP in U-L, HEFT in B-L.
  ${verdict(isBestAsPublished)} Ours agree in ${right.join(', ') || 'no class'}.
- The paper: cameras that work together beat the server alone.
  ${verdict(isBetterThanEdge)} DHS takes ${played.map((summary) => `${percent(gainOver(summary, 'edge'))} % (${summary.className})`).join(', ')} less than Edge.${
    sweeps ? `\n- ${sweepVerdict(sweeps)}` : ''
  }`
}

function sweepVerdict(sweeps: readonly SweepPoint[]): string {
  const shapes = sweeps.filter(({ isBase }) => !isBase).map(({ classes }) => shapeOf(classes))
  const count = (holds: (shape: (typeof shapes)[number]) => boolean) => shapes.filter(holds).length
  return `With each assumption varied alone, ${shapes.length} other settings: in ${count((shape) => shape.hasAllClasses)} of them all four classes occur; the paper's
  order of gains comes out in ${count((shape) => shape.isOrderAsPublished)}, its best scheduler of every class in ${count(
    (shape) => shape.isBestAsPublished,
  )}, DHS before Edge in every class in ${count((shape) => shape.isBetterThanEdge)}. Nothing was tuned to hit a figure.`
}

function delaySection({ played, planned }: Results): string {
  const names = ['heft', 'cpop', 'peft'] as const
  const upper = (list: readonly string[]) => list.map((name) => name.toUpperCase()).join(', ')
  return `## Fig. 1: the three schedulers by load class

![Mean delay of HEFT, CPOP and PEFT by load class](dhs/fig1.svg)

Mean delay of the load over the arrivals of the class, ms: played on shared links, in brackets as the scheduler planned it.

${markdownTable(
  ['class', ...upper(names).split(', '), 'best here', 'best in the paper', 'DHS (its pick)', 'best of three at each arrival'],
  played.map(({ className, meanMs, best, bestOfThreeMs }, index) => [
    className,
    ...names.map((name) => `${ms(meanMs[name])} (${ms(planned[index]!.meanMs[name])})`),
    upper(best),
    upper([PAPER_BEST[className]]),
    ms(meanMs.dhs),
    ms(bestOfThreeMs),
  ]),
)}`
}

function againstLocalSection({ played, planned }: Results): string {
  const paper: Readonly<Record<string, number>> = {
    [PAPER_GAIN.least.className]: PAPER_GAIN.least.ratio,
    [PAPER_GAIN.most.className]: PAPER_GAIN.most.ratio,
  }
  return `## Fig. 2: DHS and Edge against Local

![Delay of DHS and Edge in percent of Local](dhs/fig2.svg)

Played on shared links, in brackets as planned. The last columns: how much less DHS takes than Local, %; the paper gives two
of the four, and no arrivals.

${markdownTable(
  [
    'class',
    'Local, ms',
    'DHS, ms',
    'Edge, ms',
    'DHS, % of Local',
    'Edge, % of Local',
    'less than Local, %',
    'least … median … most',
    'the paper',
  ],
  played.map((summary, index) => {
    const { className, meanMs, ratioToLocal, dhsRatioMin, dhsRatioMedian, dhsRatioMax } = summary
    const plan = planned[index]!
    return [
      className,
      ms(meanMs.local),
      `${ms(meanMs.dhs)} (${ms(plan.meanMs.dhs)})`,
      `${ms(meanMs.edge)} (${ms(plan.meanMs.edge)})`,
      `${percent(ratioToLocal.dhs)} (${percent(plan.ratioToLocal.dhs)})`,
      `${percent(ratioToLocal.edge)} (${percent(plan.ratioToLocal.edge)})`,
      percent(gainOver(summary, 'local')),
      [dhsRatioMax, dhsRatioMedian, dhsRatioMin].map((ratio) => percent(1 - ratio)).join(' … '),
      paper[className] === undefined ? 'not given' : percent(paper[className]),
    ]
  }),
)}`
}

function sensitivitySection(sweeps: readonly SweepPoint[]): string {
  return `## Sensitivity: each assumption varied alone

![Gain of DHS over Local by link speed](dhs/link-speed.svg)

![Gain of DHS over Local, each assumption varied alone](dhs/assumptions.svg)

How much less DHS takes than Local, %; in brackets the best of HEFT, CPOP and PEFT by mean delay. Bold: the default. "–": no
arrival falls into the class. Order: U-H gains least and B-L most, as in the paper. On slow links nothing is worth sending: there all plans are
Local's, and to be best is to tie.

${markdownTable(
  ['assumption', 'value', 'U-H', 'U-L', 'B-H', 'B-L', 'order', 'best as in the paper', 'better than Edge'],
  sweeps.map(({ assumption, label, isBase, classes }) => {
    const shape = shapeOf(classes)
    const yes = (holds: boolean) => (holds ? 'yes' : 'no')
    return [
      assumption,
      isBase ? `**${label}**` : label,
      ...(['U-H', 'U-L', 'B-H', 'B-L'] as const).map((className) => {
        const summary = classes.find((each) => each.className === className)
        return summary ? `${percent(gainOver(summary, 'local'))} (${summary.best.map((name) => name.toUpperCase()).join(', ')})` : '–'
      }),
      shape.hasAllClasses ? yes(shape.isOrderAsPublished) : '–',
      yes(shape.isBestAsPublished),
      yes(shape.isBetterThanEdge),
    ]
  }),
)}`
}

function goldSection({ scenarioCount, valueCount, worstRatio }: GoldCheck): string {
  return `## Checked before anything ran

${scenarioCount} fixed scenarios of this testbed (four classes, block and branch graphs, links of 100 and 1000 Mbit/s), computed independently: class,
dispatch and ${valueCount} makespans agree ${worstRatio <= 1e-6 ? 'to within 10⁻⁶' : 'NOT'}.`
}
