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
  readonly acceleratorKind: AcceleratorKind
  readonly image: string
  /** HeteroAccel's notation, `I_A H_C`: inference A on hardware C (CPU). For display only. */
  readonly label: string
  /** What to create in Kubernetes instead of the default pod. */
  readonly manifest?: Readonly<Record<string, unknown>>
}

/** At most one entry a pair; of several the first counts. */
export type ImageRegistry = readonly ImageEntry[]

/** @returns null when nothing can serve the pair. */
export function imageFor(registry: ImageRegistry, application: string, acceleratorKind: AcceleratorKind): ImageEntry | null {
  return registry.find((entry) => entry.application === application && entry.acceleratorKind === acceleratorKind) ?? null
}

/** An image for every pair whose cost is known on some device model. Letters follow the order of `APPLICATIONS`. */
export function defaultRegistry(): ImageRegistry {
  const processors = deviceModels().flatMap(({ name, processors }) =>
    processors.map(({ kind }) => ({ deviceModel: name, acceleratorKind: kind })),
  )
  const kinds = [...new Set(processors.map(({ acceleratorKind }) => acceleratorKind))]
  return APPLICATIONS.flatMap(({ name: application }, index) =>
    kinds
      .filter((kind) => processors.some((target) => target.acceleratorKind === kind && costOf(application, [], target) !== null))
      .map((acceleratorKind) => ({
        application,
        acceleratorKind,
        image: `edgetwin/${application}-${acceleratorKind.toLowerCase()}:1`,
        label: `I_${String.fromCharCode('A'.charCodeAt(0) + index)} H_${acceleratorKind.charAt(0)}`,
      })),
  )
}
