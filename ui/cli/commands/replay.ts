/** `twinctl replay`: the recorded events in order, at their own pace when a person watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { TwinError } from '../../../models/errors.ts'
import type { JournaledEvent, TwinEvent } from '../../../models/events/events.ts'
import { formatTime, formatValue } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls, type TwinCalls } from '../twin-calls.ts'

interface ReplayOptions {
  readonly from: string
  readonly to?: string
  readonly speed: number
  readonly output: 'text' | 'jsonl'
}

const PAGE = 1_000
/** A recording may pause for hours; nobody wants to wait for that. */
const PAUSE_MS_MAX = 5_000

export function addReplay(program: Command, terminal: Terminal): void {
  program
    .command('replay')
    .description('print the recorded events in order')
    .requiredOption('--from <when>', "where to begin: a journal sequence like 1 or '#1', an ISO time, or an age like 10m")
    .option('--to <when>', 'where to end, included; the newest event by default')
    .option('--speed <factor>', 'pace on a terminal: 1 as recorded, 10 ten times as fast', toSpeed, 1)
    .addOption(outputOption(['text', 'jsonl'], 'text'))
    .addHelpText(
      'after',
      '\nInto a file or pipe everything is printed at once.\n\nExamples:\n  twinctl replay --from 10m --speed 10\n  twinctl replay --from 1 --to 500 -o jsonl > trace.jsonl',
    )
    .action(async ({ from, to, speed, output }: ReplayOptions, command: Command) => {
      const calls = createTwinCalls(createRestClient(globalsOf(command)))
      const isPaced = terminal.isInteractive && output === 'text'
      let after = await toAfter(from, calls)
      const last = to === undefined ? Number.POSITIVE_INFINITY : await toLast(to, calls)
      let lastMs: number | null = null
      for (;;) {
        const events = await calls.events({ after, limit: PAGE })
        let text = ''
        for (const event of events.filter(({ sequence }) => sequence <= last)) {
          if (isPaced && lastMs !== null) {
            await terminal.print(text)
            text = ''
            await sleep(Math.min(PAUSE_MS_MAX, Math.max(0, event.event.timeMs - lastMs)) / speed)
          }
          lastMs = event.event.timeMs
          text += output === 'jsonl' ? `${JSON.stringify(event)}\n` : toLine(event)
        }
        await terminal.print(text)
        after = events.at(-1)?.sequence ?? after
        terminal.progress(`event ${after}`)
        if (events.length < PAGE || after >= last) return
      }
    })
}

/** Before the first event begins at the first. */
async function toAfter(from: string, calls: TwinCalls): Promise<number> {
  const sequence = toSequence(from)
  if (sequence !== null) return Math.max(0, sequence - 1)
  try {
    return await calls.sequenceAt(from)
  } catch (error) {
    if (error instanceof TwinError && error.code === 'POSITION_UNKNOWN') return 0
    throw error
  }
}

async function toLast(to: string, calls: TwinCalls): Promise<number> {
  return toSequence(to) ?? (await calls.sequenceAt(to))
}

/** Up to twelve digits are a sequence; more are milliseconds since the epoch, which the server reads like any time. */
function toSequence(text: string): number | null {
  const digits = /^#?(\d{1,12})$/.exec(text)?.[1]
  return digits === undefined ? null : Number(digits)
}

function toLine({ sequence, event }: JournaledEvent): string {
  return `${formatTime(event.timeMs)} #${sequence} ${event.type} ${subjectOf(event)}\n`
}

const SAID: readonly string[] = ['type', 'site', 'timeMs', 'name', 'id']

function subjectOf(event: TwinEvent): string {
  const name = 'name' in event ? event.name : 'id' in event ? event.id : 'decision' in event ? event.decision.id : ''
  const rest = Object.entries(event).filter(([key, value]) => !SAID.includes(key) && typeof value !== 'object')
  return [name, ...rest.map(([key, value]) => `${key}=${formatValue(key, value)}`)].join(' ').trim()
}

function toSpeed(text: string): number {
  const speed = Number(text)
  if (!(speed > 0)) throw new InvalidArgumentError(`'${text}' is no speed; give a number above 0.`)
  return speed
}
