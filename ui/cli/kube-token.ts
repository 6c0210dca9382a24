/**
 * A token for the edgetwin server by way of a kubeconfig: one that the cluster makes for a service account, or the user's own.
 *
 * The first is made out for edgetwin alone and good for nothing else. The user's own is good for the cluster too, so it
 * never travels in the clear, and the server takes it only when it was told to.
 */
import { execFile } from 'node:child_process'
import { request } from 'node:https'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { ACCESS_AUDIENCE } from '../../models/contracts/audience.ts'
import { TwinError } from '../../models/errors.ts'
import { type ExecPlugin, type KubeTarget, readKubeconfig, refused } from './kubeconfig.ts'

export interface KubeTokenOptions {
  /** Of edgetwin. */
  readonly server: string
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  /** "namespace/name": ask the cluster for a token of this account. */
  readonly serviceAccount?: string | undefined
}

interface Credential {
  readonly token?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

const TOKEN_SECONDS = 600
const TIMEOUT_MS = 15_000
const credentialShape = z.object({
  status: z.object({ token: z.string().optional(), clientCertificateData: z.string().optional(), clientKeyData: z.string().optional() }),
})
const tokenShape = z.object({ status: z.object({ token: z.string() }) })
const messageShape = z.object({ message: z.string() })

/** @throws TwinError KUBECONFIG_INVALID, CONFIG_INVALID, FORBIDDEN */
export async function kubeToken({ server, serviceAccount, ...where }: KubeTokenOptions): Promise<string> {
  const target = readKubeconfig(where)
  const credential = await credentialOf(target)
  if (serviceAccount !== undefined) return requestToken(target, credential, serviceAccount)
  if (credential.token === undefined) {
    const kind =
      credential.cert === undefined ? 'has neither a token nor a certificate' : 'has a client certificate, which only the cluster can check'
    throw refused(
      `user ${target.userName} of ${target.file} ${kind}; add --service-account NAMESPACE/NAME to have a token made, ` +
        `or make one: --token "$(kubectl create token NAME --namespace NAMESPACE --audience ${ACCESS_AUDIENCE})"`,
    )
  }
  const { protocol, hostname } = new URL(server)
  if (protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return credential.token
  throw new TwinError(
    'CONFIG_INVALID',
    `the token of ${target.userName} is good for the whole cluster and would go to ${server} in the clear; ` +
      'use https, or add --service-account NAMESPACE/NAME for a token that is good for edgetwin alone',
  )
}

async function credentialOf(target: KubeTarget): Promise<Credential> {
  const token = target.token()
  if (token !== undefined) return { token }
  if (target.exec !== undefined) return runPlugin(target.exec, target.file)
  return target.certificate() ?? {}
}

/** As client-go runs it: the kubeconfig's owner has chosen the command. */
async function runPlugin({ apiVersion, command, args, env, installHint }: ExecPlugin, file: string): Promise<Credential> {
  const path = command.includes('/') ? resolve(dirname(file), command) : command
  const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } }
  const added = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]))
  try {
    const { stdout } = await promisify(execFile)(path, args ?? [], {
      env: { ...process.env, ...added, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: TIMEOUT_MS,
    })
    const { token, clientCertificateData: cert, clientKeyData: key } = credentialShape.parse(JSON.parse(stdout)).status
    return { token, cert, key }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw refused(
      `the command ${command} of ${file} gives no credential: ${why}${installHint === undefined ? '' : `; ${installHint}`}`,
      cause,
    )
  }
}

async function requestToken(target: KubeTarget, credential: Credential, serviceAccount: string): Promise<string> {
  const [namespace = '', name = '', rest] = serviceAccount.split('/')
  if (namespace === '' || name === '' || rest !== undefined) {
    throw new TwinError('CONFIG_INVALID', `--service-account '${serviceAccount}' is no account; give NAMESPACE/NAME`)
  }
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}/token`
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: [ACCESS_AUDIENCE], expirationSeconds: TOKEN_SECONDS },
  }
  const { status, answer } = await post(target, credential, { path, body })
  const made = tokenShape.safeParse(answer)
  if (status < 300 && made.success) return made.data.status.token
  const said = messageShape.safeParse(answer).data?.message ?? `status ${status}`
  const remedy =
    status === 403
      ? `whoever administers the cluster must grant \`create\` on \`serviceaccounts/token\` of ${serviceAccount}`
      : 'check the kubeconfig and the name of the account'
  throw new TwinError(
    status === 403 ? 'FORBIDDEN' : 'KUBECONFIG_INVALID',
    `${target.server} makes no token for ${serviceAccount}: ${said}; ${remedy}`,
  )
}

function post(
  { server, serverName, ca }: KubeTarget,
  { token, cert, key }: Credential,
  { path, body }: { readonly path: string; readonly body: object },
): Promise<{ readonly status: number; readonly answer: unknown }> {
  return new Promise((settle, reject) => {
    const fail = (cause: unknown) =>
      reject(refused(`${server} does not answer (${cause instanceof Error ? cause.message : String(cause)}); is the context right?`, cause))
    const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    const asked = request(server.replace(/\/$/, '') + path, {
      method: 'POST',
      headers,
      agent: false,
      ca: ca(),
      cert,
      key,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(serverName === undefined ? {} : { servername: serverName }),
    })
    asked.once('error', fail)
    asked.once('response', async (response) => {
      try {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        settle({ status: response.statusCode ?? 0, answer: JSON.parse(text) })
      } catch (error) {
        fail(error)
      }
    })
    asked.end(JSON.stringify(body))
  })
}
