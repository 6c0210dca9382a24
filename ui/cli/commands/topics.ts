/** `twinctl topics`: the topics of the event log, and making them as they should be. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { PARTITIONS_MAX, type TopicChange, type TopicInfo } from '../../../models/contracts/log-admin.ts'
import type { Column } from '../columns.ts'
import { formatAge } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { createLogCalls } from '../log-calls.ts'
import { FORMATS, type Format, formatRows, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'

interface PrintOptions {
  readonly output: Format
  readonly headers: boolean
}

const sumOf = ({ partitions }: TopicInfo) => partitions.reduce((sum, { beginOffset, endOffset }) => sum + endOffset - beginOffset, 0)
const TOPICS: readonly Column<TopicInfo>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'PARTITIONS', cell: ({ partitionCount }) => String(partitionCount) },
  { title: 'REPLICAS', cell: ({ replicationFactor }) => String(replicationFactor) },
  { title: 'RECORDS', cell: (topic) => String(sumOf(topic)) },
  { title: 'KEEPS', cell: keepsOf },
]
const CHANGES: readonly Column<TopicChange>[] = [
  { title: 'TOPIC', cell: ({ topic }) => topic },
  { title: 'ACTION', cell: ({ action }) => action },
  { title: 'DETAIL', cell: ({ detail }) => detail },
]

export function addTopics(program: Command, terminal: Terminal): void {
  const topics = program.command('topics').description('see the topics of the event log, and make them as they should be')
  const callsOf = (command: Command) => createLogCalls(createRestClient(globalsOf(command)))

  topics
    .command('list')
    .description('list our topics that exist')
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText('after', '\nExamples:\n  twinctl topics list')
    .action(async ({ output, headers }: PrintOptions, command: Command) => {
      const found = await callsOf(command).topics()
      if (found.length === 0) terminal.notice('no topics yet; create them with `twinctl topics ensure`')
      const nameOf = ({ name }: TopicInfo) => `topics/${name}`
      await terminal.print(formatRows(found, { format: output, headers, columns: TOPICS, nameOf, context: { nowMs: Date.now() } }))
    })

  topics
    .command('ensure')
    .description('create what is missing and set what differs; partitions are never changed')
    .option('--dry-run', 'only say what would be done')
    .addOption(new Option('--partitions <count>', 'of topics to create, when none is there yet; 6 without it').argParser(toPartitionCount))
    .addOption(outputOption(FORMATS, 'table'))
    .option('--no-headers', 'leave out the titles of the columns')
    .addHelpText('after', '\nExamples:\n  twinctl topics ensure --dry-run\n  twinctl topics ensure --partitions 12')
    .action(async (options: PrintOptions & { dryRun?: boolean; partitions?: number }, command: Command) => {
      const { output, headers, dryRun = false, partitions } = options
      const changes = await callsOf(command).ensureTopics({ dryRun, ...(partitions === undefined ? {} : { partitionCount: partitions }) })
      const nameOf = ({ topic }: TopicChange) => `topics/${topic}`
      await terminal.print(formatRows(changes, { format: output, headers, columns: CHANGES, nameOf, context: { nowMs: Date.now() } }))
      if (dryRun) terminal.notice('nothing was changed')
    })
}

function keepsOf({ config }: TopicInfo): string {
  if (config['cleanup.policy'] === 'compact') return 'newest of each key'
  const retentionMs = Number(config['retention.ms'])
  return Number.isFinite(retentionMs) ? formatAge(retentionMs) : "the broker's default"
}

function toPartitionCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1 && count <= PARTITIONS_MAX) return count
  throw new InvalidArgumentError(`'${text}' is no count from 1 to ${PARTITIONS_MAX}.`)
}
