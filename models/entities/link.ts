/** The twin of one link: a node's way onto the site's network, what it should carry and what it does. */
import { setup } from 'xstate'
import { z } from 'zod'
import { linkOriginShape, linkQualityShape } from '../events/device-events.ts'
import type { EventOf } from '../events/events.ts'
import { type Applied, adopted, superseded } from './applied.ts'
import { aged, factShape, isNewer, LIST_DEADLINES, SAMPLE_DEADLINES, toFact } from './fact.ts'
import { modeTable } from './mode-table.ts'

export const LINK_MODES = ['expected', 'up', 'down', 'gone'] as const
type LinkSignal = 'observed' | 'wentUp' | 'wentDown' | 'gone'

export const linkShape = z.object({
  kind: z.literal('link'),
  name: z.string(),
  mode: z.enum(LINK_MODES),
  /** What it is built for. */
  desired: z.object({ node: z.string().nullable(), nominal: linkQualityShape.nullable(), origin: linkOriginShape.optional() }),
  reported: z.object({
    conditions: factShape(z.object({ up: z.boolean(), reason: z.string() })).nullable(),
    quality: factShape(linkQualityShape).nullable(),
  }),
  predicted: z.null(),
})
export type Link = z.infer<typeof linkShape>
export type LinkEvent = EventOf<'link.observed' | 'link.sampled' | 'link.conditionsChanged' | 'link.gone'>

export const linkMachine = setup({ types: { events: {} as { type: LinkSignal } } }).createMachine({
  id: 'link',
  initial: 'expected',
  states: {
    expected: { on: { observed: 'expected', wentUp: 'up', wentDown: 'down', gone: 'gone' } },
    up: { on: { observed: 'up', wentUp: 'up', wentDown: 'down', gone: 'gone' } },
    down: { on: { observed: 'down', wentUp: 'up', wentDown: 'down', gone: 'gone' } },
    gone: { on: { observed: 'expected' } },
  },
})
const modes = modeTable<Link['mode'], LinkSignal>(linkMachine, LINK_MODES)

export function aNewLink(name: string): Link {
  return {
    kind: 'link',
    name,
    mode: modes.initial,
    desired: { node: null, nominal: null },
    reported: { conditions: null, quality: null },
    predicted: null,
  }
}

export function applyLinkEvent(link: Link, event: LinkEvent): Applied<Link> {
  const { reported } = link
  switch (event.type) {
    case 'link.sampled':
      if (isNewer(reported.quality, event)) return superseded(link)
      return adopted({ ...link, reported: { ...reported, quality: toFact(event.quality, event) } })
    case 'link.observed': {
      const isBack = link.mode === 'gone'
      if (isBack && isNewer(reported.conditions, event)) return superseded(link)
      const { mode, expected } = modes.step(link.mode, 'observed')
      const conditions = isBack ? null : reported.conditions
      const { node, nominal, origin } = event
      const desired = { node, nominal, ...(origin === undefined ? {} : { origin }) }
      return adopted({ ...link, mode, desired, reported: { ...reported, conditions } }, expected)
    }
    case 'link.conditionsChanged': {
      if (isNewer(reported.conditions, event)) return superseded(link)
      const { mode, expected } = modes.step(link.mode, event.up ? 'wentUp' : 'wentDown')
      return adopted(
        { ...link, mode, reported: { ...reported, conditions: toFact({ up: event.up, reason: event.reason }, event) } },
        expected,
      )
    }
    case 'link.gone': {
      if (isNewer(reported.conditions, event)) return superseded(link)
      const { mode, expected } = modes.step(link.mode, 'gone')
      return adopted({ ...link, mode, reported: { ...reported, conditions: toFact({ up: false, reason: event.reason }, event) } }, expected)
    }
  }
}

export function ageLink(link: Link, clockMs: number): Link {
  const { conditions, quality } = link.reported
  const reported = {
    conditions: aged(conditions, clockMs, LIST_DEADLINES),
    quality: aged(quality, clockMs, SAMPLE_DEADLINES),
  }
  return reported.conditions === conditions && reported.quality === quality ? link : { ...link, reported }
}
