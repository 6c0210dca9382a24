/**
 * The kustomize base and overlays are the chart as it is rendered for each mode: what is the same in all modes is the base.
 *
 * `node infra/kustomize/render.ts` writes them anew after a change of the chart; a test holds them against it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { helmDist } from '../lab/helm-dist.ts'
import { runTool } from '../lab/tools.ts'

export const CHART_DIR = join(import.meta.dirname, '../helm/edgetwin')
export const OVERLAYS = ['observe', 'approve', 'auto'] as const
const NAMESPACE = 'edgetwin-system'
const KUBERNETES = '1.36.3'

export interface RenderWish {
  readonly helm: string
  /** As for `--set`. */
  readonly set?: readonly string[]
  readonly kubernetes?: string
}

/** The chart's objects with its definitions, as one text; without what Helm does beside them when it uninstalls. @throws TwinError LAB_FAILED with what Helm says. */
export function renderChart({ helm, set = [], kubernetes = KUBERNETES }: RenderWish): Promise<string> {
  const values = set.flatMap((value) => ['--set', value])
  const flags = ['--namespace', NAMESPACE, '--include-crds', '--no-hooks', '--kube-version', kubernetes]
  const args = ['template', 'edgetwin', CHART_DIR, ...flags, ...values]
  return runTool(helm, args, { remedy: 'see what Helm says of infra/helm/edgetwin' })
}

/** By path under this folder. */
export async function renderKustomize(helm: string): Promise<ReadonlyMap<string, string>> {
  const renderings = await Promise.all(OVERLAYS.map((mode) => renderChart({ helm, set: [`mode=${mode}`] }).then(documentsOf)))
  const common = renderings.reduce((shared, documents) => shared.filter((one) => documents.includes(one)))
  const overlays = OVERLAYS.map((mode, index) => {
    const own = (renderings[index] ?? []).filter((one) => !common.includes(one))
    return [`overlays/${mode}/edgetwin.yaml`, textOf(own)] as const
  })
  return new Map([['base/edgetwin.yaml', textOf(common)], ...overlays])
}

function documentsOf(rendered: string): readonly string[] {
  const texts = rendered.split(/^---\n/m).map((text) => text.replace(/^# Source: .*\n/m, '').trim())
  return texts.filter((text) => /^kind:/m.test(text)).map((text) => text.replaceAll('managed-by: Helm', 'managed-by: kustomize'))
}

const textOf = (documents: readonly string[]): string =>
  `# Written by infra/kustomize/render.ts from the chart; change that.\n${documents.map((text) => `---\n${text}\n`).join('')}`

if (import.meta.main) {
  const files = await renderKustomize(await helmDist((line) => process.stderr.write(`${line}\n`)))
  for (const [path, text] of files) {
    const file = join(import.meta.dirname, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}
