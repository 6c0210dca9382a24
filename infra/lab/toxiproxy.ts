/**
 * Toxiproxy: a TCP proxy before a real service that makes the way to it slow, narrow, silent or broken on demand.
 *
 * A proxy keeps its address for as long as its Toxiproxy runs; one that was killed starts again without any.
 */
import { join } from 'node:path'
import { TwinError } from '../../models/errors.ts'
import { cached, type Progress, silent } from './cache.ts'
import { freePort, keepPorts } from './ports.ts'
import { type LabService, serviceDir, startService } from './service.ts'
import { runTool } from './tools.ts'

export type Toxic = { readonly stream?: 'upstream' | 'downstream' | 'both' } & (
  | { readonly type: 'latency'; readonly latencyMs: number; readonly jitterMs?: number }
  | { readonly type: 'bandwidth'; readonly kilobytesPerSecond: number }
  /** A black hole, until `timeoutMs` cuts the connection; 0: for ever. */
  | { readonly type: 'timeout'; readonly timeoutMs: number }
  /** On a connection's first data, `timeoutMs` later. Connections older than the toxic are closed, not reset. */
  | { readonly type: 'reset_peer'; readonly timeoutMs: number }
  | { readonly type: 'slicer'; readonly averageBytes: number; readonly variationBytes: number; readonly delayMicroseconds: number }
  /** Refuses new connections and cuts the others. */
  | { readonly type: 'down' }
)

export interface ToxicProxy {
  /** "127.0.0.1:port" */
  readonly address: string
  /** On what comes downstream, from the service, unless the toxic says otherwise. One toxic per type and stream. */
  add(toxic: Toxic): Promise<void>
  /** The way is whole again. A black hole's connections are cut. */
  clear(): Promise<void>
  remove(): Promise<void>
}

export interface Toxiproxy extends LabService {
  /** Of its HTTP API. */
  readonly url: string
  /** @param asked `upstream` is "host:port"; without a `port` a free one is taken. */
  proxy(asked: { readonly name: string; readonly upstream: string; readonly port?: number }): Promise<ToxicProxy>
}

export interface ToxiproxyOptions {
  readonly dir?: string | undefined
  /** Of its HTTP API. */
  readonly port?: number | undefined
  readonly outlives?: boolean | undefined
  readonly progress?: Progress | undefined
}

const MODULE = 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0'
const REMEDY = 'Toxiproxy is built with Go 1.23 or newer: install it so that `go` is on PATH'

/** @throws TwinError LAB_FAILED, PORT_IN_USE */
export async function startToxiproxy({ dir: given, port, outlives, progress = silent }: ToxiproxyOptions = {}): Promise<Toxiproxy> {
  const built = await cached({ name: 'toxiproxy', key: `${MODULE} ${process.arch}` }, async (bin) => {
    progress('building Toxiproxy with Go, once …')
    await runTool('go', ['install', MODULE], { env: { GOBIN: bin }, remedy: REMEDY })
  })
  const dir = serviceDir('toxiproxy', given)
  const { api } = await keepPorts(dir.path, { api: port })
  const url = `http://127.0.0.1:${api}`
  const service = await startService({
    name: 'toxiproxy',
    dir,
    command: join(built, 'server'),
    args: ['-host', '127.0.0.1', '-port', String(api)],
    isReady: async () => (await fetch(`${url}/version`, { signal: AbortSignal.timeout(1_000) })).ok,
    readyWithinMs: 15_000,
    remedy: REMEDY,
    outlives,
  })
  return { ...service, url, proxy: (asked) => makeProxy(url, asked) }
}

async function makeProxy(
  url: string,
  asked: { readonly name: string; readonly upstream: string; readonly port?: number },
): Promise<ToxicProxy> {
  const { name, upstream, port = await freePort() } = asked
  const address = `127.0.0.1:${port}`
  await call('POST', `${url}/proxies`, { name, listen: address, upstream, enabled: true })
  const own = `${url}/proxies/${name}`
  const added = new Set<string>()
  return {
    address,
    add: async (toxic) => {
      if (toxic.type === 'down') return call('POST', own, { enabled: false })
      const { stream = 'downstream' } = toxic
      for (const each of stream === 'both' ? ['upstream', 'downstream'] : [stream]) {
        const toxicName = `${toxic.type}_${each}`
        await call('POST', `${own}/toxics`, { name: toxicName, type: toxic.type, stream: each, attributes: attributesOf(toxic) })
        added.add(toxicName)
      }
    },
    clear: async () => {
      for (const toxicName of added) await call('DELETE', `${own}/toxics/${toxicName}`)
      added.clear()
      await call('POST', own, { enabled: true })
    },
    remove: () => call('DELETE', own),
  }
}

/** In Toxiproxy's own names. */
function attributesOf(toxic: Exclude<Toxic, { type: 'down' }>): Readonly<Record<string, number>> {
  switch (toxic.type) {
    case 'latency':
      return { latency: toxic.latencyMs, jitter: toxic.jitterMs ?? 0 }
    case 'bandwidth':
      return { rate: toxic.kilobytesPerSecond }
    case 'timeout':
    case 'reset_peer':
      return { timeout: toxic.timeoutMs }
    case 'slicer':
      return { average_size: toxic.averageBytes, size_variation: toxic.variationBytes, delay: toxic.delayMicroseconds }
    default:
      return toxic satisfies never
  }
}

async function call(method: string, url: string, body?: unknown): Promise<void> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(5_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()
  if (!response.ok) throw new TwinError('LAB_FAILED', `Toxiproxy refused ${method} ${url} (${response.status}): ${text.slice(0, 300)}`)
}
