/** Settings of the loop for tests: plans are made soon, and for little. */
import type { LoopSettings } from '../loop-settings.ts'

export const settings: LoopSettings = {
  minGainRatio: 0.1,
  minGainMs: 500,
  coolDownMs: 5_000,
  expiryMs: 60_000,
  patienceMs: 600_000,
  keepRatio: 0.25,
  driftRatio: 0.5,
  delta1Seconds: 0.1,
  delta2: 1,
}
