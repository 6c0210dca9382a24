/**
 * The site's own control API: faults, cordons, and what is really so. For tests and the curious, on this machine only:
 * it takes JSON bodies alone and no foreign host name, so that no web page can reach it behind its user's back.
 */
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { faultShape } from '../../models/contracts/fault.ts'
import { TwinError } from '../../models/errors.ts'
import type { SiteFaults } from './faults.ts'
import { type LocalServer, runLocalServer } from './local-server.ts'
import { setCordoned } from './machines.ts'
import { truthOf } from './truth.ts'
import type { World } from './world.ts'

const BODY_BYTES_MAX = 64 * 1024
const cordonShape = z.strictObject({ cordoned: z.boolean() })

interface Answer {
  readonly status: number
  readonly body?: unknown
}

export function runControlApi(world: World, faults: SiteFaults): Promise<LocalServer> {
  return runLocalServer(async (request, response) => {
    const { status, body } = await answer(world, faults, request).catch(problem)
    const type = status >= 400 ? 'application/problem+json' : 'application/json'
    response.writeHead(status, { 'content-type': type }).end(body === undefined ? '' : `${JSON.stringify(body)}\n`)
  })
}

async function answer(world: World, faults: SiteFaults, request: IncomingMessage): Promise<Answer> {
  const { hostname, pathname } = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`)
  if (hostname !== '127.0.0.1' && hostname !== 'localhost') throw invalid(`The host ${hostname} is not served; use 127.0.0.1.`)
  const [, thing = '', rawName] = pathname.split('/')
  const name = decodeURIComponent(rawName ?? '')
  switch (`${request.method} /${thing}${name === '' ? '' : '/:name'}`) {
    case 'GET /truth':
      return { status: 200, body: world.agenda.enter(() => truthOf(world)) }
    case 'GET /faults':
      return { status: 200, body: faults.list() }
    case 'POST /faults':
      return { status: 201, body: faults.add(await bodyOf(request, faultShape)) }
    case 'DELETE /faults/:name':
      faults.clear(name)
      return { status: 204 }
    case 'PUT /nodes/:name': {
      const machine = world.machines.get(name)
      if (!machine) throw invalid(`The simulated site has no node "${name}"; use ${[...world.machines.keys()].join(' or ')}.`)
      const { cordoned } = await bodyOf(request, cordonShape)
      world.agenda.enter(() => setCordoned(world, machine, cordoned))
      return { status: 200, body: { name, cordoned } }
    }
    default:
      return {
        status: 404,
        body: {
          title: 'Not found',
          status: 404,
          detail: `${request.method} ${pathname} is not served; GET /truth, GET and POST /faults, DELETE /faults/ID and PUT /nodes/NAME are.`,
        },
      }
  }
}

async function bodyOf<T>(request: IncomingMessage, shape: z.ZodType<T>): Promise<T> {
  if (request.headers['content-type']?.split(';')[0] !== 'application/json') throw invalid('The body must be of type application/json.')
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    sizeBytes += bytes.length
    if (sizeBytes > BODY_BYTES_MAX) throw invalid(`The body is larger than ${BODY_BYTES_MAX} bytes.`)
    chunks.push(bytes)
  }
  let json: unknown
  try {
    json = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (cause) {
    throw invalid(`The body is not JSON: ${cause instanceof Error ? cause.message : ''}`)
  }
  const parsed = shape.safeParse(json)
  if (parsed.success) return parsed.data
  throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '))
}

function problem(error: unknown): Answer {
  if (!(error instanceof TwinError) && !(error instanceof TypeError) && !(error instanceof URIError)) throw error
  const code = error instanceof TwinError ? error.code : 'QUERY_INVALID'
  return { status: 400, body: { title: 'The site cannot do that', status: 400, code, detail: error.message } }
}

function invalid(message: string): TwinError {
  return new TwinError('FAULT_INVALID', message)
}
