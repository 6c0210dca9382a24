/** Letting go of what edgetwin's gate holds: the way out for people while edgetwin runs. */
import { ungatedShape, ungateShape } from '../../models/contracts/gates.ts'
import type { App, AppOptions } from './app-options.ts'

/** Without a real cluster in `options` there is no such route. */
export function addGateRoutes(app: App, { gates }: AppOptions): void {
  if (gates === undefined) return
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
