/**
 * Plans and cameras of the twin as objects of the API server. Pure: the same record gives the same object, so that what has not
 * changed is not written.
 *
 * Server-side apply removes what we leave out, so each object has all the fields that are ours; what people say is not among them.
 */
import { createHash } from 'node:crypto'
import type { Camera } from '../../../models/entities/camera.ts'
import type { DecisionRecord } from '../../../models/entities/decision-record.ts'
import type { KubeObject } from '../informer.ts'
import { MANAGED_BY, OURSELVES } from '../names.ts'
import type { Condition, Metadata } from '../watched.ts'

export const GROUP_VERSION = 'edgetwin.dev/v1alpha1'
export const APPROVED_BY = 'edgetwin.dev/approved-by'

export interface WatchedPlan extends KubeObject {
  readonly metadata: Metadata
  readonly spec: { readonly decision: string; readonly site: string; readonly approve?: boolean }
}

/** What edgetwin shows, not what somebody tells it. */
export const isOurs = ({ metadata }: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }): boolean =>
  metadata.labels?.[MANAGED_BY] === OURSELVES

/** What is applied: the object, and then its status. */
export interface Mirrored {
  readonly plural: 'placementplans' | 'cameras'
  readonly name: string
  readonly body: object
  readonly status: object
}

export interface MirrorPlace {
  readonly site: string
  readonly namespace: string
}

const PLACEMENTS_MAX = 100
const NAME_MAX = 200
const LABELS = { 'app.kubernetes.io/part-of': 'edgetwin', [MANAGED_BY]: OURSELVES }

/** Under which a decision is shown. */
export const planName = (site: string, decision: string): string => objectName(`${site}-${decision}`)

/** @param notTaken Why what a person said to it was not taken; null: it was, or nothing was said. */
export function toPlan(record: DecisionRecord, { site, namespace }: MirrorPlace, notTaken: string | null): Mirrored | null {
  const { desired: decision, reported, mode } = record
  if (decision === null) return null
  const { makespanMs, unchangedMakespanMs, gainRatio } = decision.predicted
  const name = planName(site, decision.id)
  const { kind, subject, detail } = decision.trigger
  const spec = {
    decision: decision.id,
    site,
    madeAt: timeText(decision.madeAtMs),
    expiresAt: timeText(decision.expiresAtMs),
    ...(decision.policy === undefined ? {} : { policy: decision.policy }),
    algorithm: decision.className === null ? decision.algorithm : `${decision.algorithm} (${decision.className})`.slice(0, 64),
    trigger: [kind, subject, detail]
      .filter((part) => part !== '')
      .join(': ')
      .slice(0, 1_024),
    summary: decision.summary,
    podCount: decision.placements.length,
    predicted: {
      makespanMs: Math.round(makespanMs),
      ...(unchangedMakespanMs === null ? {} : { unchangedMakespanMs: Math.round(unchangedMakespanMs) }),
      gainPercent: Math.round(gainRatio * 100),
    },
    placements: decision.placements.slice(0, PLACEMENTS_MAX).map(({ pod, from, to, image, stage, application }) => ({
      pod,
      ...(from === null ? {} : { from }),
      to,
      image,
      stage,
      application,
    })),
  }
  const results = [
    ...reported.applied.map(({ pod, runsAs }) => ({ pod, applied: true, runsAs })),
    ...reported.refused.map(({ pod, reason }) => ({ pod, applied: false, reason })),
  ]
  const status = {
    state: mode,
    results: [...new Map(results.map((each) => [each.pod, each])).values()].slice(0, PLACEMENTS_MAX),
    ...(reported.observedMakespanMs === null ? {} : { observedMakespanMs: Math.round(reported.observedMakespanMs) }),
    conditions: planConditions(record, notTaken),
  }
  return mirrored('placementplans', { name, namespace }, { spec, status, kind: 'PlacementPlan' })
}

type Step = DecisionRecord['reported']['steps'][number]

