/**
 * Carries connections between network namespaces: `relay.ts FROM=TO …`, each `tcp:host:port` or `unix:path`, TO also `asked`.
 *
 * A socket that is a file can be reached from every namespace, so two of these join one that has no link to the host.
 * `asked` is what an HTTP CONNECT names: the way in which an API server reaches nodes that it has no route to.
 */
import { rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { pathToFileURL } from 'node:url'

export function startRelay(pairs: readonly string[]): Promise<readonly Server[]> {
  return Promise.all(
    pairs.map((pair) => {
      const [from = '', to = ''] = pair.split('=')
      const server = to === 'asked' ? relayAsked() : createServer({ allowHalfOpen: true }, (socket) => join(socket, connectTo(place(to))))
      const at = place(from)
      if ('path' in at) rmSync(at.path, { force: true })
      return new Promise<Server>((resolve, reject) => {
        server.once('error', reject)
        server.listen(at, () => resolve(server))
      })
    }),
  )
}

function relayAsked(): Server {
  const server = createHttpServer((_, answer) => answer.writeHead(405).end())
  server.on('connect', (request, socket: Socket, head) => {
    const target = connectTo(place(`tcp:${request.url}`))
    target.once('connect', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      target.write(head)
      join(socket, target)
    })
    target.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
    socket.once('error', () => target.destroy())
  })
  return server
}

type Place = { readonly path: string } | { readonly host: string; readonly port: number }

function place(text: string): Place {
  const [, kind, rest = ''] = /^(tcp|unix):(.+)$/.exec(text) ?? []
  if (kind === 'unix') return { path: rest }
  const [, host = '', port] = /^(.+):(\d+)$/.exec(rest) ?? []
  if (port === undefined) throw new Error(`${text} is neither tcp:host:port nor unix:path`)
  return { host, port: Number(port) } satisfies ListenOptions
}

function connectTo(at: Place): Socket {
  return connect({ ...at, allowHalfOpen: true } as NetConnectOpts)
}

function join(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.setNoDelay(true)
    from.once('error', () => to.destroy())
    from.pipe(to)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await startRelay(process.argv.slice(2))
  process.stdout.write('relays\n')
}
