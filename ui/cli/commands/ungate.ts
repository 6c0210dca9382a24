/** `twinctl ungate`: lets the cluster's scheduler place pods that edgetwin holds. */
import type { Command } from 'commander'
import { UNGATED_AT_ONCE_MAX, type Ungated, ungatedShape } from '../../../models/contracts/gates.ts'
import { TwinError } from '../../../models/errors.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import type { Terminal } from '../terminal.ts'

/** Where no edgetwin answers, the gate must still come off. */
const WITHOUT_EDGETWIN = '; without an edgetwin: npm run ungate -- --all --kubeconfig FILE'

interface Flags {
  readonly all?: boolean
  readonly dryRun?: boolean
  readonly output: 'text' | 'json' | 'yaml'
}

export function addUngate(program: Command, terminal: Terminal): void {
  program
    .command('ungate')
    .description("drop edgetwin's gate from pods: the cluster's scheduler places them")
    .argument('[pods...]', 'names as the twin has them, pod.namespace')
    .option('--all', 'every pod that the gate holds')
    .option('--dry-run', 'the cluster checks it and nothing changes')
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', '\nExamples:\n  twinctl ungate web-1.default\n  twinctl ungate --all')
    .action(async (pods: readonly string[], { all, dryRun = false, output }: Flags, command: Command) => {
      if ((all === true) === pods.length > 0) throw new TwinError('QUERY_INVALID', 'name the pods to let go, or all of them with --all')
      if (pods.length > UNGATED_AT_ONCE_MAX)
        throw new TwinError('QUERY_INVALID', `${pods.length} pods are more than ${UNGATED_AT_ONCE_MAX}; name fewer, or take --all`)
      const client = createRestClient(globalsOf(command))
      const body = { pods: all ? 'all' : pods, dryRun }
      const answer = await client.post('ungate', { body, shape: ungatedShape }).catch(withRemedy)
      await terminal.print(output === 'text' ? toText(answer, dryRun) : formatOne(answer, output))
      const left = answer.failed.length + answer.notHeld.length
      if (left > 0) throw new TwinError('ENTITY_UNKNOWN', `${left} of the pods were not let go; each line says why`)
    })
}

function withRemedy(error: unknown): never {
  if (!(error instanceof TwinError)) throw error
  if (error.code === 'ROUTE_UNKNOWN') throw new TwinError('ROUTE_UNKNOWN', `this edgetwin has no real cluster${WITHOUT_EDGETWIN}`)
  if (error.code === 'SERVER_UNREACHABLE')
    throw new TwinError(error.code, `${error.message}${WITHOUT_EDGETWIN}`, { details: error.details })
  throw error
}

function toText({ released, failed, notHeld, heldCount }: Ungated, dryRun: boolean): string {
  const lines = [
    ...released.map((pod) => `${pod}: ${dryRun ? 'would be let go' : 'let go'}`),
    ...failed.map(({ pod, reason }) => `${pod}: not let go: ${reason}`),
    ...notHeld.map((pod) => `${pod}: not held by edgetwin's gate, or not there`),
    `${released.length} let go, ${heldCount} still held`,
  ]
  return `${lines.join('\n')}\n`
}
