/**
 * Ports on loopback that a service keeps for life.
 *
 * They lie below the range from which systems take the ports of outgoing connections: while a killed service is
 * away, a client that tries again would otherwise sooner or later be given the very port it tries to reach.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { TwinError } from '../../models/errors.ts'

const FIRST = 15_000
const LAST = 32_000
const TRIES_MAX = 200

/** A port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    if (await isFree(port)) return port
  }
  throw new TwinError('LAB_FAILED', `no free port of 127.0.0.1 between ${FIRST} and ${LAST} in ${TRIES_MAX} tries; stop some services`)
}

/**
 * The ports of a service whose folder is `dir`: those it had before, else those asked for, else free ones.
 *
 * @throws TwinError PORT_IN_USE when somebody else listens on one asked for, or the service has others already.
 */
export async function keepPorts<Name extends string>(
  dir: string,
  asked: Readonly<Record<Name, number | undefined>>,
): Promise<Readonly<Record<Name, number>>> {
  const file = join(dir, 'ports.json')
  const kept: Partial<Record<string, number>> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  const ports: [string, number][] = []
  for (const [name, port] of Object.entries<number | undefined>(asked)) {
    const had = kept[name]
    if (had !== undefined && port !== undefined && had !== port) {
      throw new TwinError('PORT_IN_USE', `${name} of ${dir} has port ${had} already and cannot move to ${port}; take it down first`)
    }
    if (had === undefined && port !== undefined && !(await isFree(port))) {
      throw new TwinError('PORT_IN_USE', `port ${port} of 127.0.0.1 is taken by another process; stop it or give another port for ${name}`)
    }
    ports.push([name, had ?? port ?? (await freePort())])
  }
  const all = Object.fromEntries(ports) as Record<Name, number>
  writeFileSync(file, JSON.stringify({ ...kept, ...all }))
  return all
}

/** Whether nobody listens on that port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
