/** Pods of a real cluster that wait: why they do, and letting go of what edgetwin's gate holds. */
import { z } from 'zod'
import { ungatedShape, ungateShape, whyPendingShape } from '../../models/contracts/gates.ts'
import { nameShape } from '../../models/events/shapes.ts'
import type { App, AppOptions } from './app-options.ts'
import { podSight } from './visible.ts'
import { namespacesOf, visibleWhy } from './visible-api.ts'

/** Without a real cluster in `options` there is no such route. */
export function addGateRoutes(app: App, { gates }: AppOptions): void {
  if (gates === undefined) return
  app.get(
    '/api/v1/pending/:pod',
    {
      schema: {
        summary: 'Why a pod of the cluster is bound nowhere; null when it is bound, or not there.',
        params: z.object({ pod: nameShape.describe('Its name in the twin, pod.namespace.') }),
        response: { 200: z.object({ item: whyPendingShape.nullable() }) },
      },
    },
    async ({ params: { pod }, subject }) => {
      const namespaces = namespacesOf(subject)
      if (namespaces === null) return { item: await gates.whyPending(pod) }
      const why = podSight(namespaces)(pod) ? await gates.whyPending(pod) : null
      return { item: why === null ? null : visibleWhy(why) }
    },
  )
  app.post(
    '/api/v1/ungate',
    {
      schema: {
        summary: "Drops edgetwin's gate from pods: the scheduler places them.",
        body: ungateShape,
        response: { 200: ungatedShape },
      },
    },
    ({ body }) => gates.ungate(body),
  )
}
