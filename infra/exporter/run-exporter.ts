/**
 * Serves what a reader says as `/metrics`: it is read every interval, and a scrape gets the newest reading.
 *
 * Reading on a clock of its own makes a load the mean of an interval, however often somebody scrapes.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { DEVICE_METRICS_CONTENT_TYPE, type MachineDescription, renderDevices } from '../../connectors/metrics/device-metrics.ts'
import { TwinError } from '../../models/errors.ts'
import type { Clock, Stop } from '../../models/ports.ts'

export interface ExporterOptions {
  /** 0 takes any free port. */
  readonly port: number
  readonly host: string
  readonly intervalMs: number
  readonly now: Clock
  readonly read: (timeMs: number) => MachineDescription
}

export interface RunningExporter {
  /** Of `/metrics`. */
  readonly url: string
  readonly stop: Stop
}

/** @throws TwinError PORT_IN_USE, or CONFIG_INVALID when the address cannot be listened on. */
export async function runExporter({ port, host, intervalMs, now, read }: ExporterOptions): Promise<RunningExporter> {
  let machine = read(now())
  const server = createServer((request, response) => answer(request, response, () => renderDevices(machine)))
  await listen(server, { port, host })
  const timer = setInterval(() => {
    machine = read(now())
  }, intervalMs)
  const address = server.address()
  const boundPort = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}/metrics`,
    stop: () => {
      clearInterval(timer)
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, render: () => Promise<string>): Promise<void> {
  const path = request.url?.split('?')[0]
  if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
  else if (path === '/metrics') response.writeHead(200, { 'content-type': DEVICE_METRICS_CONTENT_TYPE }).end(await render())
  else if (path === '/') response.writeHead(200, { 'content-type': 'text/plain' }).end('edgetwin exporter: see /metrics\n')
  else response.writeHead(404, { 'content-type': 'text/plain' }).end('not found: see /metrics\n')
}

function listen(server: Server, { port, host }: { readonly port: number; readonly host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const place = `${host}:${port}`
      reject(
        cause.code === 'EADDRINUSE'
          ? new TwinError('PORT_IN_USE', `Another process listens on ${place}. Stop it or choose another port with --port.`, {
              cause,
              details: { host, port },
            })
          : new TwinError('CONFIG_INVALID', `Cannot listen on ${place} (${cause.code}). Choose another --host or --port.`, {
              cause,
              details: { host, port },
            }),
      )
    })
    server.listen(port, host, resolve)
  })
}
