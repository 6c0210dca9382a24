/** The steps of the actuation protocol as an API server sees them: which request is which, told by nothing but the request. */

/** In the order in which they come; `fence` and `take-over` when another left something undone. */
export const PROTOCOL_STEPS = [
  'lease',
  'take-over',
  'fence',
  'plan',
  'read',
  'reserve',
  'gate',
  'rehearse',
  'evict',
  'acted',
  'event',
  'release',
] as const
export type ProtocolStep = (typeof PROTOCOL_STEPS)[number]

export interface RequestLine {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly auditId: string
}

const LEDGER_STEPS = ['reserve', 'acted', 'release'] as const

/** @returns null: it is no step of the protocol. */
export function stepOf({ method, url, auditId }: RequestLine): ProtocolStep | null {
  const [path = '', query = ''] = url.split('?')
  const isPod = /\/pods\/[^/]+$/.test(path)
  if (method === 'GET') return isPod ? 'read' : null
  if (path.endsWith('/eviction')) return query.includes('dryRun=All') ? 'rehearse' : 'evict'
  if (method === 'PUT' && path.endsWith('/leases/edgetwin')) return 'lease'
  if (method === 'PUT' && path.endsWith('/configmaps/edgetwin-ledger'))
    return LEDGER_STEPS.find((step) => auditId.endsWith(`.${step}`)) ?? 'take-over'
  if (method === 'PATCH' && isPod) return auditId.endsWith('.fence') ? 'fence' : 'gate'
  if (method === 'POST' && path.endsWith('/events')) return 'event'
  return method === 'PATCH' && path.includes('/placementplans/') ? 'plan' : null
}
