/** Who decides who may do what: the one token, or the cluster that the settings name. */
import { readFileSync } from 'node:fs'
import { createKubeAccess, type KubeAccess } from '../connectors/kubernetes/access/access.ts'
import { createKubeClient } from '../connectors/kubernetes/kube-client.ts'
import { loadKubeConfig } from '../connectors/kubernetes/kube-config.ts'
import { kubePodName } from '../connectors/kubernetes/names.ts'
import type { Clock } from '../models/ports.ts'
import type { Config } from './config.ts'

export interface OpenAccess {
  readonly access: KubeAccess
  readonly stop: () => void
}

/** @param busyNamespaces Those in which something runs. @returns null: the token decides. @throws TwinError KUBECONFIG_INVALID */
export function openAccess(
  { access, accessAudiences: audiences, kubeconfig, kubeContext }: Config,
  clock: Clock,
  busyNamespaces: () => Iterable<string> = () => [],
): OpenAccess | null {
  if (access === 'token') return null
  const client = createKubeClient(() => loadKubeConfig({ kubeconfig, context: kubeContext }))
  return { access: createKubeAccess({ client, audiences, clock, busyNamespaces }), stop: client.close }
}

/** @param pods Names in a twin; of a simulated site they have no namespace. */
export const namespacesIn = (pods: Iterable<string>): Set<string> => new Set([...pods].flatMap((pod) => kubePodName(pod)?.namespace ?? []))

/** What this process shows to the others of its group; read anew each time, as the cluster replaces it. */
export function ownToken({ access, accessTokenFile, token }: Config): string | undefined {
  if (access === 'token') return token
  return accessTokenFile === undefined ? undefined : readFileSync(accessTokenFile, 'utf8').trim()
}
