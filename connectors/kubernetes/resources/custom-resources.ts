/**
 * edgetwin's own objects in the API server: plans and cameras are shown there, what people say to a plan is taken from there, and
 * their policies are read.
 *
 * The twin stays the truth: an object that somebody changes or deletes is written anew. Where the definitions are missing or rights
 * are, it is named in `checks` and everything else goes on.
 */
import type { Check } from '../../../models/contracts/api.ts'
import type { DecisionRecord } from '../../../models/entities/decision-record.ts'
import type { EntityMaps } from '../../../models/entities/entity-maps.ts'
import type { LoopMode } from '../../../models/events/decision-events.ts'
import type { Clock, Logger, Stop } from '../../../models/ports.ts'
import { type Informer, type KubeObject, runInformer } from '../informer.ts'
import type { KubeClient } from '../kube-client.ts'
import { type KubeFailure, toKubeFailure } from '../kube-failure.ts'
import { FIELD_MANAGER } from '../names.ts'
import type { WatchedCamera } from '../watched.ts'
import {
  APPROVED_BY,
  GROUP_VERSION,
  isOurs,
  type Mirrored,
  type MirrorPlace,
  planName,
  toCamera,
  toPlan,
  type WatchedPlan,
} from './custom-objects.ts'
import { type PlacementRules, type PodOfPolicy, type PolicyStatus, policyKey, rulesFor, type WatchedPolicy } from './placement-policy.ts'
import { policyStatuses } from './policy-status.ts'

export interface Verdict {
  /** Of the decision. */
  readonly id: string
  readonly approve: boolean
  readonly by: string
  readonly reason: string
}

export interface CustomResourcesOptions {
  readonly client: KubeClient
  readonly site: string
  /** edgetwin's own, where plans and cameras are shown. */
  readonly namespace: string
  /** Of the twin as it is now. */
  readonly entities: () => EntityMaps
  /** Whether this one shows and takes anything now; without it policies are read all the same. */
  readonly mayWrite: () => boolean
  /** What a person said to a plan that waits. @throws when it cannot be taken: people read why on the plan, and it is asked for again. */
  readonly onVerdict: (verdict: Verdict) => Promise<void>
  /** Those that edgetwin may place, to be counted by policy. */
  readonly pods?: () => Iterable<PodOfPolicy>
  /** Of the loop, which no policy goes beyond. */
  readonly loopMode?: () => LoopMode
  /** Whether edgetwin was given the right to bind; default false. */
  readonly mayBind?: boolean
  readonly clock: Clock
  /** Draws in [0, 1). */
  readonly random: () => number
  readonly log: Logger
  /** How often what has changed is written; default 1 s. */
  readonly everyMs?: number
}

export interface CustomResources {
  /** Null: no policy speaks of the pod. */
  rulesFor(pod: PodOfPolicy): PlacementRules | null
  readonly policies: () => Iterable<WatchedPolicy>
  /** Whether they were read, or cannot be: until then nobody knows what people allow. */
  readonly arePoliciesKnown: () => boolean
  readonly checks: () => readonly Check[]
  readonly stop: Stop
}

/** Older plans are deleted; the journal has them all. */
const PLANS_MAX = 50
const CAMERAS_MAX = 500
/** Their frames a second change all the time. */
const CAMERA_ROUNDS = 10
/** How many pods a policy speaks of changes often too. */
const COUNT_ROUNDS = 5
const API = `/apis/${GROUP_VERSION}`
const APPLY = { query: { fieldManager: FIELD_MANAGER, force: true }, contentType: 'application/apply-patch+yaml' } as const

