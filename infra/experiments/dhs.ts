/** `npm run experiment:dhs`: repeats the DHS paper's experiment and writes page, pictures and tables. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runExperiment } from './dhs-experiment.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const HELP = `npm run experiment:dhs [-- --out DIR] [--quick]

Repeats the experiment of the DHS paper with measured device rates: which of HEFT, CPOP and PEFT is best in each load
class (Fig. 1), DHS and Edge against Local (Fig. 2), and what each assumption does to that. Takes about a minute.

  --out DIR  write dhs.md and dhs/*.svg, *.csv there instead of infra/experiments
  --quick    the default setting alone, a few seconds; needs --out, because the committed page is a full one
  --help     this text

Exit codes: 0 written, 1 a fixed scenario was not reproduced or a file could not be written, 2 wrong arguments.
`

function toOptions(): { out: string; isQuick: boolean } | { wrong: string } | 'help' {
  try {
    const { values } = parseArgs({ options: { out: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' } } })
    if (values.help === true) return 'help'
    const isQuick = values.quick === true
    if (values.out === '') return { wrong: '--out is empty; name a directory' }
    if (isQuick && values.out === undefined) return { wrong: '--quick needs --out DIR, because the committed page is a full one' }
    return { out: values.out ?? HERE, isQuick }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}

function showProgress(what: string, done: number, count: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[Kdhs: ${done} of ${count} done, now ${what}`)
}

function writeAll(files: ReadonlyMap<string, string>, out: string): void {
  for (const [name, content] of files) {
    const path = join(out, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    process.stdout.write(`${relative(process.cwd(), path)}\n`)
  }
}

const options = toOptions()
if (options === 'help') {
  process.stdout.write(HELP)
} else if ('wrong' in options) {
  process.stderr.write(`dhs: ${options.wrong}\n\n${HELP}`)
  process.exitCode = 2
} else {
  try {
    const gold = readFileSync(join(HERE, '../../models/scheduling/gold/dhs-scenarios.json'), 'utf8')
    const files = runExperiment({ gold, isQuick: options.isQuick, onProgress: showProgress })
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
    writeAll(files, options.out)
  } catch (error) {
    process.stderr.write(`dhs: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
