/**
 * Where the cluster is and who we are there: a kubeconfig with its context, or the service account of the pod we run in.
 *
 * An unencrypted or unchecked connection is refused: whoever stands in between could move every pod.
 */
import { existsSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { TwinError } from '../../models/errors.ts'

export interface KubeSettings {
  /** Absent: the environment's KUBECONFIG, ~/.kube/config, or the pod's own service account. */
  readonly kubeconfig?: string | undefined
  /** Absent: the current one. */
  readonly context?: string | undefined
}

const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** @throws TwinError KUBECONFIG_INVALID naming the file, the context or the setting. */
export function loadKubeConfig({ kubeconfig, context }: KubeSettings): KubeConfig {
  const config = new KubeConfig()
  const from = kubeconfig ?? 'KUBECONFIG, ~/.kube/config or the pod'
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig)
    else config.loadFromDefault()
  } catch (cause) {
    throw refused(`the kubeconfig of ${from} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { from }, cause)
  }
  if (context !== undefined) {
    const names = config.getContexts().map(({ name }) => name)
    if (!names.includes(context)) throw refused(`${from} has no context ${context}, only ${names.join(', ') || 'none'}`, { context })
    config.setCurrentContext(context)
  }
  const cluster = config.getCurrentCluster()
  // What the library makes up when it finds nothing.
  if (cluster === null || cluster.server === 'http://localhost:8080') {
    const tried = existsSync(IN_CLUSTER_TOKEN) ? '' : ', and this is no pod with a service account'
    throw refused(`there is no cluster in ${from}${tried}; name a file with --kubeconfig`, { from })
  }
  if (!cluster.server.startsWith('https://'))
    throw refused(`the cluster ${cluster.server} is not reached by https; correct \`server\``, { from })
  if (cluster.skipTLSVerify) {
    throw refused(`insecure-skip-tls-verify is set for ${cluster.server}; give the cluster's certificate-authority instead`, { from })
  }
  return config
}

function refused(why: string, details: object, cause?: unknown): TwinError {
  return new TwinError('KUBECONFIG_INVALID', `Kubernetes: ${why}.`, { details: { ...details }, cause })
}
