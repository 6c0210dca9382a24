/** Kubernetes itself: control plane, kubectl and kwok built from Go modules into one binary, once per machine. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached, type Progress } from './cache.ts'
import { runTool } from './tools.ts'

export interface KubernetesDist {
  readonly binary: string
  /** How kwok's nodes and pods behave: its own stock stages. */
  readonly kwokStages: string
}

const SOURCE_DIR = join(import.meta.dirname, 'kubernetes')
const REMEDY = 'Kubernetes is built with Go 1.26 or newer: install it from https://go.dev/dl and put `go` on the PATH'
const STAGES = [
  'node/fast/node-initialize',
  'node/heartbeat-with-lease/node-heartbeat-with-lease',
  'pod/fast/pod-ready',
  // Not the fast one: a pod of a Job takes some seconds, or as long as its annotation says.
  'pod/general/pod-complete',
  'pod/fast/pod-delete',
  'pod/chaos/pod-container-running-failed',
]

/** @throws TwinError LAB_FAILED without Go or the modules. */
export async function kubernetesDist(progress: Progress): Promise<KubernetesDist> {
  const sources = readdirSync(SOURCE_DIR)
    .sort()
    .map((file) => readFileSync(join(SOURCE_DIR, file), 'utf8'))
  const dir = await cached({ name: 'kubernetes', key: [...sources, ...STAGES].join('\n') }, async (into) => {
    progress('building Kubernetes from its Go modules, once: 5 to 15 minutes and 4 GB of Go caches …')
    const go = (...args: string[]) =>
      runTool('go', args, { cwd: SOURCE_DIR, env: { CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' }, remedy: REMEDY, withinMs: 3_600_000 })
    const moduleOf = async (name: string) => (await go('list', '-m', '-f', '{{.Version}} {{.Dir}}', name)).trim().split(' ')
    await go('mod', 'download')
    const [version = ''] = await moduleOf('k8s.io/kubernetes')
    const [kwokVersion = '', kwokDir = ''] = await moduleOf('sigs.k8s.io/kwok')
    await go('build', '-trimpath', '-ldflags', ldflags(version, kwokVersion), '-o', join(into, 'kubernetes'), '.')
    const stages = STAGES.map((stage) => readFileSync(join(kwokDir, 'kustomize', 'stage', `${stage}.yaml`), 'utf8'))
    writeFileSync(join(into, 'kwok.yaml'), stages.join('\n---\n'))
  })
  return { binary: join(dir, 'kubernetes'), kwokStages: join(dir, 'kwok.yaml') }
}

/** Without it the binary would call itself v0.0.0. */
function ldflags(version: string, kwokVersion: string): string {
  const [major, minor] = version.slice(1).split('.')
  const of = 'k8s.io/component-base/version'
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const kubernetes = Object.entries(values).map(([name, value]) => `-X ${of}.${name}=${value}`)
  return ['-s -w', ...kubernetes, `-X sigs.k8s.io/kwok/pkg/consts.Version=${kwokVersion}`].join(' ')
}
