/** Helm itself, built from its Go modules once per machine. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached, type Progress } from './cache.ts'
import { runTool } from './tools.ts'

const SOURCE_DIR = join(import.meta.dirname, 'helm')
const REMEDY = 'Helm is built with Go 1.26 or newer: install it from https://go.dev/dl and put `go` on the PATH'

/** @returns the program. @throws TwinError LAB_FAILED without Go or the modules. */
export async function helmDist(progress: Progress): Promise<string> {
  const key = ['go.mod', 'go.sum'].map((file) => readFileSync(join(SOURCE_DIR, file), 'utf8')).join('\n')
  const dir = await cached({ name: 'helm', key }, async (into) => {
    progress('building Helm from its Go modules, once: 1 to 5 minutes …')
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' }
    const go = (...args: string[]) => runTool('go', args, { cwd: SOURCE_DIR, env, remedy: REMEDY, withinMs: 1_800_000 })
    await go('mod', 'download')
    await go('build', '-trimpath', '-ldflags', '-s -w', '-o', `${into}/`, 'tool')
  })
  return join(dir, 'helm')
}
