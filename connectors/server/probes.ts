/** What orchestrators and monitoring ask: alive, ready, metrics; and the page that explains the error codes. */

import type { Check } from '../../models/contracts/api.ts'
import { ERROR_CODES } from '../../models/errors.ts'
import type { App, AppOptions } from './app-options.ts'
import { mayRead } from './auth.ts'
import { STATUS_OF_CODE } from './problem-details.ts'

export function addProbes(app: App, { api, access, metrics }: AppOptions): void {
  // Probes must not fail because others ask too much.
  const config = { rateLimit: false } as const
  const schema = { hide: true }
  app.get('/livez', { config, schema }, (_, reply) => reply.type('text/plain').send('ok\n'))
  for (const path of ['/readyz', '/healthz']) {
    app.get(path, { config, schema }, async (request, reply) => {
      const checks = await api.checks()
      const isReady = checks.every(({ ok, advisory }) => ok || advisory === true)
      const isVerbose = new URL(request.url, 'http://localhost').searchParams.has('verbose') || !isReady
      reply.code(isReady ? 200 : 503).type('text/plain')
      if (isVerbose && (await mayRead(access, request.headers))) {
        return `${checks.map(toLine).join('')}${isReady ? 'ready' : 'not ready'}\n`
      }
      return isReady ? 'ok\n' : 'not ready\n'
    })
  }
  app.get('/metrics', { config, schema }, async (_, reply) => {
    reply.type('text/plain; version=0.0.4; charset=utf-8')
    return metrics()
  })
  app.get('/errors', { schema }, (_, reply) => reply.type('text/html; charset=utf-8').send(ERROR_PAGE))
}

function toLine({ name, ok, detail, remedy }: Check): string {
  return ok ? `[+] ${name}: ${detail}\n` : `[-] ${name}: ${detail}; ${remedy}\n`
}

const ERROR_ROWS = Object.entries(ERROR_CODES).map(([code, text]) => {
  const status = Object.entries(STATUS_OF_CODE).find(([candidate]) => candidate === code)?.[1]
  return `<dt id="${code}">${code} (${status})</dt><dd>${text}</dd>`
})
const ERROR_PAGE = `<!doctype html><html lang="en"><title>edgetwin: errors</title><h1>Errors</h1><dl>${ERROR_ROWS.join('\n')}</dl></html>\n`
