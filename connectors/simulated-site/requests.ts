/**
 * What the cameras ask for: rounds of requests, spread over the cameras one application after the other.
 *
 * Who is asked first is drawn anew for each round, since nobody published which camera asks for what.
 */
import { createPod, scheduleByStock } from './pods.ts'
import { type Draws, drawsOf } from './random.ts'
import type { CameraDescription } from './site-description.ts'
import { stamp, type World } from './world.ts'

export interface Ask {
  readonly camera: string
  readonly application: string
}

const REQUESTS_PER_APPLICATION = { light: 1, heavy: 2 } as const

export function runWorkload(world: World): void {
  const { workload } = world.site
  const arrivals = drawsOf(world.seed, 'arrivals')
  const rounds = drawsOf(world.seed, 'rounds')
  const next = (): void => {
    world.agenda.after(gapMs(workload, arrivals), next)
    const isHeavy = rounds.uniform() < workload.heavyRatio
    if (isHeavy || typeof workload.load === 'string')
      return raiseRound(world, { load: isHeavy || workload.load === 'heavy' ? 'heavy' : 'light' })
    raise(
      world,
      workload.load.flatMap(({ camera, applications }) => applications.map((application) => ({ camera, application }))),
      workload.framesPerClip,
    )
  }
  world.agenda.after(workload.firstRoundMs, next)
}

function gapMs({ roundMs, arrivals }: World['site']['workload'], draws: Draws): number {
  return roundMs * (arrivals === 'exponential' ? draws.exponential() : 0.75 + 0.5 * draws.uniform())
}

/** @param round Without `frames`: the site's usual clip. */
export function raiseRound(world: World, round: { readonly load: 'light' | 'heavy'; readonly frames?: number | undefined }): void {
  const { cameras, workload } = world.site
  const first = Math.floor(drawsOf(world.seed, `first camera ${world.roundCount}`).uniform() * cameras.length)
  raise(world, asksOfRound(round.load, [...cameras.slice(first), ...cameras.slice(0, first)]), round.frames ?? workload.framesPerClip)
}

/**
 * Light: one request for each application that any camera offers; heavy: two. The same spread as the loads of
 * `models/applications/loads.ts`, for any applications: each request goes to the next camera that offers its application.
 */
export function asksOfRound(load: 'light' | 'heavy', cameras: readonly Pick<CameraDescription, 'name' | 'applications'>[]): Ask[] {
  const applications = [...new Set(cameras.flatMap((camera) => camera.applications))]
  let turn = 0
  return applications.flatMap((application) =>
    Array.from({ length: REQUESTS_PER_APPLICATION[load] }, () => {
      while (!cameras[turn % cameras.length]?.applications.includes(application)) turn++
      return { camera: cameras[turn++ % cameras.length]?.name ?? '', application }
    }),
  )
}

function raise(world: World, asks: readonly Ask[], frames: number): void {
  world.roundCount++
  for (const { camera: name, application } of asks) {
    const camera = world.cameras.get(name)
    if (!camera?.online) continue
    if (camera.openCount >= world.site.workload.openRequestsMax) {
      camera.skippedCount++
      continue
    }
    camera.openCount++
    const number = ++world.requestCount
    const id = `${name}-${application}-${world.run}-${number}`
    world.emit({ type: 'inference.requested', ...stamp(world), id, camera: name, application, frames })
    scheduleByStock(world, createPod(world, { id, number, camera: name, application, frames, requestedMs: world.agenda.nowMs() }, 0))
  }
}