function planConditions({ desired, reported: { steps }, mode }: DecisionRecord, notTaken: string | null): readonly Condition[] {
  const madeMs = desired?.madeAtMs ?? 0
  const first = (...whats: string[]): Step | undefined => steps.find(({ what }) => whats.includes(what))
  const said = first('approved', 'rejected', 'expired')
  const approved =
    said === undefined
      ? condition('Approved', 'Unknown', { reason: notTaken === null ? 'Waiting' : 'NotTaken', message: notTaken ?? '', timeMs: madeMs })
      : condition('Approved', said.what === 'approved' ? 'True' : 'False', {
          reason: capital(said.what),
          message: said.what === 'expired' ? said.detail : `by ${said.by}${said.detail === '' ? '' : `: ${said.detail}`}`,
          timeMs: said.timeMs,
        })
  const done = steps.findLast(({ what }) => what === 'applied' || what === 'refused')
  const isApplied = mode === 'applied' || mode === 'verified'
  const applied =
    done === undefined
      ? condition('Applied', 'Unknown', { reason: 'Waiting', message: '', timeMs: madeMs })
      : condition('Applied', isApplied ? 'True' : 'False', { reason: capital(done.what), message: done.detail, timeMs: done.timeMs })
  const seen = first('verified')
  const verified =
    seen === undefined
      ? condition('Verified', 'Unknown', { reason: 'Waiting', message: '', timeMs: madeMs })
      : condition('Verified', 'True', { reason: 'Verified', message: seen.detail, timeMs: seen.timeMs })
  return [approved, applied, verified]
}

/** @param name default: one that no camera of another site has. */
export function toCamera(camera: Camera, { site, namespace }: MirrorPlace, name = objectName(`${site}-${camera.name}`)): Mirrored {
  const { identity, conditions, stream } = camera.reported
  const { node = null, recordedAt = null, emulated = false } = identity?.value ?? {}
  const spec = {
    site,
    ...(node === null ? {} : { node }),
    ...(recordedAt === null ? {} : { recordedAt }),
    applications: [...new Set(camera.desired.applications)].slice(0, 64),
    emulated,
  }
  const told = conditions?.value
  const timeMs = conditions?.timeMs ?? identity?.timeMs ?? 0
  const online =
    told === undefined
      ? condition('Online', 'Unknown', { reason: 'NotTold', message: '', timeMs })
      : condition('Online', truth(told.online), { reason: told.online ? 'Online' : 'Offline', message: told.reason, timeMs })
  const degraded =
    told === undefined
      ? condition('Degraded', 'Unknown', { reason: 'NotTold', message: '', timeMs })
      : condition('Degraded', truth(told.degraded), { reason: told.degraded ? 'Degraded' : 'Well', message: told.reason, timeMs })
  // Not the time of the sample: that is another one each second, and would be written as often.
  const status = {
    ...(stream === null ? {} : { framesPerSecond: String(Math.round(stream.value.framesPerSecond)) }),
    conditions: [online, degraded],
  }
  return mirrored('cameras', { name, namespace }, { spec, status, kind: 'Camera' })
}

interface Parts {
  readonly kind: string
  readonly spec: object
  readonly status: object
}

function mirrored(plural: Mirrored['plural'], metadata: { readonly name: string; readonly namespace: string }, parts: Parts): Mirrored {
  const { kind, spec, status } = parts
  const head = { apiVersion: GROUP_VERSION, kind }
  return {
    plural,
    name: metadata.name,
    body: { ...head, metadata: { ...metadata, labels: LABELS }, spec },
    status: { ...head, metadata, status },
  }
}

/** As the API server takes it: a name that it would not, or that is too long, is made one and told apart by its digest. */
export function objectName(wanted: string): string {
  const plain = wanted
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/\.(?=[.-])|(?<=[.-])\./g, '-')
    .slice(0, NAME_MAX)
    .replace(/^[-.]+|[-.]+$/g, '')
  return plain === wanted ? plain : `${plain === '' ? 'x' : plain}-${createHash('sha256').update(wanted).digest('hex').slice(0, 8)}`
}

interface Told {
  readonly reason: string
  readonly message: string
  readonly timeMs: number
}

export function condition(type: string, status: 'True' | 'False' | 'Unknown', { reason, message, timeMs }: Told): Condition {
  return { type, status, reason, message: message.slice(0, 1_024), lastTransitionTime: timeText(timeMs) }
}

/** The API server's times have whole seconds. */
const timeText = (timeMs: number): string => `${new Date(timeMs).toISOString().slice(0, 19)}Z`
const truth = (is: boolean) => (is ? 'True' : 'False')
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
