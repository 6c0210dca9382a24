/**
 * Stands between an edgetwin and its API server, lets everything pass, and strikes at the request that it was told to wait for.
 *
 * It is the one place from which one sees that a request was sent and not yet heard, or done and not yet answered.
 */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { KubernetesLab } from '../lab/kubernetes.ts'
import { type ProtocolStep, stepOf } from './protocol-steps.ts'

/** Before the server hears of the request, while it works at it, or when it has answered and its client has not heard. */
export const MOMENTS = ['before', 'during', 'after'] as const
export type Moment = (typeof MOMENTS)[number]

export interface Ambush {
  readonly step: ProtocolStep
  /** The how manieth such request; 1 is the next. */
  readonly nth: number
  readonly moment: Moment
  /** @returns what becomes of the request, or of its answer. */
  readonly strike: () => Promise<'goes on' | 'is lost'>
}

export interface ApiRelay {
  readonly url: string
  /** Resolves when it has come to it; whoever was set before is forgotten. */
  ambush(set: Ambush): Promise<void>
  forget(): void
  stop(): Promise<void>
}

export async function startApiRelay(lab: KubernetesLab): Promise<ApiRelay> {
  const pki = join(lab.dir, 'pki')
  const agent = new Agent({ keepAlive: true, ca: readFileSync(lab.caFile) })
  let set: { readonly ambush: Ambush; left: number; readonly struck: () => void } | null = null

  const take = (step: ProtocolStep | null): { readonly ambush: Ambush; readonly struck: () => void } | null => {
    if (set === null || set.ambush.step !== step || --set.left > 0) return null
    const found = set
    set = null
    return found
  }
  const forward = ({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = request(`${lab.url}${url}`, { method, agent, headers: { ...headers, host: new URL(lab.url).host } })
      sent.once('response', resolve)
      sent.once('error', reject)
      sent.end(body)
    })
  const pass = async (asked: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await asked.toArray())
    const { method = '', url = '', headers } = asked
    const found = take(stepOf({ method, url, auditId: String(headers['audit-id'] ?? '') }))
    if (found === null) return deliver(await forward(asked, body), answer)
    const { moment, strike } = found.ambush
    if (moment === 'before') {
      found.struck()
      if ((await strike()) === 'is lost') throw new Error('lost')
    }
    const answering = forward(asked, body).then(async (answered) => ({ answered, whole: Buffer.concat(await answered.toArray()) }))
    // It is on its way, and the server has not answered yet.
    if (moment === 'during') await setImmediate()
    const striking = moment === 'during' ? strike() : null
    if (striking !== null) found.struck()
    const { answered, whole } = await answering
    if (moment === 'after') found.struck()
    const fate = moment === 'after' ? strike() : striking
    if ((await fate) === 'is lost') throw new Error('lost')
    answer.writeHead(answered.statusCode ?? 502, { 'content-type': answered.headers['content-type'] ?? 'application/json' }).end(whole)
  }
  const server = createServer(
    { key: readFileSync(join(pki, 'apiserver.key')), cert: readFileSync(join(pki, 'apiserver.crt')) },
    (asked, answer) => void pass(asked, answer).catch(() => answer.destroy()),
  )
  server.on('clientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ambush: (ambush) =>
      new Promise((struck) => {
        set = { ambush, left: ambush.nth, struck }
      }),
    forget: () => {
      set = null
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        agent.destroy()
      }),
  }
}

/** A watch has no end, so nothing is kept back. */
function deliver(answered: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(answered.statusCode ?? 502, answered.headers)
  answer.flushHeaders()
  answered.pipe(answer)
  answered.once('error', () => answer.destroy())
  answered.once('aborted', () => answer.destroy())
  answer.once('close', () => answered.destroy())
}
