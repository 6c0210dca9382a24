/**
 * The inference registry: which container image serves an application on which kind of accelerator.
 *
 * Each entry names exactly one kind. A pair without an entry is infeasible, not merely slow.
 */
import type { AcceleratorKind } from '../events/shapes.ts'
import { APPLICATIONS } from './applications.ts'
import { costOf } from './costs.ts'
import { deviceModels } from './device-models.ts'

export interface ImageEntry {
  readonly application: string
  /** The stage it serves; absent when the application has one stage only. */
  readonly stage?: string
  readonly acceleratorKind: AcceleratorKind
  readonly image: string
  /** HeteroAccel's notation, `I_A H_C`: inference A on hardware C (CPU). For display only. */
  readonly label: string
  /** What to create in Kubernetes instead of the default pod. */
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** At most one entry for each application or stage and kind; of several the first counts. */
export type ImageRegistry = readonly ImageEntry[]

/** Of an application of several stages, any stage that this kind can serve. @returns null when nothing can serve the pair. */
export function imageFor(registry: ImageRegistry, application: string, acceleratorKind: AcceleratorKind): ImageEntry | null {
  return registry.find((entry) => entry.application === application && entry.acceleratorKind === acceleratorKind) ?? null
}

/** @returns null when nothing can serve that stage. */
export function imageForStage(
  registry: ImageRegistry,
  { application, stage }: { readonly application: string; readonly stage: string },
  acceleratorKind: AcceleratorKind,
): ImageEntry | null {
  return imageFor(
    registry.filter((entry) => (entry.stage ?? stage) === stage),
    application,
    acceleratorKind,
  )
}

/** An image for every pair whose cost is known on some device model. Letters follow the order of `APPLICATIONS`. */
export function defaultRegistry(): ImageRegistry {
  const processors = deviceModels().flatMap(({ name, processors }) =>
    processors.map(({ kind }) => ({ deviceModel: name, acceleratorKind: kind })),
  )
  const kinds = [...new Set(processors.map(({ acceleratorKind }) => acceleratorKind))]
  return APPLICATIONS.flatMap(({ name: application, stages }, index) =>
    stages.flatMap(({ name: stage, blocks }) =>
      kinds
        .filter((kind) => processors.some((target) => target.acceleratorKind === kind && costOf(application, blocks, target) !== null))
        .map((acceleratorKind) => ({
          application,
          ...(stages.length > 1 && { stage }),
          acceleratorKind,
          image: `edgetwin/${[application, ...(stages.length > 1 ? [stage] : []), acceleratorKind.toLowerCase()].join('-')}:1`,
          label: `I_${letterOf(index)}${stages.length > 1 ? ` ${stage}` : ''} H_${acceleratorKind.charAt(0)}`,
        })),
    ),
  )
}

function letterOf(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index)
}
