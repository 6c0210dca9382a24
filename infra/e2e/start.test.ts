/** Starting well, and failing well: every wrong start names the value, the place and the remedy. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import type { Node } from '../../models/entities/node.ts'
import { eventually } from '../testing/eventually.ts'
import { type EdgetwinProcess, freshDataDir, runToEnd, startEdgetwin } from './edgetwin-process.ts'

const started: EdgetwinProcess[] = []
const start = async (args: readonly string[]): Promise<EdgetwinProcess> => {
  const edgetwin = await startEdgetwin(args)
  started.push(edgetwin)
  return edgetwin
}
afterAll(() => Promise.all(started.map((edgetwin) => edgetwin.kill('SIGKILL'))))

it('shows a live site and this machine within ten seconds', async () => {
  const edgetwin = await start(['--data-dir', freshDataDir()])
  expect(edgetwin.startedInMs).toBeLessThan(10_000)
  const page = await fetch(edgetwin.url)
  expect(await page.text()).toContain('<title>edgetwin')
  const nodes = await eventually('six nodes with load', async () => {
    const { items } = await edgetwin.get<{ items: Node[] }>('/api/v1/entities/node')
    return items.filter(({ reported }) => reported.load !== null).length === 6 ? items : null
  })
  const emulatedByName = Object.fromEntries(nodes.map(({ name, reported }) => [name, reported.identity?.value.emulated]))
  expect(emulatedByName).toMatchObject({ 'pi-1': true, 'tx2-1': true, 'edge-1': true })
  expect(nodes.filter(({ reported }) => reported.identity?.value.emulated === false)).toHaveLength(1)
  await eventually('it is ready', async () => (await fetch(`${edgetwin.url}/readyz`)).status === 200, 10_000)
})

it('runs the site heteroaccel with GPU, FPGA and NPU', async () => {
  const edgetwin = await start(['--data-dir', freshDataDir(), '--site', 'heteroaccel', '--no-this-machine'])
  const kinds = await eventually('six accelerators', async () => {
    const { items } = await edgetwin.get<{ items: { reported: { identity: { value: { acceleratorKind: string } } | null } }[] }>(
      '/api/v1/entities/accelerator',
    )
    const known = items.flatMap(({ reported }) => reported.identity?.value.acceleratorKind ?? [])
    return known.length === 6 ? known : null
  })
  expect(kinds.sort()).toEqual(['CPU', 'CPU', 'CPU', 'FPGA', 'GPU', 'NPU'])
})

describe('a wrong start', () => {
  it('names an unknown site and those there are', async () => {
    const { code, stderr } = await runToEnd(['--site', 'dsh', '--data-dir', freshDataDir()])
    expect(stderr).toMatch(/SITE_UNKNOWN.*dsh.*dhs/s)
    expect(code).toBe(1)
  })

  it('shows where a site file is wrong', async () => {
    const file = join(freshDataDir(), 'my-site.yaml')
    writeFileSync(file, 'name: my-site\nnodes: [\n')
    const { code, stderr } = await runToEnd(['--site', file, '--data-dir', freshDataDir()])
    expect(stderr).toMatch(/SITE_INVALID.*my-site\.yaml.*\d+:\d+/s)
    expect(code).toBe(1)
  })

  it('names the port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code, stderr } = await runToEnd(['--port', String(port), '--data-dir', freshDataDir(), '--no-this-machine'])
    taken.close()
    expect(stderr).toMatch(new RegExp(`PORT_IN_USE.*${port}.*--port`, 's'))
    expect(code).toBe(1)
  })

  it('refuses a journal that another process holds', async () => {
    const dataDir = freshDataDir()
    await start(['--data-dir', dataDir, '--no-this-machine'])
    const { code, stderr } = await runToEnd(['--port', '0', '--data-dir', dataDir, '--no-this-machine'])
    expect(stderr).toMatch(/JOURNAL_LOCKED.*dhs\.journal\.db/s)
    expect(code).toBe(1)
  })

  it('refuses a journal that is no database of ours', async () => {
    const dataDir = freshDataDir()
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(join(dataDir, 'dhs.journal.db'), 'this is not a database, just some text that stands in its place')
    const { code, stderr } = await runToEnd(['--port', '0', '--data-dir', dataDir, '--no-this-machine'])
    expect(stderr).toMatch(/JOURNAL_UNREADABLE.*dhs\.journal\.db/s)
    expect(code).toBe(1)
  })

  it('refuses to listen beyond loopback without a token', async () => {
    const { code, stderr } = await runToEnd(['--host', '0.0.0.0', '--port', '0', '--data-dir', freshDataDir(), '--no-this-machine'])
    expect(stderr).toMatch(/BIND_REFUSED.*0\.0\.0\.0.*token/is)
    expect(code).toBe(1)
  })

  it('lists all wrong settings at once with where each comes from', async () => {
    const { code, stderr } = await runToEnd(['--port', '99999', '--mode', 'wild'], { EDGETWIN_SEED: 'lucky' })
    for (const part of ['CONFIG_INVALID', '--port', '--mode', 'EDGETWIN_SEED', '--help']) expect(stderr).toContain(part)
    expect(code).toBe(2)
  })
})
