/**
 * What an accelerator can do for a piece of work: which stages it serves and what they cost there, or why it may not run
 * it at all. A stage is served where an image for the kind of accelerator exists and its cost is known.
 */
import type { Stage } from '../models/applications/application.ts'
import { applicationNamed } from '../models/applications/applications.ts'
import { type Cost, costOfTask } from '../models/applications/costs.ts'
import { type ImageRegistry, imageForStage } from '../models/applications/registry.ts'
import type { Task } from '../models/applications/task-graph.ts'
import { askFault } from './asked-devices.ts'
import type { NodeLink } from './network.ts'
import type { Processor, Refusal } from './processors.ts'
import type { Work } from './workload.ts'

/** Accelerator → how many times as fast as measured it runs new work; default 1. */
export type SpeedRatios = ReadonlyMap<string, number>

interface CostTerms {
  readonly registry: ImageRegistry
  readonly speedRatios?: SpeedRatios
}

interface Terms {
  readonly source: string | null
  readonly sourceReason: string
  readonly registry: ImageRegistry
  readonly linkOf: (node: string) => NodeLink
}

/** The stages that an accelerator can serve, and what they cost there. */
export interface Service {
  readonly ms: number
  readonly stages: readonly string[]
}

/** @returns what it can do there, or why it may not run there at all. */
export function serviceOf(work: Work, processor: Processor, { source, sourceReason, registry, linkOf }: Terms): Service | Refusal {
  const { application, frames, pods } = work
  const { accelerator, node, acceleratorKind, deviceModel, closedReason } = processor
  const isBoundHere = [...pods.values()].some((pod) => pod.mode === 'bound' && pod.reported.place?.accelerator === accelerator)
  if (closedReason !== null && !isBoundHere) return { kind: 'taint', reason: closedReason }
  if (source === null) return { kind: 'data', reason: sourceReason }
  const stages = stagesOf(application).filter(
    ({ name: stage }) => imageForStage(registry, { application, stage }, acceleratorKind) !== null,
  )
  if (stages.length === 0) return { kind: 'accelerator-kind', reason: `no image of ${application} for ${acceleratorKind}` }
  const [fault = null, ...others] = stages.map(({ name }) => askFault(pods.get(name), processor))
  if (fault !== null && others.every((other) => other !== null)) return { kind: 'resources', reason: fault }
  const costs = stages.flatMap(({ name, blocks }) => {
    const cost = askFault(pods.get(name), processor) === null ? costOfTask({ application, blocks, frames }, processor) : null
    return cost === null ? [] : { name, ms: cost.ms }
  })
  if (costs.length === 0) {
    return { kind: 'accelerator-kind', reason: `no measured cost of ${application} on ${deviceModel} ${acceleratorKind}` }
  }
  const downReason = node === source ? null : (linkOf(source).downReason ?? linkOf(node).downReason)
  if (downReason !== null) return { kind: 'data', reason: downReason }
  return { ms: costs.reduce((sum, { ms }) => sum + ms, 0), stages: costs.map(({ name }) => name) }
}

export function stagesOf(application: string): readonly Stage[] {
  return applicationNamed(application)?.stages ?? []
}

/** Null where the stage has no image or its cost is not known. */
export function costsOf(tasks: readonly Task[], processors: readonly Processor[], { registry, speedRatios }: CostTerms): (Cost | null)[][] {
  const hasImage = new Map<string, boolean>()
  const isServed = ({ application, blocks }: Task, { acceleratorKind }: Processor): boolean => {
    const stages = stagesOf(application)
    // Of one stage, the survey has looked already.
    if (stages.length === 1) return true
    const stage = stages.find((each) => each.blocks.includes(blocks[0]!))?.name ?? ''
    const key = `${application} ${stage} ${acceleratorKind}`
    const known = hasImage.get(key) ?? imageForStage(registry, { application, stage }, acceleratorKind) !== null
    hasImage.set(key, known)
    return known
  }
  return tasks.map((task) =>
    processors.map((processor) => {
      const cost = task.kind === 'frame' || !isServed(task, processor) ? null : costOfTask(task, processor)
      const speed = speedOf(processor, speedRatios)
      return cost === null || speed === 1
        ? cost
        : { ...cost, ms: cost.ms / speed, source: `${cost.source}; ÷ ${speed}, what if it was faster` }
    }),
  )
}

export function speedOf({ accelerator }: Processor, speedRatios: SpeedRatios | undefined): number {
  return speedRatios?.get(accelerator) ?? 1
}
