/**
 * The address of a process that owns some of the sites: says who has which, and sends everybody on to the right twin.
 *
 * Each twin has a server of its own, so `/sites/NAME/…` is answered with a redirect (307: method and body stay), here
 * or to the process that owns the site. Browsers and fetch do not take a token along to another address.
 */
import fastify from 'fastify'
import type { Access } from '../../models/contracts/access.ts'
import type { Check } from '../../models/contracts/api.ts'
import type { SharedSite, SharedSites } from '../../models/contracts/sites.ts'
import { nearestNames, TwinError } from '../../models/errors.ts'
import type { Logger, Stop } from '../../models/ports.ts'
import { admitRequest, mayRead } from './auth.ts'
import { createTokenAccess } from './auth-token.ts'
import { checkBind } from './guard.ts'
import { toProblem } from './problem-details.ts'
import { listen } from './server.ts'

export interface SitesServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly token?: string | undefined
  /** Who decides instead of the token who may do what. */
  readonly access?: Access | undefined
  readonly sitesHere: () => readonly SharedSite[]
  /** Those of all processes. */
  readonly allSites: () => Promise<SharedSites>
  readonly checks: () => readonly Check[]
  readonly log: Logger
}

export async function runSitesServer(options: SitesServerOptions): Promise<{ readonly url: string; readonly stop: Stop }> {
  const { host, port, sitesHere, allSites, checks, log } = options
  const token = options.token || null
  checkBind(host, { asksWho: token !== null || options.access !== undefined })
  const access = options.access ?? createTokenAccess(token)
  const app = fastify({ forceCloseConnections: true, requestTimeout: 10_000, connectionTimeout: 30_000, handlerTimeout: 5_000 })
  app.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error, request)
    if (problem.code === 'INTERNAL') log.error({ url: request.url, error: String(error) }, 'request failed')
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
  })
  app.setNotFoundHandler(({ method, url }) => {
    const remedy = 'GET /api/v1/sites lists the sites; what is of one is under /sites/NAME'
    throw new TwinError('ROUTE_UNKNOWN', `nothing is served under ${method} ${url.split('?', 1)[0]}; ${remedy}`)
  })
  app.decorateRequest('subject', null)
  const uncounted = async () => {}
  app.addHook('onRequest', (request) => admitRequest(request, { access, host, countChange: uncounted, countRefusal: uncounted }))

  app.get('/livez', (_, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', async ({ headers }, reply) => {
    const failing = checks().filter(({ ok }) => !ok)
    const told = failing.map(({ name, detail, remedy }) => `[-] ${name}: ${detail}; ${remedy}\n`).join('')
    return reply
      .code(failing.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(told === '' ? 'ok\n' : (await mayRead(access, headers)) ? told : 'not ready\n')
  })
  app.get('/api/v1/sites', async (request): Promise<SharedSites> => {
    const isOfThisProcess = new URL(request.url, 'http://localhost').searchParams.has('here')
    return isOfThisProcess ? { items: [...sitesHere()], silentOwners: [] } : allSites()
  })
  app.all('/sites/:site', async ({ url, params }, reply) => reply.redirect(await target(url, params), STATUS_TO_OWNER))
  app.all('/sites/:site/*', async ({ url, params }, reply) => reply.redirect(await target(url, params), STATUS_TO_OWNER))

  /** What comes after the site's name goes along as it is. */
  async function target(asked: string, params: unknown): Promise<string> {
    const site = String(Object(params).site)
    const rest = asked.replace(/^\/sites\/[^/?]+/, '') || '/'
    const here = sitesHere().find((one) => one.site === site)
    if (here !== undefined) return `${here.url}${rest}`
    const { items, silentOwners } = await allSites()
    const elsewhere = items.find((one) => one.site === site)
    if (elsewhere !== undefined) return `${elsewhere.url}${rest}`
    throw unknownSite(site, { names: items.map((one) => one.site), silentOwners })
  }

  try {
    const url = await listen(app, host, port)
    log.info({ url }, 'sites are listed')
    return { url, stop: () => app.close() }
  } catch (error) {
    await app.close()
    throw error
  }
}

/** The method and the body stay the same. */
const STATUS_TO_OWNER = 307

function unknownSite(
  site: string,
  { names, silentOwners }: { readonly names: readonly string[]; readonly silentOwners: readonly string[] },
): TwinError {
  if (silentOwners.length > 0) {
    return new TwinError(
      'SITE_ELSEWHERE',
      `site ${site} is not known here, and ${silentOwners.join(', ')} did not answer; ask again in a few seconds`,
    )
  }
  const near = nearestNames(site, names)
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'GET /api/v1/sites lists what there is'
  return new TwinError('ENTITY_UNKNOWN', `no site ${site} is told of in the event log; ${hint}`, { details: { site, near } })
}
