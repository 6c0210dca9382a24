/** What a real worker runs its containers with: containerd, its shim and client, network plugins and our pause, built once per machine. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached, type Progress } from './cache.ts'
import { runTool } from './tools.ts'

const SOURCE_DIR = join(import.meta.dirname, 'containerd')
const REMEDY = 'containerd is built with Go 1.26 or newer: install it from https://go.dev/dl and put `go` on the PATH'

/** @returns the folder of the programs. @throws TwinError LAB_FAILED without Go or the modules. */
export function containerdDist(progress: Progress): Promise<string> {
  const sources = globSync('{go.*,*/*.go}', { cwd: SOURCE_DIR })
    .sort()
    .map((file) => readFileSync(join(SOURCE_DIR, file), 'utf8'))
  return cached({ name: 'containerd', key: sources.join('\n') }, async (into) => {
    progress('building containerd from its Go modules, once: 1 to 4 minutes …')
    const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' }
    const go = (...args: string[]) => runTool('go', args, { cwd: SOURCE_DIR, env, remedy: REMEDY, withinMs: 1_800_000 })
    await go('mod', 'download')
    const version = (await go('list', '-m', '-f', '{{.Version}}', 'github.com/containerd/containerd/v2')).trim().slice(1)
    // Without it containerd would not know its own version, which the kubelet asks for.
    const flags = `-s -w -X github.com/containerd/containerd/v2/version.Version=${version}`
    await go('build', '-trimpath', '-ldflags', flags, '-o', `${into}/`, 'tool', './pause')
  })
}
