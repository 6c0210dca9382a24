/**
 * Who may do what with a twin: a closed list of rights, named as Kubernetes names what its RBAC grants.
 *
 * Whoever asks is let in by `Access.admit` and by nothing else; what names no right is refused. The resources exist only
 * for authorisation: no object of theirs is stored anywhere.
 */
import { z } from 'zod'
import type { TwinError } from '../errors.ts'

export const ACCESS_GROUP = 'edgetwin.dev'

/** "verb resource" or "verb resource/subresource", with what it lets people do. */
export const RIGHTS = {
  'get twins': 'read the twin, its plans and its history',
  'watch twins': 'follow the twin live',
  'create whatifs': 'ask what would happen',
  'create placements': 'propose a plan',
  'create placements/apply': 'approve or reject a plan',
  'update policies': 'set how far the loop may go, put faults on a simulated site, change the event log',
  'get audit': 'read the journal and what was not believed',
  'create jobs': 'tell of an upload',
  'update jobs': 'work on jobs',
} as const
export type Right = keyof typeof RIGHTS
const RIGHT_NAMES = Object.keys(RIGHTS) as [Right, ...Right[]]
const rightShape = z.enum(RIGHT_NAMES)

/** `signed-in`: any user that is known, whatever it may do. */
export type Need = Right | 'anyone' | 'signed-in'

const VIEWER: readonly Right[] = ['get twins', 'watch twins']
const PLANNER: readonly Right[] = [...VIEWER, 'create whatifs', 'create placements']
const OPERATOR: readonly Right[] = [...PLANNER, 'create placements/apply', 'get audit', 'create jobs', 'update jobs']
/** Each one has what the one before has; the ClusterRoles `edgetwin-NAME` grant them. */
export const ROLES = { viewer: VIEWER, planner: PLANNER, operator: OPERATOR, admin: RIGHT_NAMES } as const satisfies Record<
  string,
  readonly Right[]
>
export type Role = keyof typeof ROLES

/** May go on for a while for those who are in when nobody can be asked. */
export const isReading = (need: Need): boolean => need === 'signed-in' || /^(get|watch) /.test(need)
/** `rows`: what is shown is only what is of the namespaces that a subject may see. `cluster`: it is of all of them at once. */
export type Scope = 'rows' | 'cluster'

/** Moves pods, or lets others move them: asked anew each time. */
export const isDeciding = (need: Need): boolean => need === 'create placements/apply' || need === 'update policies'

export interface Subject {
  /** null: nobody in particular, such as whoever has the one token that all share. */
  readonly user: string | null
  readonly groups: readonly string[]
  /** Where it has the right that was asked for, sorted; of a need that is no right: nowhere. */
  readonly namespaces: 'all' | readonly string[]
  /** Until then the token holds; null: it does not end by itself. */
  readonly expiresMs: number | null
}

export interface Access {
  /**
   * @param token What was sent; null when nothing was.
   * @param isOpen This goes on with what was let in before: reading may then outlast whoever can be asked by a minute.
   * @param scope `cluster` when not given: whoever has the right in some namespaces only is then refused.
   * @returns A subject that has not ended yet; with `rows` perhaps one of some namespaces only, at least one.
   * @throws TwinError UNAUTHORIZED, FORBIDDEN, ACCESS_UNAVAILABLE, OVERLOADED
   */
  admit(token: string | null, need: Exclude<Need, 'anyone'>, options?: AdmitOptions): Promise<Subject>
}

export interface AdmitOptions {
  readonly isOpen?: boolean
  readonly scope?: Scope
}

/** Rights that serve in some namespaces alone: what they are for is then shown, or done, in these. */
export const ROW_RIGHTS: readonly Right[] = ['get twins', 'watch twins', 'create placements/apply']

export interface RightParts {
  readonly verb: string
  readonly resource: string
  /** '' when there is none. */
  readonly subresource: string
}

export function partsOf(right: Right): RightParts {
  const [verb = '', path = ''] = right.split(' ')
  const [resource = '', subresource = ''] = path.split('/')
  return { verb, resource, subresource }
}

/** What the signed-in user is and may do. */
export const accessAnswerShape = z.object({
  user: z.string().nullable().describe('null: whoever has the token that all share, or anyone on this machine.'),
  groups: z.array(z.string()),
  expiresMs: z.number().nullable().describe('When the token ends; null: not by itself.'),
  rights: z.array(
    z.object({
      right: rightShape,
      allowed: z.boolean(),
      namespaces: z.array(z.string()).optional().describe('It is allowed in these only; absent: everywhere.'),
      reason: z.string().describe('Why not; empty when allowed.'),
      grant: z.string().describe('YAML that would grant it, where Kubernetes decides; else empty.'),
    }),
  ),
})
export type AccessAnswer = z.infer<typeof accessAnswerShape>

/** Of a refusal: the YAML that would make it a permission, '' when there is none. */
export function grantOf({ details }: Pick<TwinError, 'details'>): string {
  return typeof details.grant === 'string' ? details.grant : ''
}
