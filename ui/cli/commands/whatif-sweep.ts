/** `twinctl whatif sweep`: one value of a scenario varied over a range: who wins where, and where that changes. */
import type { Command } from 'commander'
import { TwinError } from '../../../models/errors.ts'
import { globalsOf } from '../globals.ts'
import { outputOption } from '../output.ts'
import { deliver, outOption } from '../output-file.ts'
import { createRestClient, type RestOptions, shareUrl } from '../rest-client.ts'
import { SCENARIO_HELP, sourceOf, toScenario } from '../scenario-input.ts'
import { formatSweepAnswer, SWEEP_FORMATS, type SweepFormat } from '../sweep.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

interface SweepOptions {
  readonly file?: string
  readonly output: SweepFormat
  readonly out?: string
}

/** A little more than the server allows itself, so that its own answer comes through. */
const SWEEP_TIMEOUT_MS = 65_000
const PROGRESS_PERIOD_MS = 250

export function addWhatIfSweep(whatIf: Command, terminal: Terminal): void {
  whatIf
    .command('sweep')
    .description('vary one value over a range: the curve, and where the winner changes')
    .argument('[scenario]', `${SCENARIO_HELP}; with a sweep in it`)
    .option('-f, --file <file>', 'the scenario as text, YAML or JSON; - reads standard input')
    .addOption(outputOption(SWEEP_FORMATS, 'table'))
    .addOption(outOption())
    .addHelpText(
      'after',
      `
Sweeps: sweep TARGET LOW..HIGH [steps N] [log], where TARGET LOW..HIGH is
  link(L) 5..1000 Mbit/s · link(L) x0.1..x2 · burst([C,] APPLICATION) x1..x8 · delta1 0..1 · delta2 0..4

Examples:
  twinctl whatif sweep "sweep link(cam-3) 5..1000 Mbit/s steps 12 log"
  twinctl whatif sweep "lose(node/tx2-1) + sweep burst(resnet50) x1..x8" -o csv
  twinctl whatif sweep "sweep delta1 0..1 steps 50" -o svg --out curve.svg`,
    )
    .action(async (given: string | undefined, { file, output, out }: SweepOptions, command: Command) => {
      const source = await sourceOf({ scenario: given, file }, terminal)
      const scenario = source === null ? null : toScenario(source)
      if (scenario?.sweep == null) {
        throw new TwinError('QUERY_INVALID', 'there is no sweep to run; add one, as sweep link(cam-1) 5..100 Mbit/s steps 12 log')
      }
      const options = patient(globalsOf(command), command)
      const stop = showProgress(`${scenario.sweep.steps} points`, terminal)
      const answer = await createTwinCalls(createRestClient(options)).sweep(scenario).finally(stop)
      await deliver(formatSweepAnswer(answer, { format: output, url: shareUrl(options.server, answer.scenario) }), { out, terminal })
      for (const warning of answer.warnings) terminal.notice(`warning: ${warning}`)
    })
}

/** A sweep may take longer than other questions, unless somebody said how long is long. */
function patient(options: RestOptions, command: Command): RestOptions {
  const isDefault = command.getOptionValueSourceWithGlobals('requestTimeout') === 'default'
  return isDefault ? { ...options, requestTimeoutMs: SWEEP_TIMEOUT_MS } : options
}

function showProgress(what: string, terminal: Terminal): () => void {
  const startMs = Date.now()
  const timer = setInterval(
    () => terminal.progress(`asking at ${what}, ${Math.floor((Date.now() - startMs) / 1_000)} s`),
    PROGRESS_PERIOD_MS,
  )
  return () => clearInterval(timer)
}
