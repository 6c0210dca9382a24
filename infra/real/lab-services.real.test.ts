/** The lab's InfluxDB, Prometheus and PostgreSQL: what they promise to the suites that stand on them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { InfluxDB } from 'influx'
import pg from 'pg'
import { findProgram } from '../lab/apt.ts'
import { type InfluxLab, startInflux } from '../lab/influx.ts'
import { type PostgresLab, startPostgres } from '../lab/postgres.ts'
import { NODE_EXPORTER, type NodeExporterLab, type PrometheusLab, startNodeExporter, startPrometheus } from '../lab/prometheus.ts'
import type { LabService } from '../lab/service.ts'

async function expectGone(service: LabService): Promise<void> {
  await service.stop()
  expect(service.pid()).toBeUndefined()
  expect(existsSync(service.dir)).toBe(false)
}

describe('InfluxDB', () => {
  let lab: InfluxLab
  beforeAll(async () => {
    lab = await startInflux()
  })
  afterAll(() => lab?.stop())

  it('lets in who has the password only, keeps points over a kill, and leaves nothing when it stops', async () => {
    const { hostname: host, port } = new URL(lab.url)
    const password = readFileSync(lab.passwordFile, 'utf8')
    const client = new InfluxDB({ host, port: Number(port), username: lab.username, password, database: 'kept' })
    expect(statSync(lab.passwordFile).mode & 0o077).toBe(0)
    expect((await fetch(`${lab.url}/query?q=SHOW+DATABASES`)).status).toBe(401)
    await client.createDatabase('kept')
    await client.writePoints([{ measurement: 'node', fields: { value: 7 } }])

    await lab.kill()
    expect(lab.pid()).toBeUndefined()
    await lab.start()
    expect((await client.query('select value from node')).map((row) => Reflect.get(Object(row), 'value'))).toEqual([7])
    await expectGone(lab)
  })
})

describe('Prometheus', () => {
  let lab: PrometheusLab
  let exporter: NodeExporterLab
  beforeAll(async () => {
    ;[lab, exporter] = await Promise.all([startPrometheus(), startNodeExporter()])
  })
  afterAll(() => Promise.all([lab?.stop(), exporter?.stop()]))

  const upSince = async (sinceMs: number): Promise<unknown[]> => {
    const query = new URLSearchParams({ query: `timestamp(up == 1) > ${sinceMs / 1_000}` })
    const answer: { data: { result: unknown[] } } = await (await fetch(`${lab.url}/api/v1/query?${query}`)).json()
    return answer.data.result
  }
  const expectUp = async (sinceMs: number): Promise<void> => {
    const deadlineMs = Date.now() + 20_000
    while ((await upSince(sinceMs)).length === 0 && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await upSince(sinceMs)).toHaveLength(1)
  }

  it('learns its targets while it runs, keeps them over a kill, and leaves nothing when it stops', async () => {
    await lab.setTargets([{ targets: [exporter.address] }])
    await expectUp(0)

    await lab.kill()
    expect(lab.pid()).toBeUndefined()
    await lab.start()
    await expectUp(Date.now())
    await expectGone(lab)
    await expectGone(exporter)
  })
})

const idsIn = async (client: pg.Client): Promise<unknown[]> => {
  const { rows } = await client.query('select id from kept')
  return rows
}

describe('PostgreSQL', () => {
  let lab: PostgresLab
  beforeAll(async () => {
    lab = await startPostgres()
  })
  afterAll(() => lab?.stop())

  const connected = async (password: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: lab.url.replace('@', `:${password}@`) })
    // A killed server ends its connections: that is what the suite is about.
    client.on('error', () => {})
    await client.connect()
    return client
  }

  it('lets in who has the password only, keeps rows over a kill, and leaves nothing when it stops', async () => {
    const password = readFileSync(lab.passwordFile, 'utf8')
    expect(statSync(lab.passwordFile).mode & 0o077).toBe(0)
    await expect(connected('wrong')).rejects.toThrow(/password authentication failed/)
    const before = await connected(password)
    await before.query('create table kept as select 7 as id')
    expect(await idsIn(before)).toEqual([{ id: 7 }])

    await lab.kill()
    expect(lab.pid()).toBeUndefined()
    await lab.start()
    const after = await connected(password)
    expect(await idsIn(after)).toEqual([{ id: 7 }])
    await after.end()
    await expectGone(lab)
  })
})

describe('a machine that has no such programs', () => {
  const { PATH, XDG_CACHE_HOME } = process.env
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'edgetwin-cache-'))
    process.env.XDG_CACHE_HOME = dir
  })
  afterAll(() => {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
    process.env.PATH = PATH
    rmSync(dir, { recursive: true })
  })

  it('gets them unpacked into the cache, once for all who ask', async () => {
    const told: string[] = []
    const asks = [1, 2].map(() => findProgram(NODE_EXPORTER, (message) => told.push(message)))
    const found = await Promise.all(asks)
    expect(found[0]).toEqual(found[1])
    expect(found[0]!.file.startsWith(dir) || !found[0]!.isCached).toBe(true)
    expect(told.length).toBeLessThanOrEqual(1)
  })
})
