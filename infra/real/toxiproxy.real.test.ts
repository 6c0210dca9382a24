/** Toxics do to a real TCP connection what they say. */
import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { startToxiproxy, type ToxicProxy, type Toxiproxy } from '../lab/toxiproxy.ts'

let toxiproxy: Toxiproxy
let echo: Server
let proxy: ToxicProxy
const sockets: Socket[] = []

beforeAll(async () => {
  echo = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {}).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  const address = echo.address()
  toxiproxy = await startToxiproxy()
  proxy = await toxiproxy.proxy({ name: 'echo', upstream: `127.0.0.1:${typeof address === 'object' ? address!.port : 0}` })
})
beforeEach(() => proxy.clear())
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  echo.close()
  await toxiproxy?.stop()
})

async function connect(): Promise<Socket> {
  const [host, port] = proxy.address.split(':')
  const socket = createConnection(Number(port), host)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** How long until `bytes` came back; rejects with the socket's error. */
async function echoMs(socket: Socket, bytes = 4): Promise<number> {
  const startMs = performance.now()
  socket.write(Buffer.alloc(bytes, 'x'))
  let seen = 0
  while (seen < bytes) {
    const [chunk] = await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })
    seen += chunk.length
  }
  return performance.now() - startMs
}

// Lower bounds only: a busy machine adds to each of them, and nothing takes from them.
it('delays what passes', async () => {
  const socket = await connect()
  await echoMs(socket)
  await proxy.add({ type: 'latency', latencyMs: 300 })
  expect(await echoMs(socket)).toBeGreaterThanOrEqual(290)
  await proxy.clear()
  await proxy.add({ type: 'latency', latencyMs: 150, stream: 'both' })
  expect(await echoMs(socket)).toBeGreaterThanOrEqual(290)
})

it('narrows the way', async () => {
  await proxy.add({ type: 'bandwidth', kilobytesPerSecond: 100 })
  expect(await echoMs(await connect(), 50_000)).toBeGreaterThanOrEqual(300)
})

it('slices what passes', async () => {
  await proxy.add({ type: 'slicer', averageBytes: 10, variationBytes: 1, delayMicroseconds: 5_000 })
  const socket = await connect()
  const sizes: number[] = []
  socket.on('data', (chunk) => sizes.push(chunk.length))
  await echoMs(socket, 200)
  expect(sizes.length).toBeGreaterThan(5)
})

it('swallows all in a black hole, without closing', async () => {
  const socket = await connect()
  await echoMs(socket)
  await proxy.add({ type: 'timeout', timeoutMs: 0, stream: 'both' })
  let heard = false
  socket.on('data', () => {
    heard = true
  })
  socket.write('ping')
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect({ heard, isOpen: !socket.destroyed }).toEqual({ heard: false, isOpen: true })
})

it('resets the connections made meanwhile', async () => {
  await proxy.add({ type: 'reset_peer', timeoutMs: 0 })
  await expect(echoMs(await connect())).rejects.toMatchObject({ code: 'ECONNRESET' })
})

it('refuses connections while it is down, and takes them again', async () => {
  await proxy.add({ type: 'down' })
  await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await proxy.clear()
  expect(await echoMs(await connect())).toBeGreaterThan(0)
})

it('says what it refuses', async () => {
  await expect(toxiproxy.proxy({ name: 'echo', upstream: '127.0.0.1:1' })).rejects.toMatchObject({
    code: 'LAB_FAILED',
    message: expect.stringContaining('proxy already exists'),
  })
})
