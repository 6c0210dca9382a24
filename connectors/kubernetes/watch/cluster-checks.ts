/** What a person should know of the watches of a cluster: which kinds are out of touch, and the line that would grant what is missing. */
import type { Check } from '../../../models/contracts/api.ts'
import type { InformerStatus } from '../informer.ts'
import type { ClusterStatus, Kind } from './cluster.ts'

interface KindText {
  readonly group: string
  readonly resource: string
  /** What is done instead where it is missing. */
  readonly without: string
  /** Ours: it is served where our definitions were applied, and missed by nobody who needs none. */
  readonly isOurs?: boolean
}

const TEXTS: Readonly<Record<Kind, KindText>> = {
  node: { group: '', resource: 'nodes', without: 'nothing can be watched' },
  pod: { group: '', resource: 'pods', without: 'nothing can be watched' },
  event: { group: 'events.k8s.io', resource: 'events', without: 'warnings about pods are not shown' },
  budget: { group: 'policy', resource: 'poddisruptionbudgets', without: 'the API server alone guards disruption budgets' },
  lease: { group: 'coordination.k8s.io', resource: 'leases', without: 'a silent node is noticed by its conditions alone' },
  slice: {
    group: 'resource.k8s.io',
    resource: 'resourceslices',
    without: 'accelerators come from extended resources, labels and exporters',
  },
  claim: { group: 'resource.k8s.io', resource: 'resourceclaims', without: 'which device a claim has is guessed' },
  namespace: { group: '', resource: 'namespaces', without: 'namespace selectors match nothing' },
  camera: { group: 'edgetwin.dev', resource: 'cameras', without: 'cameras come from labels of nodes', isOurs: true },
}

/** Out of touch for less is a server that restarts. */
const PATIENCE_MS = 20_000

export function clusterChecks(server: string, { informers, driftCount, uid, identityFailure }: ClusterStatus, nowMs: number): Check[] {
  const drift: Check = {
    name: 'cluster-drift',
    ok: driftCount === 0,
    detail: driftCount === 0 ? 'the watches missed nothing' : `${driftCount} changes were not told by a watch and found by comparing`,
    remedy: 'Look for a proxy between edgetwin and the API server that cuts or buffers answers.',
  }
  const isMissed = ([kind, { failure }]: [string, InformerStatus]) => TEXTS[kind as Kind].isOurs !== true || failure?.kind !== 'not-found'
  const kinds = Object.entries(informers)
    .filter(isMissed)
    .map(([kind, status]): Check => {
      const text = TEXTS[kind as Kind]
      const check = checkOf(server, text, { status, nowMs })
      return text.isOurs === true ? { ...check, advisory: true } : check
    })
  const well = kinds.filter(({ ok }) => ok)
  const detail = `${server}${uid === null ? '' : `, cluster ${uid}`}: ${well.map(({ name }) => name.replace('cluster-', '')).join(', ')}`
  // Every other failure shows in the kinds too.
  const stranger: Check = {
    name: 'cluster-identity',
    ok: false,
    detail: `${server} does not tell who it is; another cluster at its address is not noticed at once`,
    remedy: 'Grant it in a ClusterRole: - {apiGroups: [""], resources: [namespaces], verbs: [get]}',
  }
  const strangers = identityFailure?.kind === 'forbidden' ? [stranger] : []
  return [
    { name: 'cluster', ok: well.length > 0, detail, remedy: 'See the checks below.' },
    ...strangers,
    ...kinds.filter(({ ok }) => !ok),
    drift,
  ]
}

function checkOf(
  server: string,
  { group, resource, without }: KindText,
  { status, nowMs }: { readonly status: InformerStatus; readonly nowMs: number },
): Check {
  const { failure, outSinceMs, objectCount, synced } = status
  const name = `cluster-${resource}`
  if (failure?.kind === 'forbidden') {
    const detail = `${server} does not show us ${resource}; ${without}`
    return {
      name,
      ok: false,
      detail,
      remedy: `Grant it in a ClusterRole: - {apiGroups: ["${group}"], resources: [${resource}], verbs: [get, list, watch]}`,
    }
  }
  if (failure?.kind === 'not-found') {
    const what = group === '' ? resource : `${resource}.${group}/v1`
    return { name, ok: false, detail: `${server} does not serve ${what}; ${without}`, remedy: 'Update the cluster, or live without it.' }
  }
  if (failure?.kind === 'unauthorized') {
    return {
      name,
      ok: false,
      detail: `${server} does not know us: ${failure.message}`,
      remedy: 'Renew the certificate or token of the kubeconfig; it is read anew.',
    }
  }
  if (failure?.kind === 'untrusted') {
    return {
      name,
      ok: false,
      detail: `whoever answers at ${server} does not prove to be it: ${failure.message}`,
      remedy: "Put the cluster's own certificate-authority into the kubeconfig; it is read anew.",
    }
  }
  const outMs = outSinceMs === null ? 0 : nowMs - outSinceMs
  const why = failure === null ? '' : `: ${failure.message}`
  const detail = synced ? `${objectCount} ${resource}` : `${resource} are not listed yet${why}`
  if (outMs <= PATIENCE_MS) return { name, ok: synced || failure === null, detail, remedy: `Wait until ${server} answers.` }
  return {
    name,
    ok: false,
    detail: `${resource} are ${synced ? `as of ${Math.round(outMs / 1_000)} s ago` : 'not listed yet'}: ${failure?.message ?? 'the API server does not answer'}`,
    remedy: `See whether ${server} can be reached and is well.`,
  }
}
