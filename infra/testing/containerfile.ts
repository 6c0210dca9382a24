/** What a Containerfile puts into its image, copied into a folder the way Docker would: to run it where there is no Docker. */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, matchesGlob, relative } from 'node:path'

export interface Copied {
  /** Another stage of the same file; undefined: the work tree. */
  readonly stage: string | undefined
  readonly sources: readonly string[]
  readonly target: string
}

export interface Stage {
  readonly name: string | undefined
  readonly from: string
  readonly copies: readonly Copied[]
  readonly workdir: string
  readonly environment: Readonly<Record<string, string>>
  readonly user: string | undefined
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

export function readContainerfile(file: string): Stage[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\\\n/g, ' ')
  return text
    .split(/^(?=FROM )/m)
    .slice(1)
    .map((part) => {
      const [, from, name] = /^FROM (\S+)(?: AS (\S+))?$/m.exec(part) ?? []
      return {
        name,
        from: from ?? '',
        copies: [...part.matchAll(/^COPY (?:--from=(\S+) )?(.+)$/gm)].map(([, stage, words]) => {
          const all = words!.split(' ')
          return { stage, sources: all.slice(0, -1), target: all.at(-1)! }
        }),
        workdir: /^WORKDIR (\S+)$/m.exec(part)?.[1] ?? '/',
        environment: Object.fromEntries([...part.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, variable, value]) => [variable!, value!])),
        user: /^USER (\S+)$/m.exec(part)?.[1],
        entrypoint: wordsOf(part, 'ENTRYPOINT'),
        command: wordsOf(part, 'CMD'),
      }
    })
}

const wordsOf = (part: string, instruction: string): string[] =>
  JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(part)?.[1] ?? '[]')

/** @param stageDir where what comes from another stage is found, by the path it has there. */
export function copyInto(dir: string, copies: readonly Copied[], stageDir: string): void {
  const isKept = keptByDockerignore()
  for (const { stage, sources, target } of copies) {
    for (const source of sources) {
      const from = stage === undefined ? source : join(stageDir, source)
      const to = target.endsWith('/') ? join(dir, target, basename(source)) : join(dir, target)
      if (!existsSync(from)) throw new Error(`COPY ${source}: there is no such file`)
      mkdirSync(dirname(to), { recursive: true })
      cpSync(from, to, { recursive: true, filter: (path) => stage !== undefined || isKept(relative('.', path)) })
    }
  }
}

/** Later lines win, a line that names a folder speaks for all in it. */
export function keptByDockerignore(): (path: string) => boolean {
  const rules = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isKept: line.startsWith('!'), glob: line.replace(/^!/, '') }))
  return (path) => {
    // Node's globs pass over dot files.
    const last = rules.findLast(({ glob }) => glob === '*' || matchesGlob(path, glob) || matchesGlob(path, `${glob}/**`))
    return last === undefined || last.isKept
  }
}
