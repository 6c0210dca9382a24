/**
 * Where else a placement could go: the node that the decision wants, then the others by when its pod would be done there.
 *
 * A real scheduler may find the first one full, so it is told second choices. Only devices that the same image serves count: a pod
 * keeps the image it was made with.
 */
import { type ImageRegistry, imageForStage } from '../models/applications/registry.ts'
import type { Placement } from '../models/contracts/decision.ts'
import { runAlgorithm } from '../models/scheduling/algorithms.ts'
import { choicesOfTasks } from '../models/scheduling/processor-choices.ts'
import { predictUnchanged } from './predict-unchanged.ts'
import { buildProblem, canRunSomewhere, surveyWork } from './problem.ts'
import type { TwinState } from './twin-state.ts'
import { toWork } from './workload.ts'

/** @returns each node once; ties go to the accelerator whose name comes first. Of a pod that the twin does not know, only the node wanted. */
export function rankNodes(state: TwinState, { pod: name, to, stage, image }: Placement, registry: ImageRegistry): readonly string[] {
  const wanted = state.entities.accelerator.get(to)?.reported.identity?.value.node ?? to.split('/', 1)[0] ?? ''
  const pod = state.entities.pod.get(name)
  const busyMs = new Map<string, number>()
  for (const other of predictUnchanged(state, registry).byPod) {
    if (other.pod === name) continue
    busyMs.set(other.accelerator, Math.max(busyMs.get(other.accelerator) ?? 0, other.finishMs - state.clockMs))
  }
  const options = { granularity: 'stage', registry, busyMs } as const
  const survey = surveyWork(state, pod === undefined ? [] : toWork(state, [pod]), options)
  if (survey.work.length === 0 || survey.processors.length === 0 || !survey.work.every(canRunSomewhere)) return [wanted]
  const { problem, processors, tasks } = buildProblem(state, survey, options)
  const task = tasks.findIndex(({ kind, name: part }) => kind === 'compute' && part.endsWith(`/${stage}`))
  const offers = choicesOfTasks(problem, runAlgorithm('heft', problem), new Set([task])).get(task) ?? []
  const others = processors
    .map((processor, index) => ({ ...processor, finishMs: offers[index]?.finishMs ?? Number.POSITIVE_INFINITY }))
    .filter(({ acceleratorKind, closedReason, finishMs }) => {
      const own = imageForStage(registry, { application: pod?.spec?.application ?? '', stage }, acceleratorKind)?.image
      return closedReason === null && finishMs < Number.POSITIVE_INFINITY && own === image
    })
    .sort((a, b) => a.finishMs - b.finishMs || (a.accelerator < b.accelerator ? -1 : 1))
  return [...new Set([wanted, ...others.map(({ node }) => node)])]
}
