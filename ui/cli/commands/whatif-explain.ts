/** `twinctl whatif explain`: why a request goes where it goes, and the cheapest change that would send it elsewhere. */
import { type Command, Option } from 'commander'
import type { Flip, FlipAnswer } from '../../../models/contracts/flips.ts'
import { ALGORITHM_NAMES, type AlgorithmName, type RequestOutcome, type WhatIfAnswer } from '../../../models/contracts/what-if.ts'
import { nearestNames, TwinError } from '../../../models/errors.ts'
import { parseScenario } from '../../../models/scenario/parse.ts'
import { formatMbit, formatMs, NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { type Block, toMarkdown, toPlain } from '../report.ts'
import { createRestClient } from '../rest-client.ts'
import { SCENARIO_HELP, sourceOf, toScenario } from '../scenario-input.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

const FORMATS = ['table', 'markdown', 'json', 'yaml'] as const

interface ExplainOptions {
  readonly file?: string
  readonly request?: string
  readonly accelerator?: string
  readonly algorithm?: AlgorithmName
  readonly output: (typeof FORMATS)[number]
}

export function addWhatIfExplain(whatIf: Command, terminal: Terminal): void {
  whatIf
    .command('explain')
    .description('why a request goes where it goes, and what would have to change for another place or algorithm to win')
    .argument('[scenario]', SCENARIO_HELP)
    .option('-f, --file <file>', 'the scenario as text, YAML or JSON; - reads standard input')
    .option('--request <name>', 'the request to explain; without it the first')
    .option('--accelerator <name>', 'what would have to change for the request to go here')
    .addOption(new Option('--algorithm <name>', 'what would have to change for this algorithm to win').choices(ALGORITHM_NAMES))
    .addOption(outputOption(FORMATS, 'table'))
    .addHelpText(
      'after',
      `
Examples:
  twinctl whatif explain "lose(node/tx2-1)"
  twinctl whatif explain "lose(node/tx2-1)" --request cam-1-resnet50 --accelerator tx2-2/cpu0
  twinctl whatif explain --algorithm edge`,
    )
    .action(async (given: string | undefined, options: ExplainOptions, command: Command) => {
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      const source = await sourceOf({ scenario: given, file: options.file }, terminal)
      const { answer } = await calls.scenario(source === null ? parseScenario('on each-camera') : toScenario(source))
      const request = requestOf(answer, options.request)
      const target = targetOf(options, request)
      // The very twin that was answered, however much time has passed.
      const query = { ...answer.query, base: { kind: 'sequence' as const, sequence: answer.basis.sequence } }
      const flips = target === null ? null : await calls.flips({ query, target })
      const { output } = options
      if (output === 'json' || output === 'yaml') return terminal.print(formatOne({ request, flips }, output))
      const blocks = [...requestBlocks(answer, request), ...(flips === null ? [] : flipBlocks(flips))]
      await terminal.print(output === 'markdown' ? toMarkdown('Why', blocks) : toPlain(blocks))
    })
}

function requestOf({ outcomes, infeasible }: WhatIfAnswer, name: string | undefined): RequestOutcome {
  const requests = outcomes[0]?.requests ?? []
  const found = name === undefined ? requests[0] : requests.find(({ request }) => request === name)
  if (found !== undefined) return found
  if (requests.length === 0)
    throw new TwinError('PROBLEM_INFEASIBLE', infeasible[0]?.reason ?? 'the question holds no request; add a burst')
  const names = requests.map(({ request }) => request)
  const near = nearestNames(name ?? '', names)
  throw new TwinError(
    'ENTITY_UNKNOWN',
    `there is no request ${name}; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${names.join(', ')}`}`,
  )
}

function targetOf({ accelerator, algorithm }: ExplainOptions, { request }: RequestOutcome) {
  if (algorithm !== undefined) return { kind: 'algorithm' as const, algorithm }
  return accelerator === undefined ? null : { kind: 'accelerator' as const, request, accelerator }
}

function requestBlocks({ outcomes }: WhatIfAnswer, { request, chosen, latencyMs, choices }: RequestOutcome): Block[] {
  const best = outcomes[0]
  return [
    { lines: [`${best?.algorithm} sends ${request} to ${chosen}; its latency is ${formatMs(latencyMs)}`] },
    {
      heading: 'Where else it could go',
      titles: ['ACCELERATOR', 'EARLIEST FINISH', 'WAITS FOR', 'REFUSED'],
      rows: choices.map(({ accelerator, finishMs, reason, waits }) => [
        accelerator,
        formatMs(finishMs),
        waits.map(({ kind, ms, by }) => `${kind} ${formatMs(ms)}${by === '' ? '' : ` (${by})`}`).join(', ') || NONE,
        reason ?? NONE,
      ]),
    },
  ]
}

function flipBlocks({ verdict, flips, runCount }: FlipAnswer): Block[] {
  return [
    { lines: [`${verdict} (${runCount} what-ifs asked)`] },
    { heading: 'What would change it, cheapest first', titles: ['CHANGE', 'FROM', 'TO', 'MAKESPAN THEN'], rows: flips.map(flipRow) },
  ]
}

function flipRow({ change, from, to, makespanMsAfter }: Flip): string[] {
  const after = formatMs(makespanMsAfter)
  switch (change.kind) {
    case 'set-link':
      return [`link ${change.link}`, formatMbit(from), formatMbit(to), after]
    case 'free-accelerator':
      return [`free ${change.accelerator}`, `busy ${formatMs(from)}`, `busy ${formatMs(to)}`, after]
    case 'add-image':
      return [`image of ${change.application} for ${change.acceleratorKind}`, String(from), String(to), after]
    case 'speed-up':
      return [`faster ${change.accelerator}`, `×${from}`, `×${to.toFixed(2)}`, after]
  }
}
