/** What became of one decision: who approved it, what was applied, whether reality followed. The audit as the twin holds it. */
import { setup } from 'xstate'
import { z } from 'zod'
import { decisionShape } from '../contracts/decision.ts'
import type { EventOf } from '../events/events.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { modeTable } from './mode-table.ts'

export const DECISION_MODES = ['expected', 'proposed', 'approved', 'applied', 'verified', 'rejected', 'expired', 'refused'] as const
type DecisionSignal = 'made' | 'approved' | 'rejected' | 'expired' | 'applied' | 'refused' | 'verified'

export const decisionRecordShape = z.object({
  kind: z.literal('decision'),
  id: z.string(),
  mode: z.enum(DECISION_MODES),
  desired: decisionShape.nullable(),
  reported: z.object({
    steps: z.array(z.object({ timeMs: z.number(), what: z.string(), by: z.string(), detail: z.string() })),
    /** Pod of the decision → the pod that runs its stage now. */
    applied: z.array(z.object({ pod: z.string(), runsAs: z.string(), timeMs: z.number() })),
    /** Placements that were not made, and the fact that stood against each. */
    refused: z.array(z.object({ pod: z.string(), reason: z.string(), timeMs: z.number() })),
    observedMakespanMs: z.number().nullable(),
    errorRatio: z.number().nullable(),
  }),
  predicted: z.object({ makespanMs: z.number().nullable() }),
})
export type DecisionRecord = z.infer<typeof decisionRecordShape>
type Refused = DecisionRecord['reported']['refused']
export type DecisionEvent = EventOf<
  | 'decision.made'
  | 'decision.approved'
  | 'decision.rejected'
  | 'decision.expired'
  | 'placement.applied'
  | 'placement.refused'
  | 'placement.verified'
>

export const decisionMachine = setup({ types: { events: {} as { type: DecisionSignal } } }).createMachine({
  id: 'decision',
  initial: 'expected',
  states: {
    expected: { on: { made: 'proposed' } },
    proposed: { on: { approved: 'approved', rejected: 'rejected', expired: 'expired', refused: 'refused' } },
    approved: { on: { applied: 'applied', refused: 'refused', expired: 'expired' } },
    // Placements are applied one by one; a refusal of one leaves the others standing.
    applied: { on: { applied: 'applied', refused: 'applied', verified: 'verified', expired: 'expired' } },
    verified: {},
    rejected: {},
    expired: {},
    refused: {},
  },
})
const modes = modeTable<DecisionRecord['mode'], DecisionSignal>(decisionMachine, DECISION_MODES)

const SIGNALS = {
  'decision.made': 'made',
  'decision.approved': 'approved',
  'decision.rejected': 'rejected',
  'decision.expired': 'expired',
  'placement.applied': 'applied',
  'placement.refused': 'refused',
  'placement.verified': 'verified',
} as const satisfies Record<DecisionEvent['type'], DecisionSignal>

export function aNewDecisionRecord(id: string): DecisionRecord {
  return {
    kind: 'decision',
    id,
    mode: modes.initial,
    desired: null,
    reported: { steps: [], applied: [], refused: [], observedMakespanMs: null, errorRatio: null },
    predicted: { makespanMs: null },
  }
}

/** All of these travel on one topic, so their order is kept and each step is judged by the machine alone. */
export function applyDecisionEvent(record: DecisionRecord, event: DecisionEvent): Applied<DecisionRecord> {
  if (event.type === 'decision.made' && record.mode !== 'expected') return superseded(record)
  const refused = event.type === 'placement.refused' ? refusedBy(record, event) : record.reported.refused
  // A plan is refused when all of it is; until then its other placements may still be made.
  const isPartly =
    event.type === 'placement.refused' && record.mode === 'approved' && refused.length < (record.desired?.placements.length ?? 0)
  const { mode, expected } = isPartly ? { mode: record.mode, expected: true } : modes.step(record.mode, SIGNALS[event.type])
  const { by, detail } = authorOf(event)
  const steps = [...record.reported.steps, { timeMs: event.timeMs, what: SIGNALS[event.type], by, detail }].slice(-64)
  const next = { ...record, mode, reported: { ...record.reported, steps, refused } }
  switch (event.type) {
    case 'decision.made':
      return adopted({ ...next, desired: event.decision, predicted: { makespanMs: event.decision.predicted.makespanMs } }, expected)
    case 'placement.applied': {
      const runsAs = event.replacement ?? event.pod
      const applied = [...record.reported.applied, { pod: event.pod, runsAs, timeMs: event.timeMs }]
      return adopted({ ...next, reported: { ...next.reported, applied } }, expected)
    }
    case 'placement.verified': {
      const { observedMakespanMs, errorRatio } = event
      return adopted({ ...next, reported: { ...next.reported, observedMakespanMs, errorRatio } }, expected)
    }
    default:
      return adopted(next, expected)
  }
}

/** Without a pod, all that is left of the plan. */
function refusedBy({ desired, reported }: DecisionRecord, { pod, reason, timeMs }: EventOf<'placement.refused'>): Refused {
  const answered = new Set([...reported.applied, ...reported.refused].map((each) => each.pod))
  const pods = pod === null ? (desired?.placements ?? []).map((each) => each.pod) : [pod]
  return [...reported.refused, ...pods.filter((name) => !answered.has(name)).map((name) => ({ pod: name, reason, timeMs }))]
}

function authorOf(event: DecisionEvent): { by: string; detail: string } {
  switch (event.type) {
    case 'decision.made':
      return { by: event.source, detail: event.decision.summary }
    case 'decision.approved':
    case 'decision.rejected':
      return { by: event.by, detail: event.reason }
    case 'decision.expired':
      return { by: event.source, detail: event.reason }
    case 'placement.applied':
      return { by: event.source, detail: `${event.pod} → ${event.accelerator}` }
    case 'placement.refused':
      return { by: event.source, detail: event.pod === null ? event.reason : `${event.pod}: ${event.reason}` }
    case 'placement.verified':
      return {
        by: event.source,
        detail: `${Math.round(event.observedMakespanMs)} ms, predicted ${Math.round(event.predictedMakespanMs)} ms${event.disturbedBy === undefined ? '' : `; ${event.disturbedBy}`}`,
      }
  }
}
