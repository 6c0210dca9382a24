/**
 * The HTTP side of the server without its socket: hooks that guard every request, the routes, and one place where
 * failures become problems. A new route needs no guard of its own, but a row in auth-table.ts: without one nobody
 * may use it. Everything that is not a GET is limited per sender.
 */
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { TwinError } from '../../models/errors.ts'
import type { Logger } from '../../models/ports.ts'
import type { App, AppOptions } from './app-options.ts'
import { admitRequest, senderOf } from './auth.ts'
import { addAccessRoute } from './auth-routes.ts'
import { addGateRoutes } from './gate-routes.ts'
import { addHistoryRoutes } from './history-routes.ts'
import { addJobRoutes } from './job-routes.ts'
import { addLogAdminRoutes } from './log-admin-routes.ts'
import { swaggerOptions } from './openapi.ts'
import { addLoopRoutes, addPlanRoutes, addWhatIfRoute } from './plan-routes.ts'
import { addProbes } from './probes.ts'
import { toProblem } from './problem-details.ts'
import { addSiteRoutes } from './site-routes.ts'
import { addLogRoutes, addStateRoutes } from './state-routes.ts'
import { addStudyRoutes } from './study-routes.ts'
import { visibleError } from './visible-api.ts'

const HEADERS = {
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const

const ROUTES = [
  addProbes,
  addAccessRoute,
  addStateRoutes,
  addLogRoutes,
  addHistoryRoutes,
  addJobRoutes,
  addLogAdminRoutes,
  addWhatIfRoute,
  addPlanRoutes,
  addLoopRoutes,
  addGateRoutes,
  addStudyRoutes,
  addSiteRoutes,
]

export async function createApp(options: AppOptions): Promise<App> {
  const { limits, log } = options
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply) => sendProblem(error, { request, reply, log })
  const app: App = fastify({
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    handlerTimeout: limits.handlerTimeoutMs,
    // A device on a node, 320 characters, is the longest name there is.
    routerOptions: { maxParamLength: 320 },
    forceCloseConnections: true,
    frameworkErrors: fail,
  }).withTypeProvider<ZodTypeProvider>()
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(validatorCompiler)
  // Answers are typed by the same shapes; checking megabytes of them again at run time is left to the tests.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler(fail)

  const tooMany = (perSecond: number) => new TwinError('RATE_LIMITED', `more than ${perSecond} requests in a second; wait and try again`)
  await app.register(rateLimit, {
    max: limits.totalPerSecond,
    timeWindow: 1_000,
    keyGenerator: () => 'everyone',
    errorResponseBuilder: () => tooMany(limits.totalPerSecond),
  })
  const countSender = app.createRateLimit({ max: limits.perSubjectPerSecond, timeWindow: 1_000, keyGenerator: senderOf })
  const countAddress = app.createRateLimit({ max: limits.perSubjectPerSecond, timeWindow: 1_000, keyGenerator: ({ ip }) => ip })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, ({ method, url }) => {
    const remedy = 'GET /api/v1/openapi.json lists what is served'
    throw new TwinError('ROUTE_UNKNOWN', `nothing is served under ${method} ${url.split('?', 1)[0]}; ${remedy}`)
  })
  const spend = async (count: typeof countSender, request: FastifyRequest) => {
    const spent = await count(request)
    if (!spent.isAllowed && spent.isExceeded) throw tooMany(limits.perSubjectPerSecond)
  }
  const admission = {
    access: options.access,
    host: options.host,
    countChange: (request: FastifyRequest) => spend(countSender, request),
    countRefusal: (request: FastifyRequest) => spend(countAddress, request),
  }
  const served = new Set<string>()
  app.decorate('served', served)
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) served.add(`${one} ${url}`)
  })
  app.decorateRequest('subject', null)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    await admitRequest(request, admission)
  })

  await app.register(swagger, swaggerOptions)
  for (const add of ROUTES) add(app, options)
  if (options.viewerDir !== null) await app.register(fastifyStatic, { root: options.viewerDir })
  return app
}

function sendProblem(error: unknown, { request, reply, log }: { request: FastifyRequest; reply: FastifyReply; log: Logger }): FastifyReply {
  const problem = toProblem(visibleError(error, request.subject), request)
  if (problem.code === 'INTERNAL') log.error({ requestId: request.id, method: request.method, url: request.url, error }, 'request failed')
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  if ((problem.status === 429 || problem.status === 503) && !reply.hasHeader('retry-after')) reply.header('retry-after', '1')
  return reply.headers(HEADERS).code(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}
