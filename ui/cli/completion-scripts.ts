/**
 * Completion scripts for three shells, generated from the command tree: they need no twinctl at the time of completion.
 * All follow one rule: walk the words typed so far down the tree, then offer what may follow there.
 */
import type { CommandNode, CommandOption } from './command-tree.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

export function completionScript(shell: Shell, nodes: readonly CommandNode[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(nodes)
    case 'zsh':
      return zshScript(nodes)
    case 'fish':
      return fishScript(nodes)
  }
}

/** `case` arms that step from a path to the next. The variable is `at`, because zsh gives `path` a meaning of its own. */
function stepArms(nodes: readonly CommandNode[]): string {
  return nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const [parent, name] = [path.split(' ').slice(0, -1).join(' '), path.split(' ').at(-1)]
      return `      '${parent}/${name}') at='${path}' ;;`
    })
    .join('\n')
}

const wordsAt = ({ words, options }: CommandNode) => [...words, ...options.flatMap(({ names }) => names)].join(' ')

/** Arms for the values of options with choices; `path/--option`. */
function valueArms(nodes: readonly CommandNode[], toCommand: (option: CommandOption) => string): string {
  return nodes
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map((option) => `    ${option.names.map((name) => `'${path}/${name}'`).join(' | ')}) ${toCommand(option)} ;;`),
    )
    .join('\n')
}

function bashScript(nodes: readonly CommandNode[]): string {
  return `# bash completion of twinctl; load it with: source <(twinctl completion bash)
_twinctl() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
${stepArms(nodes)}
    esac
  done
  case "$at/$prev" in
${valueArms(nodes, ({ choices }) => (choices.length === 0 ? 'COMPREPLY=(); return' : `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur")); return`))}
  esac
  case "$at" in
${nodes.map((node) => `    '${node.path}') words='${wordsAt(node)}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _twinctl twinctl
`
}

function zshScript(nodes: readonly CommandNode[]): string {
  return `#compdef twinctl
# zsh completion of twinctl; load it with: source <(twinctl completion zsh)
_twinctl() {
  local prev=\${words[CURRENT-1]} at='' i
  for ((i = 2; i < CURRENT; i++)); do
    case "$at/\${words[i]}" in
${stepArms(nodes)}
    esac
  done
  case "$at/$prev" in
${valueArms(nodes, ({ choices }) => (choices.length === 0 ? '_files; return' : `compadd -- ${choices.join(' ')}; return`))}
  esac
  case "$at" in
${nodes.map((node) => `    '${node.path}') compadd -- ${wordsAt(node)} ;;`).join('\n')}
  esac
}
compdef _twinctl twinctl
`
}

function fishScript(nodes: readonly CommandNode[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = nodes.flatMap(({ path, words, options }) => {
    const here = `complete -c twinctl -n ${quote(`test (__twinctl_at) = "${path}"`)}`
    const optionLines = options.map(({ names, description, takesValue, choices }) => {
      const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(' ')
      const value = choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : takesValue ? ' -r' : ''
      return `${here} ${flags}${value} -d ${quote(description)}`
    })
    return words.length === 0 ? optionLines : [`${here} -f -a ${quote(words.join(' '))}`, ...optionLines]
  })
  return `# fish completion of twinctl; load it with: twinctl completion fish | source
function __twinctl_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at/$word"
${nodes
  .filter(({ path }) => path !== '')
  .map(
    ({ path }) =>
      `      case ${quote(`${path.split(' ').slice(0, -1).join(' ')}/${path.split(' ').at(-1)}`)}\n        set at ${quote(path)}`,
  )
  .join('\n')}
    end
  end
  echo $at
end
${lines.join('\n')}
`
}
