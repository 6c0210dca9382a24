/**
 * Whether the API server can give pods their gate by itself (MutatingAdmissionPolicy, on since Kubernetes 1.36), by its discovery.
 *
 * Where it cannot, only pods whose own template has the gate wait for a decision; that is no fault, but people have to know.
 */
import type { Check } from '../../models/contracts/api.ts'
import type { Stop } from '../../models/ports.ts'
import { pause } from '../pause.ts'
import type { KubeClient } from './kube-client.ts'
import { orNull } from './kube-failure.ts'
import { GATE } from './names.ts'

export interface GateSupport {
  readonly checks: () => readonly Check[]
  readonly stop: Stop
}

const GROUP = '/apis/admissionregistration.k8s.io'
/** Clusters are updated while we run. */
const EVERY_MS = 300_000
const RETRY_MS = 2_000

export function runGateSupport(client: Pick<KubeClient, 'request' | 'server'>): GateSupport {
  const stopping = new AbortController()
  let said: string | null = null
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const found = await look(client).catch(() => null)
      said = found ?? said
      await pause(found === null ? RETRY_MS : EVERY_MS, stopping.signal)
    }
  }
  const running = run()
  return {
    checks: () => [
      { name: 'cluster-gate', ok: true, detail: said ?? `whether ${client.server} can add the gate is not known yet`, remedy: '' },
    ],
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function look({ request, server }: Pick<KubeClient, 'request' | 'server'>): Promise<string> {
  const { gitVersion } = await request<{ readonly gitVersion: string }>({ path: '/version' })
  const served = await Promise.all(['v1', 'v1beta1'].map((version) => isServed(request, `${GROUP}/${version}`)))
  if (served.includes(true))
    return `${server} (${gitVersion}) can add the gate to labelled pods by itself, where a policy for it is installed, as the Helm chart does`
  return (
    `${server} (${gitVersion}) has no MutatingAdmissionPolicy, which comes with Kubernetes 1.36: only pods whose own template has ` +
    `schedulingGates: [{name: ${GATE}}] wait for a decision`
  )
}

async function isServed(request: KubeClient['request'], path: string): Promise<boolean> {
  const found = await orNull(request<{ readonly resources: readonly { readonly name: string }[] }>({ path }))
  return found?.resources.some(({ name }) => name === 'mutatingadmissionpolicies') ?? false
}
