import { spawnSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { runCli } from './far-side.ts'

const script = async (shell: string) => (await runCli(['completion', shell])).out

it.each(['bash', 'zsh', 'fish'])('%s parses the script, where the shell is installed', async (shell) => {
  const input = await script(shell)
  expect(input).toContain('twinctl')
  const { error, status, stderr } = spawnSync(shell, ['-n'], { input, encoding: 'utf8' })
  if (error !== undefined) return
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

it.each([
  ['twinctl ', 'doctor'],
  ['twinctl get ', 'accelerators'],
  ['twinctl get --at 10m ', 'nodes'],
  ['twinctl get nodes -o ', 'yaml'],
  ['twinctl plan ', 'approve'],
  ['twinctl plan approve --', '--reason'],
  ['twinctl plan approve --', '--server'],
  ['twinctl fault add ', 'kill-node'],
  ['twinctl loop ', 'observe'],
  ['twinctl schedule --output ', 'jsonl'],
  ['twinctl history ', 'accelerator'],
  ['twinctl whatif ', 'sweep'],
  ['twinctl whatif run -o ', 'svg'],
  ['twinctl whatif run --against ', 'dhs'],
  ['twinctl whatif diff --', '--out'],
])('bash offers after %j: %s', async (line, word) => {
  const words = line.split(' ')
  const quoted = words.map((each) => `'${each}'`).join(' ')
  const input = `${await script('bash')}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _twinctl; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc'], { input, encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(stdout.split('\n')).toContain(word)
})
