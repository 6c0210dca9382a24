/** Whether labels, nodes and taints fit what a pod or a constraint asks of them, by the API's own rules. */
import type { KubeNode, KubePod, LabelRequirement, LabelSelector, Labels, NodeSelectorTerm, Taint, Toleration } from './objects.ts'
import { labelsOf } from './objects.ts'

/** An absent selector matches nothing, an empty one everything. */
export function matchesLabels(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false
  const { matchLabels = {}, matchExpressions = [] } = selector
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => meets(requirement, labels))
  )
}

/** Whether it is there and asks for nothing. */
export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length + matchExpressions.length === 0
}

/** A node that lacks the label satisfies NotIn and DoesNotExist only. */
function meets({ key, operator, values = [] }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return isWhole(value) && isWhole(values[0]) && BigInt(value) > BigInt(values[0])
    case 'Lt':
      return isWhole(value) && isWhole(values[0]) && BigInt(value) < BigInt(values[0])
    default:
      return false
  }
}

function isWhole(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text)
}

/** A term without any expression matches no node. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: KubeNode): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const fields = { 'metadata.name': node.metadata.name }
  return (
    matchExpressions.every((requirement) => meets(requirement, labelsOf(node))) &&
    matchFields.every((requirement) => meets(requirement, fields))
  )
}

/** `nodeSelector` and one of the required terms. */
export function matchesRequiredNodeAffinity({ spec }: KubePod, node: KubeNode): boolean {
  const labels = labelsOf(node)
  if (!Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (operator === 'Exists') return true
  return (operator || 'Equal') === 'Equal' && (value ?? '') === (taint.value ?? '') && Boolean(key)
}

/** The first taint that keeps new pods away and that the pod does not tolerate. */
export function untoleratedTaint({ spec }: KubePod, node: KubeNode): Taint | undefined {
  const repelling = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')
  return repelling.find((taint) => !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)))
}
