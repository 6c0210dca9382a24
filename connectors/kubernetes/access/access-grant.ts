/** YAML for people: what to apply so that a user may do something, and so that edgetwin may ask. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import { ACCESS_GROUP, partsOf, type Right } from '../../../models/contracts/access.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** A ClusterRole with this one right, and its binding to the user. */
export function grantYaml(user: string, right: Right): string {
  const rule = ruleOf(right)
  const name = `edgetwin-${rule.verbs[0]}-${rule.resources[0].replace('/', '-')}`
  return yamlOf([
    clusterRole(name, [rule]),
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRoleBinding',
      // Two users must not share one binding, whatever they are called.
      metadata: { name: `${name}-${createHash('sha256').update(user).digest('hex').slice(0, 8)}` },
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
      subjects: [subjectOf(user)],
    },
  ])
}

/** What edgetwin's own account needs to ask. */
export const OWN_RIGHTS_YAML = yamlOf([
  clusterRole('edgetwin-access', [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ]),
])

/** A ClusterRole with these rights, for a role of `ROLES`. */
export function roleYaml(name: string, rights: readonly Right[]): string {
  return yamlOf([clusterRole(name, rights.map(ruleOf))])
}

function ruleOf(right: Right) {
  const { verb, resource, subresource } = partsOf(right)
  const resources = [subresource === '' ? resource : `${resource}/${subresource}`] as const
  return { apiGroups: [ACCESS_GROUP], resources, verbs: [verb] } as const
}

function clusterRole(name: string, rules: readonly object[]): object {
  return { apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata: { name }, rules }
}

function subjectOf(user: string): object {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user)
  if (account !== null) return { kind: 'ServiceAccount', namespace: account[1], name: account[2] }
  return { kind: 'User', apiGroup: RBAC, name: user }
}

function yamlOf(documents: readonly object[]): string {
  return documents.map((document) => stringify(document, { collectionStyle: 'any' })).join('---\n')
}