export function runCustomResources(options: CustomResourcesOptions): CustomResources {
  const { client, site, namespace, entities, mayWrite, onVerdict, clock, random, log, everyMs = 1_000 } = options
  const { pods = () => [], loopMode = () => 'auto' as const, mayBind = false } = options
  const place: MirrorPlace = { site, namespace }
  const home = `${API}/namespaces/${namespace}`
  const watch = <T extends KubeObject>(path: string, onChange = (): void => {}): Informer<T> =>
    runInformer<T>({ client, path, onChange, clock, random, log })
  /** By a pod's labels, which are another object when they change. Asked for thousands of pods at a time. */
  let known = new WeakMap<PodOfPolicy['labels'], PlacementRules | null>()
  const forget = (): void => {
    known = new WeakMap()
  }
  const plans = watch<WatchedPlan>(`${home}/placementplans`)
  const cameras = watch<WatchedCamera>(`${home}/cameras`)
  const policies = watch<WatchedPolicy>(`${API}/placementpolicies`, forget)
  /** By plural/name, as it was last written. */
  const written = new Map<string, { readonly text: string; readonly resourceVersion: string }>()
  /** By decision, what became of what people said to it: why it was not taken, or null when it was. */
  const answers = new Map<string, string | null>()
  let failure: KubeFailure | null = null

  const take = async ({ metadata, spec: { decision, approve } }: WatchedPlan): Promise<void> => {
    if (approve === undefined || answers.get(decision) === null || entities().decision.get(decision)?.mode !== 'proposed') return
    const by = metadata.annotations?.[APPROVED_BY] ?? 'kubectl'
    try {
      await onVerdict({ id: decision, approve, by, reason: `PlacementPlan ${metadata.name}` })
      answers.set(decision, null)
    } catch (error) {
      // Asked for again in the next round, as long as the plan waits: what stands against it may go.
      const reason = error instanceof Error ? error.message : String(error)
      if (answers.get(decision) !== reason) log.warn({ decision, by, approve, reason }, 'what was said to a plan was not taken')
      answers.set(decision, reason)
    }
  }
  /** Of an object that somebody else wrote the status only: what it says is theirs. */
  const show = async ({ plural, name, body, status }: Mirrored, there: WatchedPlan | WatchedCamera | undefined): Promise<void> => {
    const isTheirs = there !== undefined && !isOurs(there)
    const key = `${plural}/${name}`
    const text = JSON.stringify(isTheirs ? [status] : [body, status])
    const before = written.get(key)
    // Another version than ours: somebody else has changed it.
    if (before?.text === text && before.resourceVersion === there?.metadata.resourceVersion) return
    const path = `${home}/${plural}/${name}`
    if (!isTheirs) await client.request({ method: 'PATCH', path, body, ...APPLY })
    const { metadata } = await client.request<KubeObject>({ method: 'PATCH', path: `${path}/status`, body: status, ...APPLY })
    written.set(key, { text, resourceVersion: metadata.resourceVersion })
  }
  const acknowledge = async ({ metadata, status: before }: WatchedPolicy, status: PolicyStatus): Promise<void> => {
    if (isSame(before ?? {}, status)) return
    const { name, namespace: its = '' } = metadata
    const body = { apiVersion: GROUP_VERSION, kind: 'PlacementPolicy', metadata: { name, namespace: its }, status }
    await client.request({ method: 'PATCH', path: `${API}/namespaces/${its}/placementpolicies/${name}/status`, body, ...APPLY })
  }
  const acknowledgeAll = async (all: readonly WatchedPolicy[]): Promise<void> => {
    const newest = new Map<string, DecisionRecord>()
    for (const record of entities().decision.values()) {
      const { policy, madeAtMs = 0 } = record.desired ?? {}
      if (policy !== undefined && madeAtMs >= (newest.get(policy)?.desired?.madeAtMs ?? 0)) newest.set(policy, record)
    }
    const lastPlan = (policy: string) => (newest.has(policy) ? planName(site, newest.get(policy)!.id) : null)
    const how = { home: namespace, loopMode: loopMode(), mayBind, timeMs: clock(), lastPlan }
    const statuses = policyStatuses(all, pods(), how)
    for (const policy of all) await attempt(() => acknowledge(policy, statuses.get(policyKey(policy)) ?? {}))
  }
  /** One that cannot be written keeps no other from it. */
  const showAll = async (informer: Informer<WatchedPlan> | Informer<WatchedCamera>, wanted: readonly Mirrored[], plural: string) => {
    if (!informer.status().synced) return
    const there = new Map([...informer.objects().values()].map((object) => [object.metadata.name, object]))
    for (const one of wanted) await attempt(() => show(one, there.get(one.name)))
    const names = new Set(wanted.map(({ name }) => name))
    for (const [name, object] of there) {
      if (object.spec.site !== site || names.has(name) || !isOurs(object)) continue
      written.delete(`${plural}/${name}`)
      await attempt(() => client.request({ method: 'DELETE', path: `${home}/${plural}/${name}` }))
    }
  }
  let found: KubeFailure | null = null
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      const now = toKubeFailure(error)
      if (now.kind !== 'not-found' || now.message.includes('could not find')) found ??= now
    })
  }
  let rounds = 0
  let policyRounds = 0
  const round = async (): Promise<void> => {
    found = null
    const { decision, camera } = entities()
    for (const plan of plans.objects().values()) if (plan.spec.site === site) await take(plan)
    for (const id of answers.keys()) if (!decision.has(id)) answers.delete(id)
    await showAll(plans, plansOf(decision, place, answers), 'placementplans')
    if (rounds++ % CAMERA_ROUNDS === 0) await showAll(cameras, camerasOf(camera, place, cameras.objects().values()), 'cameras')
    const all = [...policies.objects().values()]
    const isNew = all.some(({ metadata, status }) => metadata.generation !== status?.observedGeneration)
    if (isNew || policyRounds++ % COUNT_ROUNDS === 0) await acknowledgeAll(all)
    if (found !== null && failure === null) log.warn({ reason: toKubeFailure(found).message }, 'plans and cameras not shown')
    failure = found
  }
  let running: Promise<void> | null = null
  const timer = setInterval(() => {
    if (running !== null || !mayWrite()) return
    running = round().finally(() => {
      running = null
    })
  }, everyMs)

  return {
    rulesFor(pod) {
      const before = known.get(pod.labels)
      if (before !== undefined) return before
      const rules = rulesFor(policies.objects().values(), pod, namespace)
      known.set(pod.labels, rules)
      return rules
    },
    policies: () => policies.objects().values(),
    arePoliciesKnown() {
      const { synced, failure: why } = policies.status()
      return synced || why?.kind === 'not-found' || why?.kind === 'forbidden'
    },
    checks: () => [definitionsCheck({ placementpolicies: policies, placementplans: plans, cameras }), showCheck(failure)],
    async stop() {
      clearInterval(timer)
      await running
      await Promise.all([plans, cameras, policies].map(({ stop }) => stop()))
    },
  }
}

