/**
 * When what was published arrives where people look: in a socket.io client, and in the viewer in a real Chromium.
 *
 * An event has arrived with the first patch at or after its journal sequence. Both ends run on this machine and share its clock.
 */
import type { Page } from 'playwright-core'
import { io } from 'socket.io-client'
import type { StreamPatch } from '../../models/contracts/stream.ts'

/** When something that was told up to `sequence` arrived, and how long the patch itself travelled. */
export interface Arrival {
  readonly sequence: number
  readonly receivedMs: number
  readonly travelMs: number
}

export const preciseMs = (): number => performance.timeOrigin + performance.now()

export interface ListeningClient {
  readonly arrivals: readonly Arrival[]
  readonly stop: () => void
}

export async function listenAsClient(url: string): Promise<ListeningClient> {
  const socket = io(`${url}/twin`, { transports: ['websocket'] })
  const arrivals: Arrival[] = []
  socket.on('patch', ({ status, sentMs }: StreamPatch, ack: () => void) => {
    arrivals.push({ sequence: status.sequence, receivedMs: preciseMs(), travelMs: Date.now() - sentMs })
    ack()
  })
  await new Promise((resolve) => socket.once('connect', () => resolve(null)))
  await socket.emitWithAck('subscribe')
  return { arrivals, stop: () => socket.disconnect() }
}

/** Listens on the page's own socket before the viewer does; resolves when the page shows the live twin. */
export async function openListeningPage(page: Page, url: string): Promise<void> {
  await page.addInitScript(RECORD_ARRIVALS)
  await page.goto(url)
  await page.waitForSelector('[data-testid=connection-state][data-state=live]')
}

const RECORD_ARRIVALS = `
  const preciseMs = () => performance.timeOrigin + performance.now()
  globalThis.arrivals = { received: [], drawn: [] }
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args)
      this.addEventListener('message', ({ data }) => {
        const [, text] = /^42\\/twin,\\d*(\\["patch".*)$/s.exec(data) ?? []
        if (text === undefined) return
        const [, { status, sentMs }] = JSON.parse(text)
        const arrive = (kind) => arrivals[kind].push({ sequence: status.sequence, receivedMs: preciseMs(), travelMs: Date.now() - sentMs })
        arrive('received')
        requestAnimationFrame(() => requestAnimationFrame(() => arrive('drawn')))
      })
    }
  }`

export const arrivalsOf = (page: Page, kind: 'received' | 'drawn'): Promise<Arrival[]> => page.evaluate<Arrival[]>(`arrivals.${kind}`)

/**
 * @param published By journal sequence, ascending: when it was published.
 * @throws Error when one never arrived.
 */
export function latenciesMs(published: ReadonlyMap<number, number>, arrivals: readonly Arrival[]): number[] {
  let next = 0
  return [...published].map(([sequence, publishedMs]) => {
    while (next < arrivals.length && arrivals[next]!.sequence < sequence) next++
    const arrival = arrivals[next]
    if (arrival === undefined) throw new Error(`event ${sequence} never arrived`)
    return arrival.receivedMs - publishedMs
  })
}
