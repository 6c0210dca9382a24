/**
 * Clips on their way between nodes. All running transfers share the links; rates are found anew whenever one starts
 * or ends or a link changes. The last byte arrives one latency after it was sent.
 */
import { transferRates } from '../../models/simulation/shared-links.ts'
import type { Agenda, AgendaEntry } from './agenda.ts'

export interface TransferOrder {
  readonly id: string
  /** Node names, different. */
  readonly from: string
  readonly to: string
  readonly bytes: number
}

export interface Network {
  readonly send: (order: TransferOrder, onArrived: () => void) => void
  readonly cancel: (id: string) => void
  /** To be called after the capacity of a link has changed. */
  readonly update: () => void
  /** Bytes over a node's link since it was last asked, of the busier direction. */
  readonly takeCarriedBytes: (node: string) => number
  readonly transfers: () => readonly (TransferOrder & { readonly remainingBytes: number; readonly bytesPerSecond: number })[]
}

interface Flow {
  readonly order: TransferOrder
  readonly onArrived: () => void
  remainingBytes: number
  bytesPerMs: number
}

/** What takes less than this to send is rounding, not bytes. */
const LEFT_MS_MIN = 1e-3

export function createNetwork(
  agenda: Agenda,
  links: { readonly bytesPerMs: () => ReadonlyMap<string, number>; readonly latencyMs: (from: string, to: string) => number },
): Network {
  const flows = new Map<string, Flow>()
  const arriving = new Map<string, AgendaEntry>()
  const carriedBytes = new Map<string, number>()
  let settledMs = agenda.nowMs()
  let next: AgendaEntry | null = null

  const carry = (side: string, bytes: number) => carriedBytes.set(side, (carriedBytes.get(side) ?? 0) + bytes)
  const settle = (): void => {
    const elapsedMs = agenda.nowMs() - settledMs
    settledMs = agenda.nowMs()
    for (const flow of flows.values()) {
      const movedBytes = Math.min(flow.remainingBytes, flow.bytesPerMs * elapsedMs)
      flow.remainingBytes -= movedBytes
      carry(`out ${flow.order.from}`, movedBytes)
      carry(`in ${flow.order.to}`, movedBytes)
    }
  }
  const update = (): void => {
    settle()
    for (const [id, { order, remainingBytes, bytesPerMs, onArrived }] of flows) {
      if (remainingBytes > bytesPerMs * LEFT_MS_MIN) continue
      flows.delete(id)
      const arrive = () => {
        arriving.delete(id)
        onArrived()
      }
      arriving.set(id, agenda.after(links.latencyMs(order.from, order.to), arrive))
    }
    const rates = transferRates(
      [...flows.values()].map(({ order }) => order),
      links.bytesPerMs(),
    )
    let soonestMs = Number.POSITIVE_INFINITY
    for (const [id, flow] of flows) {
      flow.bytesPerMs = rates.get(id) ?? 0
      if (flow.bytesPerMs > 0) soonestMs = Math.min(soonestMs, flow.remainingBytes / flow.bytesPerMs)
    }
    agenda.cancel(next)
    next = Number.isFinite(soonestMs) ? agenda.after(soonestMs, update) : null
  }
  return {
    send: (order, onArrived) => {
      settle()
      flows.set(order.id, { order, onArrived, remainingBytes: order.bytes, bytesPerMs: 0 })
      update()
    },
    cancel: (id) => {
      agenda.cancel(arriving.get(id) ?? null)
      arriving.delete(id)
      settle()
      if (flows.delete(id)) update()
    },
    update,
    takeCarriedBytes: (node) => {
      settle()
      const [out, into] = [`out ${node}`, `in ${node}`]
      const bytes = Math.max(carriedBytes.get(out) ?? 0, carriedBytes.get(into) ?? 0)
      carriedBytes.delete(out)
      carriedBytes.delete(into)
      return bytes
    },
    transfers: () => {
      settle()
      return [...flows.values()].map(({ order, remainingBytes, bytesPerMs }) => ({
        ...order,
        remainingBytes,
        bytesPerSecond: bytesPerMs * 1_000,
      }))
    },
  }
}
