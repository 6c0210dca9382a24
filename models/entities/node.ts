/**
 * The twin of one machine: whether it may take work, how loaded it is, and when its exporter was last heard.
 * Readiness comes from the cluster alone; a silent exporter makes facts old, it does not kill a node.
 */
import { setup } from 'xstate'
import { z } from 'zod'
import { nodeIdentityShape } from '../events/device-events.ts'
import type { EventOf } from '../events/events.ts'
import { loadShape } from '../events/shapes.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { aged, factShape, isNewer, LIST_DEADLINES, SAMPLE_DEADLINES, toFact } from './fact.ts'
import { modeTable } from './mode-table.ts'

export const NODE_MODES = ['expected', 'ready', 'notReady', 'gone'] as const
type NodeSignal = 'observed' | 'becameReady' | 'becameNotReady' | 'gone'

export const nodeShape = z.object({
  kind: z.literal('node'),
  name: z.string(),
  mode: z.enum(NODE_MODES),
  desired: z.object({ schedulable: z.boolean() }),
  reported: z.object({
    identity: factShape(nodeIdentityShape).nullable(),
    conditions: factShape(z.object({ ready: z.boolean(), cordoned: z.boolean(), reason: z.string() })).nullable(),
    load: factShape(loadShape).nullable(),
    exporter: factShape(z.object({ reachable: z.boolean(), reason: z.string() })).nullable(),
    /** What its network interface is set to; absent: its exporter does not say. */
    network: factShape(z.object({ interfaceBytesPerSecond: z.number() }))
      .nullable()
      .optional(),
  }),
  predicted: z.null(),
})
export type Node = z.infer<typeof nodeShape>
export type NodeEvent = EventOf<
  'node.observed' | 'node.sampled' | 'node.conditionsChanged' | 'node.gone' | 'exporter.reached' | 'exporter.lost'
>

export const nodeMachine = setup({ types: { events: {} as { type: NodeSignal } } }).createMachine({
  id: 'node',
  initial: 'expected',
  states: {
    expected: { on: { observed: 'expected', becameReady: 'ready', becameNotReady: 'notReady', gone: 'gone' } },
    ready: { on: { observed: 'ready', becameReady: 'ready', becameNotReady: 'notReady', gone: 'gone' } },
    notReady: { on: { observed: 'notReady', becameReady: 'ready', becameNotReady: 'notReady', gone: 'gone' } },
    // A node that comes back is a new machine until the cluster says that it is ready.
    gone: { on: { observed: 'expected' } },
  },
})
const modes = modeTable<Node['mode'], NodeSignal>(nodeMachine, NODE_MODES)

export function aNewNode(name: string): Node {
  return {
    kind: 'node',
    name,
    mode: modes.initial,
    desired: { schedulable: true },
    reported: { identity: null, conditions: null, load: null, exporter: null },
    predicted: null,
  }
}

export function applyNodeEvent(node: Node, event: NodeEvent): Applied<Node> {
  const { reported } = node
  switch (event.type) {
    case 'node.sampled':
      if (isNewer(reported.load, event)) return superseded(node)
      return adopted({ ...node, reported: { ...reported, load: toFact(event.load, event), ...networkOf(event) } })
    case 'exporter.reached':
      if (isNewer(reported.exporter, event)) return superseded(node)
      return adopted({ ...node, reported: { ...reported, exporter: toFact({ reachable: true, reason: '' }, event) } })
    case 'exporter.lost':
      if (isNewer(reported.exporter, event)) return superseded(node)
      return adopted({ ...node, reported: { ...reported, exporter: toFact({ reachable: false, reason: event.reason }, event) } })
    case 'node.observed': {
      const isBack = node.mode === 'gone'
      if (isNewer(reported.identity, event) || (isBack && isNewer(reported.conditions, event))) return superseded(node)
      const { mode, expected } = modes.step(node.mode, 'observed')
      const identity = toFact(event.identity, event)
      const conditions = isBack ? null : reported.conditions
      return adopted(
        { ...node, mode, desired: { schedulable: event.schedulable }, reported: { ...reported, identity, conditions } },
        expected,
      )
    }
    case 'node.conditionsChanged': {
      if (isNewer(reported.conditions, event)) return superseded(node)
      const { mode, expected } = modes.step(node.mode, event.ready ? 'becameReady' : 'becameNotReady')
      const conditions = toFact({ ready: event.ready, cordoned: event.cordoned, reason: event.reason }, event)
      return adopted({ ...node, mode, reported: { ...reported, conditions } }, expected)
    }
    case 'node.gone': {
      if (isNewer(reported.conditions, event) || isNewer(reported.identity, event)) return superseded(node)
      const { mode, expected } = modes.step(node.mode, 'gone')
      const conditions = toFact({ ready: false, cordoned: true, reason: event.reason }, event)
      return adopted({ ...node, mode, reported: { ...reported, conditions } }, expected)
    }
  }
}

function networkOf(event: EventOf<'node.sampled'>): Pick<Node['reported'], 'network'> {
  const { interfaceBytesPerSecond } = event
  return interfaceBytesPerSecond === undefined ? {} : { network: toFact({ interfaceBytesPerSecond }, event) }
}

export function ageNode(node: Node, clockMs: number): Node {
  const { identity, conditions, load, exporter, network } = node.reported
  const reported = {
    identity: aged(identity, clockMs, LIST_DEADLINES),
    conditions: aged(conditions, clockMs, LIST_DEADLINES),
    load: aged(load, clockMs, SAMPLE_DEADLINES),
    exporter: aged(exporter, clockMs, SAMPLE_DEADLINES),
    ...(network === undefined ? {} : { network: aged(network, clockMs, SAMPLE_DEADLINES) }),
  }
  const isSameNetwork = reported.network === network
  const same =
    isSameNetwork &&
    reported.identity === identity &&
    reported.conditions === conditions &&
    reported.load === load &&
    reported.exporter === exporter
  return same ? node : { ...node, reported }
}

/** Whether new work may be put here, as far as the cluster has said. */
export function canTakeWork(node: Node): boolean {
  return node.mode === 'ready' && node.desired.schedulable && node.reported.conditions?.value.cordoned === false
}