function plansOf(decisions: EntityMaps['decision'], place: MirrorPlace, answers: ReadonlyMap<string, string | null>): readonly Mirrored[] {
  const made = [...decisions.values()].filter(({ desired }) => desired !== null)
  const newest = made.sort((a, b) => (b.desired?.madeAtMs ?? 0) - (a.desired?.madeAtMs ?? 0)).slice(0, PLANS_MAX)
  return newest.flatMap((record) => toPlan(record, place, answers.get(record.id) ?? null) ?? [])
}

/** One that somebody wrote here gets its status, and no second object. */
function camerasOf(cameras: EntityMaps['camera'], place: MirrorPlace, written: Iterable<WatchedCamera>): readonly Mirrored[] {
  const theirs = new Set([...written].filter((each) => each.spec.site === place.site && !isOurs(each)).map(({ metadata }) => metadata.name))
  const there = [...cameras.values()].filter(({ mode }) => mode !== 'gone')
  return there.slice(0, CAMERAS_MAX).map((camera) => toCamera(camera, place, theirs.has(camera.name) ? camera.name : undefined))
}

function isSame(a: PolicyStatus, b: PolicyStatus): boolean {
  const told = ({ observedGeneration, matchedPods, governedPods, lastPlan, conditions = [] }: PolicyStatus) =>
    JSON.stringify([
      [observedGeneration, matchedPods, governedPods, lastPlan],
      conditions.map(({ type, status, reason, message }) => [type, status, reason, message]),
    ])
  return told(a) === told(b)
}

const WITHOUT: Readonly<Record<string, string>> = {
  placementpolicies: 'the settings hold for all pods',
  placementplans: 'plans are approved by page, command line and API only',
  cameras: 'cameras are shown by page, command line and API only',
}

function definitionsCheck(informers: Readonly<Record<string, Informer<KubeObject>>>): Check {
  const faults = Object.entries(informers).flatMap(([plural, { status }]) => {
    const { kind, message } = status().failure ?? {}
    if (kind === undefined) return []
    const what = kind === 'not-found' ? 'is not defined in this cluster' : (message ?? kind)
    return [`${plural}.edgetwin.dev: ${what}; ${WITHOUT[plural]}`]
  })
  const isAway = Object.values(informers).some(({ status }) => status().failure?.isOutcomeUnknown)
  return {
    name: 'custom-resources',
    ok: faults.length === 0,
    detail: faults.length === 0 ? 'policies, plans and cameras are served' : faults.join('. '),
    remedy: isAway
      ? 'See whether the API server can be reached and is well.'
      : 'Apply the definitions of infra/helm/edgetwin/crds, and grant in a ClusterRole: - {apiGroups: ["edgetwin.dev"], resources: [placementpolicies, placementplans, cameras], verbs: [get, list, watch]}',
    advisory: true,
  }
}

function showCheck(failure: KubeFailure | null): Check {
  return {
    name: 'custom-resources-shown',
    ok: failure === null,
    detail: failure === null ? 'plans and cameras are shown as they are' : failure.message,
    remedy:
      'Grant in a Role of its namespace: - {apiGroups: ["edgetwin.dev"], resources: [placementplans, cameras], verbs: [create, patch, delete]} and the same with /status, verbs: [patch]',
    advisory: true,
  }
}
