/**
 * Requests to an API server as plain JSON, on the library's kubeconfig and credentials.
 *
 * Not through its typed calls: those open a connection for every request, have no time limit, drop fields they do not
 * know and change strings to dates. Here connections are kept, every request ends, and an object is what the server sent.
 */
import { Agent, type RequestOptions, request } from 'node:https'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeConfig } from '@kubernetes/client-node'
import { TwinError } from '../../models/errors.ts'
import { credentialTrouble } from './kube-config.ts'
import { failureOf, KubeFailure, toKubeFailure } from './kube-failure.ts'

export type PatchType =
  | 'application/strategic-merge-patch+json'
  | 'application/merge-patch+json'
  | 'application/json-patch+json'
  | 'application/apply-patch+yaml'

export interface KubeRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/api/v1/nodes` */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  readonly contentType?: PatchType
  readonly timeoutMs?: number
  /** Becomes the id of the entry in the server's audit log. */
  readonly auditId?: string
}

export interface WatchRequest {
  readonly path: string
  readonly query: NonNullable<KubeRequest['query']>
  /** The connection is given up when it has not ended by itself by then. */
  readonly withinMs: number
  readonly signal: AbortSignal
  /** The server has taken up the watch. */
  readonly onOpen: () => void
  readonly onLine: (line: string) => void
}

export interface KubeClient {
  /** `https://host:port` */
  readonly server: string
  /** Resolves to the object. @throws KubeFailure for everything else, also for an answer that is no JSON. */
  request<T>(wanted: KubeRequest): Promise<T>
  /** Resolves when the server ends the watch, or `signal` does. @throws KubeFailure */
  watch(wanted: WatchRequest): Promise<void>
  close(): void
}

const TIMEOUT_MS = 10_000
/** Objects in etcd are at most 1.5 MB; a page of a list holds 500. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

/** @param load read anew when the server no longer knows us: certificates and tokens are rotated under our feet. */
export function createKubeClient(load: () => KubeConfig): KubeClient {
  let config = load()
  let agent: { readonly key: string; readonly agent: Agent } | null = null
  const server = config.getCurrentCluster()!.server

  /** One agent per set of credentials: it keeps the connections. */
  const optionsFor = async (): Promise<RequestOptions> => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options).catch((error: unknown) => {
      throw new KubeFailure('unauthorized', `we have nothing to show to ${server}: ${toKubeFailure(error).message}`)
    })
    const { ca, cert, key: privateKey, pfx, passphrase, servername } = options
    const proxy = config.getCurrentCluster()?.proxyUrl
    if (proxy) return options
    const key = [ca, cert, privateKey, pfx, passphrase, servername].map(String).join('\0')
    if (agent?.key !== key) {
      agent?.agent.destroy()
      agent = {
        key,
        agent: new Agent({
          keepAlive: true,
          keepAliveMsecs: 10_000,
          maxSockets: 64,
          ca,
          cert,
          key: privateKey,
          pfx,
          passphrase,
          servername,
        } as object),
      }
    }
    return { headers: options.headers ?? {}, agent: agent.agent, ...(options.auth === undefined ? {} : { auth: options.auth }) }
  }

  const once = async <T>({ method = 'GET', path, query, body, contentType, timeoutMs = TIMEOUT_MS, auditId }: KubeRequest): Promise<T> => {
    const options = await optionsFor()
    const payload = body === undefined ? undefined : JSON.stringify(body)
    return new Promise<T>((resolve, reject) => {
      const headers = {
        ...options.headers,
        accept: 'application/json',
        ...(payload === undefined
          ? {}
          : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(payload) }),
        ...(auditId === undefined ? {} : { 'audit-id': auditId }),
      }
      const signal = AbortSignal.timeout(timeoutMs)
      const sent = request(urlOf(server, path, query), { ...options, method, headers, signal })
      const fail = (error: unknown) => {
        const late = new KubeFailure('timeout', `no answer from ${server} to ${method} ${path} within ${timeoutMs} ms`)
        reject(signal.aborted ? late : toKubeFailure(error))
      }
      sent.once('error', fail)
      sent.once('response', async (answer) => {
        try {
          const text = await textOf(answer)
          const status = answer.statusCode ?? 0
          const content = parse(text)
          if (status >= 200 && status < 300 && content !== undefined) return resolve(content as T)
          reject(failureOf(status >= 300 ? status : 502, content ?? text, answer.headers['retry-after']))
        } catch (error) {
          fail(error)
        }
      })
      sent.end(payload)
    })
  }

  const explained = (failure: KubeFailure): KubeFailure => {
    const trouble = failure.kind === 'unauthorized' ? credentialTrouble(config, Date.now()) : null
    return trouble === null ? failure : new KubeFailure('unauthorized', `${failure.message}: ${trouble}`, { status: failure.status })
  }

  return {
    server,
    async request<T>(wanted: KubeRequest): Promise<T> {
      try {
        return await once<T>(wanted)
      } catch (error) {
        // Nothing was done by a request that was not let in, so even a write may be sent again, once.
        const { kind } = toKubeFailure(error)
        if (kind !== 'unauthorized' && kind !== 'untrusted') throw toKubeFailure(error)
      }
      try {
        config = load()
        return await once<T>(wanted)
      } catch (error) {
        throw error instanceof TwinError ? new KubeFailure('unauthorized', error.message) : explained(toKubeFailure(error))
      }
    },
    async watch({ path, query, withinMs, signal, onOpen, onLine }) {
      const options = await optionsFor()
      const giveUp = new AbortController()
      const stop = AbortSignal.any([signal, giveUp.signal])
      const late = sleep(withinMs, 'late', { signal: stop }).catch(() => 'ended')
      const sent = request(urlOf(server, path, { ...query, watch: true }), {
        ...options,
        headers: { ...options.headers, accept: 'application/json' },
        signal: stop,
      })
      const reading = new Promise<void>((resolve, reject) => {
        sent.once('error', reject)
        sent.once('response', async (answer) => {
          try {
            if (answer.statusCode !== 200) {
              const text = await textOf(answer)
              throw failureOf(answer.statusCode ?? 0, parse(text) ?? text, answer.headers['retry-after'])
            }
            onOpen()
            for await (const line of createInterface({ input: answer, crlfDelay: Number.POSITIVE_INFINITY })) onLine(line)
            if (!answer.complete) throw new KubeFailure('unreachable', `the connection to ${server} broke`)
            resolve()
          } catch (error) {
            reject(error)
          }
        })
        sent.end()
      })
      try {
        const first = await Promise.race([late, reading])
        if (first === 'late')
          throw new KubeFailure('timeout', `${server} did not end the watch of ${path} in time: the connection is half open`)
      } catch (error) {
        if (!signal.aborted) throw explained(toKubeFailure(error))
      } finally {
        giveUp.abort()
        reading.catch(() => {})
      }
    },
    close: () => agent?.agent.destroy(),
  }
}

function urlOf(server: string, path: string, query: KubeRequest['query'] = {}): URL {
  const url = new URL(server.replace(/\/$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url
}

async function textOf(answer: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new KubeFailure('server', `an answer of more than ${ANSWER_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
