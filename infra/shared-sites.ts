/** Who has which site: our own, and what the owners of the other partitions say when they are asked. */
import type { Owner } from '../connectors/kafka/site-group.ts'
import { type SharedSite, type SharedSites, sharedSitesShape } from '../models/contracts/sites.ts'

export interface SharedSitesOptions {
  readonly sitesHere: () => readonly SharedSite[]
  /** Of each partition. */
  readonly owners: () => Promise<readonly Owner[]>
  readonly token: string | undefined
}

const ANSWER_MS_MAX = 2_000

export async function listSharedSites({ sitesHere, owners, token }: SharedSitesOptions): Promise<SharedSites> {
  const urls = [...new Set((await owners()).filter(({ isHere }) => !isHere).map(({ url }) => url))]
  const answers = await Promise.all(urls.map((url) => askOwner(url, token)))
  const items = [...sitesHere(), ...answers.flatMap((sites) => sites ?? [])]
  return {
    items: items.sort((a, b) => (a.site < b.site ? -1 : 1)),
    silentOwners: urls.filter((_, index) => answers[index] === null),
  }
}

/** null when it does not say. */
async function askOwner(owner: string, token: string | undefined): Promise<SharedSite[] | null> {
  try {
    const answer = await fetch(new URL('/api/v1/sites?here', owner), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      redirect: 'error',
    })
    return sharedSitesShape.parse(await answer.json()).items.map((site) => ({ ...site, owner, isHere: false }))
  } catch {
    return null
  }
}
