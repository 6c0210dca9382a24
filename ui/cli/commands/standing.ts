/** `twinctl standing`: what the server works out all the time: which single loss would hurt most, and the class of the load. */
import type { Command } from 'commander'
import type { NMinusOneCase, Radar } from '../../../models/contracts/standing.ts'
import type { Standing } from '../../../models/contracts/study-api.ts'
import { formatMs, NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { type Block, toMarkdown, toPlain } from '../report.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

const FORMATS = ['table', 'markdown', 'json', 'yaml'] as const

export function addStanding(program: Command, terminal: Terminal): void {
  program
    .command('standing')
    .description('which single loss would hurt most (N−1), and where the load stands between the DHS classes')
    .addOption(outputOption(FORMATS, 'table'))
    .addHelpText('after', '\nExamples:\n  twinctl standing\n  twinctl standing -o markdown')
    .action(async ({ output }: { output: (typeof FORMATS)[number] }, command: Command) => {
      const standing = await createTwinCalls(createRestClient(globalsOf(command))).standing()
      if (output === 'json' || output === 'yaml') return terminal.print(formatOne(standing, output))
      const blocks = blocksOf(standing)
      await terminal.print(output === 'markdown' ? toMarkdown('What stands', blocks) : toPlain(blocks))
    })
}

function blocksOf({ nMinusOne, radar }: Standing): Block[] {
  const line = nMinusOne === null ? 'The N−1 report is not done yet; ask again in a few seconds.' : nMinusOne.line.sentence
  return [
    { lines: [line] },
    {
      heading: 'Losses, worst first',
      titles: ['LOSS', 'SEVERITY', 'LOST', 'SLOWER BY', 'REMEDY'],
      rows: (nMinusOne?.cases ?? []).map(lossRow),
    },
    { lines: radarLines(radar) },
  ]
}

function lossRow({ loss, severity, harm, remedy }: NMinusOneCase): string[] {
  const moves = remedy === null ? NONE : `${remedy.algorithm}, ${remedy.moves.length} move(s)`
  return [`${loss.kind} ${loss.name}`, severity, String(harm.lostRequestCount), formatMs(harm.increaseMs), moves]
}

function radarLines({ point, borders, delta1Seconds, delta2 }: Radar): string[] {
  if (point === null) return ['No request has come yet, so the load has no class.']
  const { className, imbalanceSeconds, requestsPerCamera } = point
  const load = `Load: ${className}, imbalance ${imbalanceSeconds.toFixed(3)} s (δ1 ${delta1Seconds} s), ${requestsPerCamera.toFixed(2)} requests a camera (δ2 ${delta2})`
  const near = borders.map(({ axis, distance, beyond }) => `${beyond} is ${Math.abs(distance).toFixed(3)} away in ${axis}`)
  return [load, ...near]
}
