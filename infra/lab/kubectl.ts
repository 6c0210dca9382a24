/** kubectl as the administrator of a cluster lab, known by its folder alone: whether or not its API server runs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { TwinError } from '../../models/errors.ts'
import type { Progress } from './cache.ts'
import { kubernetesDist } from './kubernetes-dist.ts'
import { runTool } from './tools.ts'

/** @returns program and arguments. @throws TwinError LAB_FAILED when there is no such lab. */
export async function kubectlCommand(dir: string, words: readonly string[], progress: Progress): Promise<readonly [string, string[]]> {
  const kubeconfig = join(dir, 'pki', 'admin.kubeconfig')
  if (!existsSync(kubeconfig)) throw new TwinError('LAB_FAILED', 'this lab has no Kubernetes; start it: npm run lab -- up kubernetes')
  const { binary } = await kubernetesDist(progress)
  return [binary, ['kubectl', `--kubeconfig=${kubeconfig}`, ...words]]
}

/** @returns what it printed. @throws TwinError LAB_FAILED with what it complained of. */
export async function kubectl(dir: string, words: readonly string[], progress: Progress): Promise<string> {
  const [binary, args] = await kubectlCommand(dir, words, progress)
  return runTool(binary, args, { remedy: 'see what kubectl says', withinMs: 60_000 })
}
