/** `twinctl auth`: who the server takes you for, and what it lets you do. */
import { Argument, type Command } from 'commander'
import { ACCESS_GROUP, type AccessAnswer, RIGHTS } from '../../../models/contracts/access.ts'
import { nearestNames, TwinError } from '../../../models/errors.ts'
import { EXIT } from '../exit-codes.ts'
import { NONE } from '../format-value.ts'
import { globalsOf } from '../globals.ts'
import { formatOne, outputOption } from '../output.ts'
import { createRestClient } from '../rest-client.ts'
import { toTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { createTwinCalls } from '../twin-calls.ts'

export function addAuth(program: Command, terminal: Terminal): void {
  const auth = program.command('auth').description('show who the server takes you for, and what you may do')
  const accessOf = (command: Command) => createTwinCalls(createRestClient(globalsOf(command))).access()
  auth
    .command('whoami')
    .description('show the user, its groups and its rights')
    .addOption(outputOption(['text', 'json', 'yaml'], 'text'))
    .addHelpText('after', '\nExamples:\n  twinctl auth whoami\n  twinctl auth whoami --context edge --service-account people/alice')
    .action(async ({ output }: { output: 'text' | 'json' | 'yaml' }, command: Command) => {
      const access = await accessOf(command)
      await terminal.print(output === 'text' ? toText(access) : formatOne(access, output))
    })
  auth
    .command('can-i')
    .description('say yes or no; exit code 1 when no, with what would grant it')
    .addArgument(new Argument('<verb>', 'get, watch, create or update'))
    .addArgument(new Argument('<resource>', 'twins, whatifs, placements, placements/apply, policies, audit or jobs'))
    .addHelpText(
      'after',
      `\nRights:\n${rightLines()}\nExamples:\n  twinctl auth can-i create placements/apply && twinctl plan approve PLAN`,
    )
    .action(async (verb: string, resource: string, _: object, command: Command) => {
      const asked = `${verb} ${resource.replace(`.${ACCESS_GROUP}`, '')}`
      if (!Object.hasOwn(RIGHTS, asked)) throw unknownRight(asked)
      const found = (await accessOf(command)).rights.find(({ right }) => right === asked)
      await terminal.print(found?.allowed === true ? 'yes\n' : 'no\n')
      if (found?.allowed === true) {
        if (found.namespaces !== undefined) terminal.notice(`only in ${found.namespaces.join(', ')}`)
        return
      }
      terminal.notice(
        [found?.reason ?? 'the server does not know this right; use its version of twinctl', found?.grant ?? ''].join('\n').trim(),
      )
      terminal.end(EXIT.error)
    })
}

function toText({ user, groups, expiresMs, rights }: AccessAnswer): string {
  const listed = (allowed: boolean) =>
    rights.flatMap((one) => (one.allowed === allowed ? [one.right + whereOf(one)] : [])).join(', ') || NONE
  const rows = [
    ['USER', user ?? 'whoever has the token, or is on that machine'],
    ['GROUPS', groups.join(', ') || NONE],
    ['TOKEN ENDS', expiresMs === null ? 'never' : new Date(expiresMs).toISOString()],
    ['MAY', listed(true)],
    ['MAY NOT', listed(false)],
  ]
  return toTable([], rows, { headers: false })
}

const whereOf = ({ namespaces }: AccessAnswer['rights'][number]) =>
  namespaces === undefined ? '' : ` (only in ${namespaces.join(' and ')})`

function rightLines(): string {
  const rows = Object.entries(RIGHTS).map(([right, what]) => [`  ${right}`, what])
  return toTable([], rows, { headers: false })
}

function unknownRight(asked: string): TwinError {
  const near = nearestNames(asked, Object.keys(RIGHTS))
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${Object.keys(RIGHTS).join(', ')}`
  return new TwinError('CONFIG_INVALID', `there is no right to ${asked}; ${hint}`)
}
