/** What happens if nobody does anything: the work that runs or waits, played exactly as it is bound now. */

import { applicationNamed } from '../models/applications/applications.ts'
import { costOfTask } from '../models/applications/costs.ts'
import type { ImageRegistry } from '../models/applications/registry.ts'
import type { Pod } from '../models/entities/pod.ts'
import { playAt, podOf } from './playing.ts'
import { buildProblem, canRunSomewhere, type ProblemOptions, surveyWork } from './problem.ts'
import { isAlive } from './processors.ts'
import type { TwinState } from './twin-state.ts'
import { runningPods } from './waiting-work.ts'
import { waitingWork } from './workload.ts'

export interface Unchanged {
  /** From now until all of it is done; null when some of it never would be, 0 when there is none. */
  readonly makespanMs: number | null
  /** Absolute times, of pods that will finish; by finish. */
  readonly byPod: readonly { readonly pod: string; readonly accelerator: string; readonly startMs: number; readonly finishMs: number }[]
}

/** Pods that no accelerator of the site could run are left out: no plan can help them, so they say nothing for or against one. */
export function predictUnchanged(state: TwinState, registry: ImageRegistry, drained: ReadonlySet<string> = new Set()): Unchanged {
  const running = runningWork(state, drained)
  const options: ProblemOptions = { granularity: 'stage', registry, busyMs: running.busyMs, drained }
  const survey = surveyWork(state, waitingWork(state), options)
  const work = survey.work.filter(canRunSomewhere)
  const byPod = [...running.byPod]
  let isEndless = running.isEndless
  if (work.length > 0) {
    const site = buildProblem(state, { ...survey, work }, options)
    const indexOf = new Map(site.processors.map(({ accelerator }, j) => [accelerator, j]))
    const storeOf = (task: number) => site.input.computeMs[task]!.findIndex((ms) => ms !== null)
    const processorOf = site.tasks.map(({ kind, request }, task) => {
      if (kind === 'frame') return storeOf(task)
      const accelerator = podOf(site, task)?.reported.place?.accelerator
      return accelerator === undefined || site.work[request]!.refusals.has(accelerator) ? -1 : (indexOf.get(accelerator) ?? -1)
    })
    const played = playAt(site, processorOf)
    for (const [task, processor] of processorOf.entries()) {
      const pod = podOf(site, task)
      const [startMs, finishMs] = [played.startMs[task]!, played.finishMs[task]!]
      if (!Number.isFinite(finishMs)) isEndless = true
      else if (pod)
        byPod.push({
          pod: pod.name,
          accelerator: site.processors[processor]!.accelerator,
          startMs: state.clockMs + startMs,
          finishMs: state.clockMs + finishMs,
        })
    }
  }
  byPod.sort((a, b) => a.finishMs - b.finishMs || (a.pod < b.pod ? -1 : 1))
  return { makespanMs: isEndless ? null : Math.max(0, (byPod.at(-1)?.finishMs ?? 0) - state.clockMs), byPod }
}

export interface RunningWork {
  /** Accelerator → ms until its running pods are done. */
  readonly busyMs: ReadonlyMap<string, number>
  readonly byPod: Unchanged['byPod']
  /** Some of it runs where nothing runs any more. */
  readonly isEndless: boolean
  /** ms until the last is done; 0 without. */
  readonly untilMs: number
}

/** What runs and is left alone. A pod that has run longer than its cost is about to finish. */
export function runningWork(state: TwinState, drained: ReadonlySet<string> = new Set()): RunningWork {
  const busyMs = new Map<string, number>()
  const byPod: Unchanged['byPod'][number][] = []
  let isEndless = false
  let untilMs = 0
  for (const pod of runningPods(state)) {
    const { place, startedMs } = pod.reported
    if (place === null || startedMs === null || drained.has(place.node)) continue
    const accelerator = state.entities.accelerator.get(place.accelerator)
    if (!isAlive(state.entities.node.get(place.node)) || accelerator?.mode === 'failed') {
      isEndless = true
      continue
    }
    const leftMs = Math.max(0, (costMsAt(state, pod) ?? 0) - Math.max(0, state.clockMs - startedMs))
    busyMs.set(place.accelerator, (busyMs.get(place.accelerator) ?? 0) + leftMs)
    untilMs = Math.max(untilMs, leftMs)
    byPod.push({ pod: pod.name, accelerator: place.accelerator, startMs: startedMs, finishMs: state.clockMs + leftMs })
  }
  return { busyMs, byPod, isEndless, untilMs }
}

/** Null when it is not known. */
function costMsAt(state: TwinState, { spec, reported }: Pod): number | null {
  const identity = state.entities.accelerator.get(reported.place?.accelerator ?? '')?.reported.identity?.value
  const stage = applicationNamed(spec?.application ?? '')?.stages.find(({ name }) => name === spec?.stage)
  if (!spec || !stage || !identity?.deviceModel) return null
  const { deviceModel, acceleratorKind } = identity
  return (
    costOfTask({ application: spec.application, blocks: stage.blocks, frames: spec.frames }, { deviceModel, acceleratorKind })?.ms ?? null
  )
}
