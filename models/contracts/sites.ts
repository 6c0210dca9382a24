/** The sites that several processes share, and where each one is answered for. */
import { z } from 'zod'
import { nameShape } from '../events/shapes.ts'

export const sharedSiteShape = z.object({
  site: nameShape,
  partition: z.number().int().min(0).describe('Of every input topic; its owner owns the site.'),
  owner: z.string().describe('Address of the process that owns it.'),
  url: z.string().describe('Page and API of its twin.'),
  isHere: z.boolean().describe('Whether the process that was asked owns it.'),
  isActing: z.boolean().describe('Whether its owner has read all that there was and acts; false during a hand-over.'),
})
export type SharedSite = z.infer<typeof sharedSiteShape>

export const sharedSitesShape = z.object({
  items: z.array(sharedSiteShape),
  /** Owners that did not say in time which sites they have. */
  silentOwners: z.array(z.string()),
})
export type SharedSites = z.infer<typeof sharedSitesShape>
