/** What edgetwin finds in a cluster that has it installed: its definitions, its namespace and the ledger. */
import type { KubeClient } from '../../connectors/kubernetes/kube-client.ts'
import type { WatchedPod } from '../../connectors/kubernetes/watched.ts'
import type { KubernetesLab } from '../lab/kubernetes.ts'
import { eventually } from './eventually.ts'

export async function makeHome(lab: Pick<KubernetesLab, 'kubectl'>): Promise<void> {
  await lab.kubectl(['apply', '--server-side', '-f', 'infra/helm/edgetwin/crds'])
  await lab.kubectl(['create', 'namespace', 'edgetwin-system'])
  await lab.kubectl(['create', 'configmap', 'edgetwin-ledger', '--namespace', 'edgetwin-system'])
}

/** Resolves when the API server gives pods with this spec and these labels their gate: it takes up a policy some time after it is made. */
export async function gateIsGiven(
  client: Pick<KubeClient, 'request'>,
  { labels, spec }: { readonly labels: object; readonly spec: object },
): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'probe', labels }, spec }
  const path = '/api/v1/namespaces/default/pods'
  await eventually('the gate is given', async () => {
    const made = await client.request<WatchedPod>({ method: 'POST', path, query: { dryRun: 'All' }, body })
    return (made.spec.schedulingGates ?? []).length > 0
  })
}
