/**
 * A site that stands in for Kubernetes and its devices: cameras ask, pods run, links contend, exporters answer.
 *
 * Its truth (costs, noise, who is alive) stays here; edgetwin hears events and scrapes, and acts through the sink.
 */
import type { TwinEvent } from '../../models/events/events.ts'
import type { Clock, Logger, PlacementSink } from '../../models/ports.ts'
import { createAgenda, type StartTimer, startTimer } from './agenda.ts'
import { runControlApi } from './control-api.ts'
import { type ExporterTarget, runExporters } from './exporters.ts'
import { createFaults, type SiteFaults } from './faults.ts'
import { runListing } from './listing.ts'
import { createOutbox } from './outbox.ts'
import { createPlacementSink } from './placement-sink.ts'
import { runWorkload } from './requests.ts'
import type { SiteDescription } from './site-description.ts'
import { type SiteTruth, truthOf } from './truth.ts'
import { createWorld, stamp, type World } from './world.ts'

/** Work of an earlier run that the twin still holds for open: the site says that it is lost. */
export interface LeftOver {
  readonly pods: readonly string[]
  readonly requests: readonly { readonly id: string; readonly requestedMs: number }[]
}

export interface SimulatedSiteOptions {
  readonly site: SiteDescription
  readonly publish: (events: TwinEvent[]) => Promise<unknown>
  readonly clock: Clock
  readonly timer?: StartTimer
  /** Any whole number; the same seed, clock and demands give the same events. */
  readonly seed: number
  readonly log: Logger
  readonly leftOver?: LeftOver
}

export interface SimulatedSite {
  readonly name: string
  readonly exporterTargets: readonly ExporterTarget[]
  readonly sink: PlacementSink
  readonly faults: SiteFaults
  /** `http://127.0.0.1:port`: GET /truth, GET and POST /faults, DELETE /faults/ID, PUT /nodes/NAME. */
  readonly controlUrl: string
  readonly truth: () => SiteTruth
  readonly stop: () => Promise<void>
}

/** Resolves when the exporters answer and the first events are on their way. */
export async function runSimulatedSite(options: SimulatedSiteOptions): Promise<SimulatedSite> {
  const { site, publish, clock, timer = startTimer, seed, log, leftOver } = options
  const outbox = createOutbox({ publish, timer, log })
  const agenda = createAgenda({ clock, timer, onTurn: outbox.flush })
  const world = createWorld(site, { seed, agenda, emit: outbox.push })
  const faults = createFaults(world)
  const exporters = await runExporters(world)
  const control = await runControlApi(world, faults)
  agenda.enter(() => {
    giveUp(world, leftOver)
    runListing(world)
    runWorkload(world)
  })
  log.info({ site: site.name, seed, exporterCount: exporters.targets.length, controlUrl: control.url }, 'simulated site runs')
  return {
    name: site.name,
    exporterTargets: exporters.targets,
    sink: createPlacementSink(world),
    faults,
    controlUrl: control.url,
    truth: () => agenda.enter(() => truthOf(world)),
    stop: async () => {
      agenda.stop()
      await Promise.all([exporters.stop(), control.stop(), outbox.stop()])
    },
  }
}

function giveUp(world: World, leftOver: LeftOver = { pods: [], requests: [] }): void {
  for (const name of leftOver.pods) world.emit({ type: 'pod.failed', ...stamp(world), name, reason: 'the simulated site was started anew' })
  for (const { id, requestedMs } of leftOver.requests) {
    const latencyMs = Math.max(0, world.agenda.stampMs() - requestedMs)
    world.emit({ type: 'inference.completed', ...stamp(world), id, succeeded: false, latencyMs })
  }
}
