/** A small HTTP server on a free port of this machine alone; every answer closes its connection. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface LocalServer {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string
  readonly stop: () => Promise<void>
}

const REQUEST_MS_MAX = 5_000

/** A handler that throws answers 500. */
export async function runLocalServer(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<LocalServer> {
  const server = createServer({ requestTimeout: REQUEST_MS_MAX, connectionsCheckingInterval: REQUEST_MS_MAX }, (request, response) => {
    response.setHeader('connection', 'close')
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500).end(`${error instanceof Error ? error.message : String(error)}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
