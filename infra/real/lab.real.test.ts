/** The `lab` command, as people type it: one process per command, so that everything it knows is on disk. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Kafka, logLevel } from 'kafkajs'
import { identify } from '../lab/processes.ts'

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

// Labs of people on this machine are in another folder.
let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-labs-'))
})
afterAll(async () => {
  for (const name of ['default', 'first', 'second']) await lab(`down --name ${name}`)
  rmSync(dir, { recursive: true, force: true })
})

function lab(line: string, env: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const file = join(import.meta.dirname, '..', 'lab', 'lab.ts')
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...line.split(' ')], { env: { ...process.env, TMPDIR: dir, ...env } })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.stderr.on('data', (text) => {
      stderr += text
    })
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
  })
}

interface Row {
  readonly lab: string
  readonly service: string
  readonly process: string
  readonly pid: number
  readonly runs: boolean
  readonly addresses: readonly string[]
}
const rows = async (options = ''): Promise<Row[]> => JSON.parse((await lab(`status --json${options}`)).stdout)

it('brings a lab up once, beside another, and again what was killed; down leaves nothing', async () => {
  expect(await lab('up kafka toxiproxy --name first')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^kafka +started.*\ntoxiproxy +started/),
  })
  const first = await rows()
  expect(first.map(({ process, runs }) => [process, runs])).toEqual([
    ['kafka-1', true],
    ['toxiproxy', true],
  ])

  const again = await lab('up kafka toxiproxy --name first')
  expect(again.stdout).toMatch(/^kafka +already runs.*\ntoxiproxy +already runs/)
  expect(await rows()).toEqual(first)

  expect(await lab('up toxiproxy --name second')).toMatchObject({ code: 0 })
  expect((await rows(' --name second')).map(({ lab, process }) => [lab, process])).toEqual([['second', 'toxiproxy']])
  expect(await rows(' --name first')).toEqual(first)

  const [kafka] = first
  process.kill(kafka!.pid, 'SIGKILL')
  while (identify(kafka!.pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  expect((await rows(' --name first'))[0]).toMatchObject({ process: 'kafka-1', runs: false })
  const restarted = await lab('up kafka --name first')
  expect(restarted.stdout).toMatch(/^kafka +started again/)
  expect((await rows(' --name first'))[0]).toMatchObject({ runs: true, addresses: kafka!.addresses })

  expect((await lab('env --name first')).stdout).toBe(
    `export EDGETWIN_EVENT_LOG='kafkajs'\nexport EDGETWIN_KAFKA_BROKERS='${kafka!.addresses[0]}'\n`,
  )
  const admin = new Kafka({ brokers: [...kafka!.addresses], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  expect((await admin.describeCluster()).brokers).toHaveLength(1)
  await admin.disconnect()
  expect((await lab('logs kafka --name first')).stdout).toContain('Kafka Server started')
  expect((await lab('logs kafka-1 -n 1 --name first')).stdout.trimEnd().split('\n')).toHaveLength(1)

  const pids = (await rows()).map(({ pid }) => pid)
  expect(await lab('down --name first')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kafka +ended\ntoxiproxy +ended\n$/) })
  expect((await rows()).map(({ lab }) => lab)).toEqual(['second'])
  expect(await lab('down --name second')).toMatchObject({ code: 0 })
  expect(pids.map(identify)).toEqual([undefined, undefined, undefined])
  expect(readdirSync(dir)).toEqual([])
  expect(await lab('down --name first')).toMatchObject({ code: 0, stdout: '' })
})

it('goes on where an interrupted start left off, and removes what it left', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'lab', 'lab.ts'), 'up', 'kafka', '--name', 'first'], {
    env: { ...process.env, TMPDIR: dir },
  })
  while ((await rows()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  child.kill('SIGKILL')
  const [begun] = await rows()
  expect((await lab('up kafka --name first')).code).toBe(0)
  expect((await rows())[0]!.pid).toBe(begun!.pid)
  await lab('down --name first')
  expect([identify(begun!.pid), readdirSync(dir)]).toEqual([undefined, []])
})

it('says what is wrong with what was typed', async () => {
  expect(await lab('up kafak')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'lab: CONFIG_INVALID: no service "kafak"; did you mean kafka?\n',
  })
  expect(await lab('up kafka --port-of kafka=0')).toMatchObject({ code: 2, stderr: expect.stringContaining('1 to 65535') })
  expect(await lab('up kafka --brokers 2')).toMatchObject({ code: 2, stderr: expect.stringContaining('Allowed choices are 1, 3') })
  expect(await lab('up --name ../up')).toMatchObject({ code: 2, stderr: expect.stringContaining('must be of a–z') })
  expect(await lab('logs kafka')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('of the lab default, which is not up; there is none'),
  })
  expect(await lab('--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('npm run lab -- up all') })
  expect(readdirSync(dir)).toEqual([])
})

it('says what stands in the way, and starts the others', async () => {
  const server = createServer()
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' ? address!.port : 0)
    }),
  )
  const answer = await lab(`up influx toxiproxy --name first --port-of influx=${port}`)
  server.close()
  expect(answer).toMatchObject({ code: 1, stdout: expect.stringMatching(/^toxiproxy +started/) })
  expect(answer.stderr).toMatch(new RegExp(`^influx: PORT_IN_USE: port ${port} of 127.0.0.1 is taken by another process; stop it`, 'm'))
  expect(await lab(`up influx --name first --port-of influx=${port}`)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`:${port}`),
  })
  await lab('down --name first')
})

it('names the program that is missing and how to get it', async () => {
  const answer = await lab('up kafka toxiproxy --name first', { PATH: '/nowhere', XDG_CACHE_HOME: join(dir, 'cache') })
  expect(answer).toMatchObject({ code: 1, stdout: '' })
  expect(answer.stderr).toMatch(/kafka: LAB_FAILED: `java` is not on this machine; .*apt-get install/)
  expect(answer.stderr).toMatch(/toxiproxy: LAB_FAILED: `go` is not on this machine; .*Go 1\.23/)
  await lab('down --name first')
  expect(existsSync(join(dir, 'edgetwin-lab'))).toBe(false)
})
