/** `twinctl whatif run`: put a question to a fork of the twin and see which schedule wins, and why. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { requestsOfLoad } from '../../../models/applications/loads.ts'
import { ALGORITHM_NAMES, type AlgorithmName, type WhatIfAnswer, type WhatIfQueryInput } from '../../../models/contracts/what-if.ts'
import { entityName } from '../../../models/entities/entities.ts'
import { nearestNames } from '../../../models/errors.ts'
import { formatAnswer } from '../answer.ts'
import { EXIT } from '../exit-codes.ts'
import { globalsOf } from '../globals.ts'
import { readText } from '../input.ts'
import { outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls, type TwinCalls } from '../twin-calls.ts'
import { EDIT_FORMS, type QueryFlags, toQuery } from '../what-if-query.ts'
import { AT_HELP } from './get.ts'

const WORKLOADS = ['each-camera', 'waiting', 'heavy', 'light'] as const

interface RunOptions extends Omit<QueryFlags, 'workload'> {
  readonly workload?: (typeof WORKLOADS)[number]
  readonly file?: string
  readonly output: 'table' | 'json' | 'yaml' | 'csv'
  readonly propose?: boolean
}

export function addWhatIf(program: Command, terminal: Terminal): void {
  const all = (value: string, previous: readonly string[] = []) => [...previous, value]
  program
    .command('whatif')
    .description('ask what would happen; nothing is changed')
    .command('run')
    .description('run every algorithm on a fork of the twin and rank the outcomes')
    .option('-f, --file <file>', 'the question as YAML or JSON; - reads standard input; flags win over it')
    .addOption(new Option('--workload <name>', 'the requests to place').choices(WORKLOADS))
    .option('--edit <edit>', 'change the fork first; may be repeated', all)
    .option('--burst <burst>', `more requests at once, ${EDIT_FORMS.burst}; may be repeated`, all)
    .addOption(new Option('-a, --algorithms <names>', 'comma-separated; all by default').argParser(toAlgorithmNames))
    .addOption(new Option('--granularity <kind>', 'place whole stages, or blocks of networks (for study)').choices(['stage', 'block']))
    .option('--delta1 <seconds>', 'threshold of imbalance', toNumber)
    .option('--delta2 <requests>', 'threshold of requests per camera', toNumber)
    .option('--at <when>', AT_HELP)
    .option('--propose', 'make a plan of the winner; it waits for approval')
    .addOption(outputOption(['table', 'json', 'yaml', 'csv'], 'table'))
    .addHelpText(
      'after',
      `
Edits:
${Object.entries(EDIT_FORMS)
  .map(([kind, form]) => `  ${kind}=${form}`)
  .join('\n')}

Examples:
  twinctl whatif run
  twinctl whatif run --edit lose-node=tx2-1 --workload waiting
  twinctl whatif run --burst cam-1:resnet50:4:60 --algorithms heft,dhs -o json
  twinctl whatif run -f question.yaml --at 10m`,
    )
    .action(async ({ file, output, propose, workload, ...flags }: RunOptions, command: Command) => {
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      const source = file === undefined ? null : { name: file, text: await readText(file, terminal) }
      const requests = workload === undefined ? {} : { workload: await toWorkload(workload, { calls, at: flags.at }) }
      const answer = await calls.whatIf(toQuery(source, { ...flags, ...requests }, Date.now()))
      await terminal.print(formatAnswer(answer, output))
      for (const warning of answer.warnings) terminal.notice(`warning: ${warning}`)
      if (answer.outcomes.length === 0) terminal.end(EXIT.error)
      if (propose === true) await proposeWinner(answer, calls, terminal)
    })
}

/** The two loads of the DHS experiment name requests by the cameras there are. */
async function toWorkload(
  workload: (typeof WORKLOADS)[number],
  { calls, at }: { calls: TwinCalls; at: string | undefined },
): Promise<WhatIfQueryInput['workload']> {
  if (workload === 'each-camera' || workload === 'waiting') return workload
  const cameras = (await calls.entities('camera', at)).filter(({ mode }) => mode !== 'gone').map(entityName)
  return requestsOfLoad(workload, cameras).map(({ camera, application, frames }) => ({ camera, application, count: 1, frames }))
}

async function proposeWinner({ id, outcomes }: WhatIfAnswer, calls: TwinCalls, terminal: Terminal): Promise<void> {
  const winner = outcomes[0]
  if (winner === undefined) return
  const plan = await calls.propose({ whatIfId: id, algorithm: winner.algorithm })
  terminal.notice(`plan ${plan} waits; twinctl plan approve ${plan}`)
}

/** @throws InvalidArgumentError naming the unknown algorithm. */
function toAlgorithmNames(text: string): AlgorithmName[] {
  const toName = (word: string): AlgorithmName => {
    const known = ALGORITHM_NAMES.find((name) => name === word)
    if (known !== undefined) return known
    const near = nearestNames(word, ALGORITHM_NAMES)
    const remedy = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `use one of ${ALGORITHM_NAMES.join(', ')}`
    throw new InvalidArgumentError(`there is no algorithm '${word}'; ${remedy}`)
  }
  return [...new Set(text.split(',').map((word) => toName(word.trim())))]
}

function toNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError(`'${text}' is no number.`)
  return value
}
