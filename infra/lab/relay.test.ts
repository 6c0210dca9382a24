import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startRelay } from './relay.ts'

let dir: string
let echo: Server
const servers: Server[] = []
const portOf = (server: Server) => (server.address() as AddressInfo).port
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-relay-'))
  // Answers only when it has heard all, as one may that is told where a request ends by its end.
  echo = createServer({ allowHalfOpen: true }, async (socket) => socket.end(`heard ${await text(socket)}`))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  for (const server of [echo, ...servers]) server.close()
  rmSync(dir, { recursive: true, force: true })
})

it('carries both directions through a socket that is a file, also when one has ended', async () => {
  const file = join(dir, 'a.sock')
  servers.push(...(await startRelay([`unix:${file}=tcp:127.0.0.1:${portOf(echo)}`, `tcp:127.0.0.1:0=unix:${file}`])))
  const socket = connect({ port: portOf(servers[1]!), host: '127.0.0.1', allowHalfOpen: true })
  socket.end('x'.repeat(500_000))
  expect(await text(socket)).toBe(`heard ${'x'.repeat(500_000)}`)
})

it('goes on hearing who speaks after the other side has ended', async () => {
  const heard = Promise.withResolvers<string>()
  const curt = createServer({ allowHalfOpen: true }, async (socket) => heard.resolve(await text(socket.end('bye'))))
  await new Promise<void>((resolve) => curt.listen(0, '127.0.0.1', resolve))
  const [relay] = await startRelay([`tcp:127.0.0.1:0=tcp:127.0.0.1:${portOf(curt)}`])
  servers.push(curt, relay!)
  const socket = connect({ port: portOf(relay!), host: '127.0.0.1', allowHalfOpen: true })
  expect(await text(socket)).toBe('bye')
  socket.end('still here')
  expect(await heard.promise).toBe('still here')
})

it('goes where a CONNECT asks, and says when it cannot', async () => {
  const file = join(dir, 'b.sock')
  servers.push(...(await startRelay([`unix:${file}=asked`])))
  const ask = (path: string) =>
    new Promise<{ status: number | undefined; answer: string }>((resolve, reject) => {
      request({ socketPath: file, method: 'CONNECT', path })
        .once('connect', async ({ statusCode: status }, socket) => {
          socket.end('hello')
          resolve({ status, answer: await text(socket) })
        })
        .once('error', reject)
        .end()
    })
  expect(await ask(`127.0.0.1:${portOf(echo)}`)).toEqual({ status: 200, answer: 'heard hello' })
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const port = portOf(closed)
  await new Promise((resolve) => closed.close(resolve))
  expect(await ask(`127.0.0.1:${port}`)).toMatchObject({ status: 502 })
})

it('passes on what was sent together with the CONNECT', async () => {
  const file = join(dir, 'c.sock')
  servers.push(...(await startRelay([`unix:${file}=asked`])))
  const socket = connect({ path: file, allowHalfOpen: true })
  socket.end(`CONNECT 127.0.0.1:${portOf(echo)} HTTP/1.1\r\nHost: echo\r\n\r\nhello`)
  expect(await text(socket)).toBe('HTTP/1.1 200 OK\r\n\r\nheard hello')
})

it('ends the caller whose other side cannot be reached', async () => {
  const [relay] = await startRelay([`tcp:127.0.0.1:0=unix:${join(dir, 'nobody.sock')}`])
  servers.push(relay!)
  const socket = connect({ port: portOf(relay!), host: '127.0.0.1' })
  await expect(text(socket)).resolves.toBe('')
})

it('refuses what is no place', () => {
  expect(() => startRelay(['udp:1=tcp:2'])).toThrow('neither tcp:host:port nor unix:path')
})
