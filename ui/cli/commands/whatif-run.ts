/** `twinctl whatif run`: put a question to a fork of the twin and see which schedule wins, and why. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { requestsOfLoad } from '../../../models/applications/loads.ts'
import { GRANULARITIES } from '../../../models/applications/task-graph.ts'
import { ALGORITHM_NAMES, type AlgorithmName, type WhatIfAnswer, type WhatIfQueryInput } from '../../../models/contracts/what-if.ts'
import { entityName } from '../../../models/entities/entities.ts'
import { nearestNames, TwinError } from '../../../models/errors.ts'
import { readScenario } from '../../../models/scenario/read.ts'
import { ANSWER_FORMATS, type AnswerFormat, type Asked, formatAnswer } from '../answer.ts'
import { EXIT } from '../exit-codes.ts'
import { globalsOf } from '../globals.ts'
import { outputOption } from '../output.ts'
import { deliver, outOption } from '../output-file.ts'
import { createRestClient, shareUrl } from '../rest-client.ts'
import { checkNoSweep, fieldsOf, placeOf, SCENARIO_HELP, type Source, sourceOf, toScenario, withFlags } from '../scenario-input.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls, type TwinCalls } from '../twin-calls.ts'
import { EDIT_FORMS, type QueryFlags, toQuery } from '../what-if-query.ts'
import { AT_HELP } from './get.ts'

/** What a query has and a scenario has not. */
const QUERY_FIELDS = ['base', 'decodeBudget', 'seed']
const WORKLOADS = ['each-camera', 'waiting', 'heavy', 'light'] as const

interface RunOptions extends Omit<QueryFlags, 'workload'> {
  readonly workload?: (typeof WORKLOADS)[number]
  readonly file?: string
  readonly against?: AlgorithmName
  readonly output: AnswerFormat
  readonly out?: string
  readonly propose?: boolean
}

export function addWhatIfRun(whatIf: Command, terminal: Terminal): void {
  const all = (value: string, previous: readonly string[] = []) => [...previous, value]
  whatIf
    .command('run')
    .description('run every algorithm on a fork of the twin and rank the outcomes')
    .argument('[scenario]', SCENARIO_HELP)
    .option('-f, --file <file>', 'the scenario as text, YAML or JSON, or a query; - reads standard input; flags win over it')
    .addOption(new Option('--workload <name>', 'the requests to place').choices(WORKLOADS))
    .option('--edit <edit>', 'change the fork first; may be repeated', all)
    .option('--burst <burst>', `more requests at once, ${EDIT_FORMS.burst}; may be repeated`, all)
    .addOption(new Option('-a, --algorithms <names>', 'comma-separated; all by default').argParser(toAlgorithmNames))
    .addOption(new Option('--granularity <kind>', 'place whole stages, or parts of networks (for study)').choices(GRANULARITIES))
    .option('--delta1 <seconds>', 'threshold of imbalance', toNumber)
    .option('--delta2 <requests>', 'threshold of requests per camera', toNumber)
    .option('--at <when>', AT_HELP)
    .option('--propose', 'make a plan of the winner; it waits for approval')
    .addOption(outputOption(ANSWER_FORMATS, 'table'))
    .addOption(new Option('--against <algorithm>', 'with -o svg: draw this one too').choices(ALGORITHM_NAMES))
    .addOption(outOption())
    .addHelpText('after', RUN_HELP)
    .action((scenario: string | undefined, options: RunOptions, command: Command) => runWhatIf({ ...options, scenario }, command, terminal))
}

const RUN_HELP = `
Scenarios (models/scenario/README.md has all):
  lose(node/N) drain(node/N) cordon(node/N) lose(accelerator/N/D) remove(camera/C) add(…)
  link(L, x0.5) link(L, 20 Mbit/s) burst([C,] APPLICATION, x4), joined by +, then
  at 14:03 · on waiting · with heft, dhs · by energy, makespan · deadline 500 ms · delta1 0.2 · delta2 2

Edits:
${Object.entries(EDIT_FORMS)
  .map(([kind, form]) => `  ${kind}=${form}`)
  .join('\n')}

Examples:
  twinctl whatif run
  twinctl whatif run "lose(node/edge-1) + burst(resnet50, x4)"
  twinctl whatif run "link(cam-3, x0.5) at -10m" -o svg --against dhs --out gantt.svg
  twinctl whatif run -f question.yaml -o markdown
  twinctl whatif run --edit lose-node=tx2-1 --workload waiting`

async function runWhatIf(
  { scenario, file, against, output, out, propose, workload, ...flags }: RunOptions & { readonly scenario: string | undefined },
  command: Command,
  terminal: Terminal,
): Promise<void> {
  if (against !== undefined && output !== 'svg') throw new TwinError('CONFIG_INVALID', '--against is for pictures; add -o svg')
  const source = await sourceOf({ scenario, file }, terminal)
  const server = globalsOf(command)
  const calls = createTwinCalls(createRestClient(server))
  const { asked, answer } = await ask({ source, workload, flags }, { calls, server: server.server })
  await deliver(formatAnswer(answer, { format: output, asked, ...(against === undefined ? {} : { against }) }), { out, terminal })
  for (const warning of answer.warnings) terminal.notice(`warning: ${warning}`)
  if (answer.outcomes.length === 0) terminal.end(EXIT.error)
  if (propose === true) await proposeWinner(answer, calls, terminal)
}

interface Question {
  readonly source: Source | null
  readonly workload: RunOptions['workload']
  readonly flags: Omit<QueryFlags, 'workload'>
}

/** As a scenario if it is one: that has a text to share. Lists of requests, seeds and budgets only a query can hold. */
async function ask(
  { source, workload, flags }: Question,
  { calls, server }: { calls: TwinCalls; server: string },
): Promise<{ asked: Asked | null; answer: WhatIfAnswer }> {
  const fields = source === null ? {} : fieldsOf(source)
  const isLoad = workload === 'heavy' || workload === 'light'
  if (fields !== null && (needsQuery(fields) || (isLoad && source === null))) {
    const requests = workload === undefined ? {} : { workload: await toWorkload(workload, { calls, at: flags.at }) }
    const place = `the question in ${placeOf(source?.file ?? null)}`
    return { asked: null, answer: await calls.whatIf(toQuery({ place, fields }, { ...flags, ...requests }, Date.now())) }
  }
  if (isLoad) {
    const remedy = 'leave one of them out, or write bursts, as burst(resnet50, x2) on nothing'
    throw new TwinError('CONFIG_INVALID', `--workload ${workload} names its requests one by one, which a scenario cannot; ${remedy}`)
  }
  const read = source === null ? readScenario({}) : toScenario(source)
  const scenario = withFlags(read, { ...flags, ...(workload === undefined ? {} : { workload }) }, Date.now())
  checkNoSweep(scenario)
  const { text, answer } = await calls.scenario(scenario)
  return { asked: { text, url: shareUrl(server, text) }, answer }
}

function needsQuery(fields: Readonly<Record<string, unknown>>): boolean {
  return QUERY_FIELDS.some((name) => Object.hasOwn(fields, name)) || Array.isArray(fields.workload)
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
