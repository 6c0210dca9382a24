/**
 * Speed and memory: `npm run bench [-- --json] [--quick] [suite…]`, and over real services `npm run bench:real`.
 * Machines are noisy, so figures that matter come with a ratio to a plain reference measured in the same run.
 */
import { readdirSync } from 'node:fs'
import { z } from 'zod'
import type { Length, Report } from './figure.ts'

const benchShape = z.object({
  suite: z.string(),
  run: z.custom<(report: Report, length: Length) => Promise<void>>((value) => typeof value === 'function'),
})

// `npm run bench | head` closes the pipe early; that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

const flags = process.argv.slice(2).filter((word) => word.startsWith('--'))
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const isReal = flags.includes('--real')
const known = ['--json', '--quick', '--help', '--real', ...(isReal ? ['--long'] : [])]
const unknownFlag = flags.find((flag) => !known.includes(flag))
const folder = new URL(isReal ? './real/' : '.', import.meta.url)
const benches = await Promise.all(
  readdirSync(folder)
    .filter((file) => file.endsWith('.bench.ts'))
    .sort()
    .map(async (file) => benchShape.parse(await import(new URL(file, folder).href))),
)
const suites = benches.map(({ suite }) => suite)
const unknownSuite = wanted.find((name) => !suites.includes(name))

if (flags.includes('--help') || unknownFlag || unknownSuite) {
  const out = flags.includes('--help') ? process.stdout : process.stderr
  if (unknownFlag) out.write(`bench: unknown flag ${unknownFlag}\n`)
  if (unknownSuite) out.write(`bench: unknown suite ${unknownSuite}\n`)
  const lengths = isReal ? '--quick seconds instead of minutes\n--long  the full times\n' : '--quick the scheduling suite alone\n'
  const command = isReal ? 'npm run bench:real [-- --json] [--quick | --long] [suite…]' : 'npm run bench [-- --json] [--quick] [suite…]'
  out.write(`${command}\nsuites: ${suites.join(', ')}\n--json  one JSON object a line\n${lengths}`)
  process.exit(flags.includes('--help') ? 0 : 2)
}

const length: Length = flags.includes('--quick') ? 'quick' : flags.includes('--long') ? 'long' : 'usual'
const chosen = wanted.length > 0 ? wanted : length === 'quick' && !isReal ? ['scheduling'] : suites
for (const { suite, run } of benches) {
  if (!chosen.includes(suite)) continue
  await run((figure) => {
    if (flags.includes('--json')) return void process.stdout.write(`${JSON.stringify(figure)}\n`)
    const { suite: of, name, value, unit, ...extra } = figure
    const rest = Object.entries(extra).map(([key, text]) => `${key} ${typeof text === 'number' ? round(text) : String(text)}`)
    process.stdout.write(`${of.padEnd(12)} ${name.padEnd(36)} ${round(value).padStart(14)} ${unit.padEnd(14)} ${rest.join(', ')}\n`)
  }, length)
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)))
}
