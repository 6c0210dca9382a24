/**
 * Where the cluster is and who we are there: a kubeconfig with its context, or the service account of the pod we run in.
 *
 * An unencrypted or unchecked connection is refused: whoever stands in between could move every pod. So is whatever cannot work: a
 * context, cluster, user or file that is named and not there. What may be renewed under our feet, such as a certificate that has
 * ended, is not. Nothing that the file holds is shown to anybody: it has secrets.
 */
import { X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'
import { TwinError } from '../../models/errors.ts'
import { expiryOf } from './access/access-review.ts'

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
  const refuse = (why: string, cause?: unknown) =>
    new TwinError('KUBECONFIG_INVALID', `Kubernetes: ${why}.`, { details: { from, context: context ?? null }, cause })
  try {
    if (kubeconfig !== undefined) config.loadFromFile(kubeconfig)
    else config.loadFromDefault()
  } catch (cause) {
    throw refuse(`${from} cannot be read: ${firstLineOf(cause)}; correct it, or name another with --kubeconfig`, cause)
  }
  if (context !== undefined) config.setCurrentContext(context)
  const chosen = config.getCurrentContext() ?? ''
  const names = config.getContexts().map(({ name }) => name)
  // What the library makes up when it finds nothing.
  if (names.length === 0 || config.getCurrentCluster()?.server === 'http://localhost:8080') {
    const tried = kubeconfig !== undefined || existsSync(IN_CLUSTER_TOKEN) ? '' : ', and this is no pod with a service account'
    throw refuse(`there is no cluster in ${from}${tried}; name a kubeconfig file with --kubeconfig`)
  }
  const found = config.getContextObject(chosen)
  if (found === null) {
    const what = chosen === '' ? 'no current context' : `no context ${chosen}`
    throw refuse(`${from} has ${what}, only ${names.join(', ')}; name one with --kube-context`)
  }
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw refuse(`context ${chosen} of ${from} is of cluster ${found.cluster}, which is not in it; add the cluster`)
  const user = config.getCurrentUser()
  if (user === null) throw refuse(`context ${chosen} of ${from} is of user ${found.user}, which is not in it; add the user`)
  if (!cluster.server?.startsWith('https://')) throw refuse(`the cluster ${cluster.server} is not reached by https; correct \`server\``)
  if (cluster.skipTLSVerify) {
    throw refuse(`insecure-skip-tls-verify is set for ${cluster.server}; give the cluster's certificate-authority instead`)
  }
  const tokenFile = kubeconfig === undefined ? undefined : tokenFileOf(kubeconfig, user.name)
  // The library knows the key by another name.
  if (tokenFile !== undefined) Object.assign(user, { authProvider: { name: 'tokenFile', config: { tokenFile } } })
  for (const [what, file] of [
    ['certificate-authority', cluster.caFile],
    ['client-certificate', user.certFile],
    ['client-key', user.keyFile],
    ['tokenFile', tokenFile],
  ] as const) {
    if (file && !isReadable(file)) throw refuse(`the ${what} ${file} that ${from} names cannot be read; check the path and its rights`)
  }
  return config
}

/** What is known to be wrong with who we say we are; null: nothing. */
export function credentialTrouble(config: KubeConfig, nowMs: number): string | null {
  const user = config.getCurrentUser()
  if (user === null) return 'there is no user in the kubeconfig'
  const { name, certFile, certData, token } = user
  const [what, endMs] = token ? (['token', expiryOf(token)] as const) : (['client certificate', endOf(certFile, certData)] as const)
  return endMs === null || endMs > nowMs ? null : `the ${what} of user ${name} ended at ${new Date(endMs).toISOString()}`
}

function endOf(file: string | undefined, data: string | undefined): number | null {
  try {
    return Date.parse(new X509Certificate(file ? readFileSync(file) : Buffer.from(data ?? '', 'base64')).validTo)
  } catch {
    return null
  }
}

function tokenFileOf(kubeconfig: string, userName: string): string | undefined {
  const content: { readonly users?: readonly { readonly name?: unknown; readonly user?: { readonly tokenFile?: unknown } }[] } = parse(
    readFileSync(kubeconfig, 'utf8'),
  )
  const file = content.users?.find(({ name }) => name === userName)?.user?.tokenFile
  return typeof file === 'string' && file !== '' ? resolve(dirname(kubeconfig), file) : undefined
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** The lines below it show what the file holds. */
function firstLineOf(error: unknown): string {
  const message: unknown = Reflect.get(Object(error), 'message')
  return String(message ?? error)
    .split('\n')[0]!
    .replace(/\.$/, '')
}
