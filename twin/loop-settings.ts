/** How eager the loop is. Defaults stand in infra/config.ts; all of them have a reason to differ between sites. */

export interface LoopSettings {
  /** A plan must shorten the work by at least this share … */
  readonly minGainRatio: number
  /** … and by at least this much. */
  readonly minGainMs: number
  /** After a placement was applied, nothing but urgent work moves for so long. */
  readonly coolDownMs: number
  /** A proposal is good for so long … */
  readonly expiryMs: number
  /** … and for so long when a person is to approve it. */
  readonly patienceMs: number
  /** A plan stands until another for the same pods would shorten the work by at least this share. */
  readonly keepRatio: number
  /** A placed pod is late when it overruns its predicted duration by more than this share. */
  readonly driftRatio: number
  /** Thresholds of the DHS classes: imbalance in seconds, requests per camera. */
  readonly delta1Seconds: number
  readonly delta2: number
}
