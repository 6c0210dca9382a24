/** For tests only: a server of REST answers that is not ours, and twinctl run against it in this process. */
import { createServer, type Server } from 'node:http'
import { PassThrough } from 'node:stream'
import { runProgram } from './program.ts'

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

export interface FarSide {
  readonly url: string
  readonly asked: Asked[]
  readonly http: Server
  stop(): Promise<void>
}

/** @param answerOf By `METHOD /path`; a status and a JSON body. Undefined: never answers. */
export async function runFarSide(answerOf: (asked: Asked) => readonly [number, unknown] | undefined): Promise<FarSide> {
  const asked: Asked[] = []
  const http = createServer(async (request, response) => {
    if (request.url?.startsWith('/socket.io')) return
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    const { method = '', url = '', headers } = request
    const one = { method, url, headers, body: text === '' ? undefined : JSON.parse(text) }
    asked.push(one)
    const answer = answerOf(one)
    if (answer === undefined) return
    response.writeHead(answer[0], { 'content-type': 'application/json' })
    response.end(typeof answer[1] === 'string' ? answer[1] : JSON.stringify(answer[1]))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    asked,
    http,
    stop: () =>
      new Promise((resolve) => {
        http.closeAllConnections()
        http.close(() => resolve())
      }),
  }
}

export async function runCli(
  args: readonly string[],
  input = '',
  { isTTY = false } = {},
): Promise<{ code: number; out: string; err: string }> {
  const stdin = new PassThrough()
  stdin.end(input)
  const [out, err] = [collect(), collect()]
  if (isTTY) Object.assign(out.stream, { isTTY })
  const code = await runProgram(args, { streams: { stdin, stdout: out.stream, stderr: err.stream, env: {} }, version: '1.2.3' })
  return { code, out: out.text(), err: err.text() }
}

function collect() {
  const chunks: string[] = []
  const stream = new PassThrough().setEncoding('utf8')
  stream.on('data', (chunk) => chunks.push(chunk))
  return { stream, text: () => chunks.join('') }
}
