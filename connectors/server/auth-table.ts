/**
 * What each route and each event of the stream needs: the one page to read who may do what.
 *
 * What is missing here is refused to everybody, and a test compares the table with what is served.
 */
import type { Need, Scope } from '../../models/contracts/access.ts'

/** Of HEAD too. */
const GET_NEEDS: Readonly<Record<string, Need>> = {
  // The page asks for the token itself, so it must load without one.
  '/*': 'anyone',
  '/errors': 'anyone',
  // Orchestrators have no token; to them probes say yes or no and nothing more.
  '/livez': 'anyone',
  '/readyz': 'anyone',
  '/healthz': 'anyone',
  '/metrics': 'get twins',
  '/api/v1/openapi.json': 'signed-in',
  '/api/v1/access': 'signed-in',
  '/api/v1/state': 'get twins',
  '/api/v1/entities/:kind': 'get twins',
  '/api/v1/entities/:kind/*': 'get twins',
  '/api/v1/status': 'get twins',
  '/api/v1/plans': 'get twins',
  '/api/v1/plans/:id': 'get twins',
  '/api/v1/loop': 'get twins',
  '/api/v1/faults': 'get twins',
  '/api/v1/checks': 'get twins',
  '/api/v1/standing': 'get twins',
  '/api/v1/regret': 'get twins',
  '/api/v1/history/:kind/*': 'get twins',
  '/api/v1/transitions/:kind/*': 'get twins',
  '/api/v1/jobs': 'get twins',
  '/api/v1/jobs/:id': 'get twins',
  '/api/v1/pending/:pod': 'get twins',
  '/api/v1/events': 'get audit',
  '/api/v1/dead-letters': 'get audit',
  '/api/v1/log/topics': 'get audit',
  '/api/v1/log/dead-letters': 'get audit',
  '/api/v1/log/dead-letters/:id': 'get audit',
  // Of a process that has its share of all sites.
  '/api/v1/sites': 'get twins',
}

const OTHER_NEEDS: Readonly<Record<string, Need>> = {
  'POST /api/v1/what-if': 'create whatifs',
  'POST /api/v1/scenarios': 'create whatifs',
  'POST /api/v1/sweeps': 'create whatifs',
  'POST /api/v1/comparisons': 'create whatifs',
  'POST /api/v1/flips': 'create whatifs',
  'POST /api/v1/plans': 'create placements',
  'POST /api/v1/plans/:id/approve': 'create placements/apply',
  'POST /api/v1/plans/:id/reject': 'create placements/apply',
  'POST /api/v1/ungate': 'create placements/apply',
  'PUT /api/v1/loop': 'update policies',
  'POST /api/v1/faults': 'update policies',
  'DELETE /api/v1/faults/:id': 'update policies',
  'POST /api/v1/log/topics': 'update policies',
  'POST /api/v1/log/dead-letters/:id/replay': 'update policies',
  'POST /api/v1/jobs': 'create jobs',
  'POST /api/v1/jobs/claim': 'update jobs',
  'POST /api/v1/jobs/:id/renew': 'update jobs',
  'POST /api/v1/jobs/:id/complete': 'update jobs',
  'POST /api/v1/jobs/:id/fail': 'update jobs',
}

export const ROUTE_NEEDS: Readonly<Record<string, Need>> = {
  ...Object.fromEntries(Object.entries(GET_NEEDS).map(([path, need]) => [`GET ${path}`, need])),
  ...OTHER_NEEDS,
  // They only say where to go, and whoever is there asks again.
  '* /sites/:site': 'signed-in',
  '* /sites/:site/*': 'signed-in',
}

/**
 * Those whose answers hold only what is of the namespaces that the sender may see (`visible.ts`). Whoever has a right in some
 * namespaces only may use these and no others, so that what is new shows nothing of anybody until it is written down here.
 */
const ROW_ROUTES: ReadonlySet<string> = new Set([
  'GET /api/v1/state',
  'GET /api/v1/entities/:kind',
  'GET /api/v1/entities/:kind/*',
  'GET /api/v1/status',
  'GET /api/v1/plans',
  'GET /api/v1/plans/:id',
  'GET /api/v1/loop',
  'GET /api/v1/history/:kind/*',
  'GET /api/v1/transitions/:kind/*',
  'GET /api/v1/pending/:pod',
  'GET /api/v1/sites',
  'POST /api/v1/plans/:id/approve',
  'POST /api/v1/plans/:id/reject',
])

/** What is asked at the handshake, and again and again: an event that needs something else has no place on that socket. */
export const HANDSHAKE_NEED = 'watch twins'
export const SOCKET_NEEDS = { subscribe: HANDSHAKE_NEED, resync: HANDSHAKE_NEED } as const satisfies Readonly<
  Record<string, typeof HANDSHAKE_NEED>
>
export const SOCKET_EVENTS = Object.keys(SOCKET_NEEDS) as (keyof typeof SOCKET_NEEDS)[]

/** Of a route, as `needOf` takes it. */
export function scopeOf(method: string, path: string | undefined): Scope {
  return ROW_ROUTES.has(`${method === 'HEAD' ? 'GET' : method} ${path}`) ? 'rows' : 'cluster'
}

/** @param path As the route was declared; undefined: there is none, and only who is signed in learns so. */
export function needOf(method: string, path: string | undefined): Need | null {
  if (path === undefined) return 'signed-in'
  const key = [method === 'HEAD' ? 'GET' : method, '*'].map((one) => `${one} ${path}`).find((one) => Object.hasOwn(ROUTE_NEEDS, one))
  return key === undefined ? null : ROUTE_NEEDS[key]!
}
