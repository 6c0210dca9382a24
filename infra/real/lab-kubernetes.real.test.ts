/** Kubernetes by the `lab` command, as people type it: nodes of a testbed and a real worker, silenced, killed, brought back, gone without a trace. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { workersSupported } from '../lab/workers-supported.ts'
import { eventually } from '../testing/eventually.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'edgetwin-labs-'))
})
afterAll(async () => {
  await lab('down')
  rmSync(dir, { recursive: true, force: true })
})

function lab(line: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const words = [join(import.meta.dirname, '..', 'lab', 'lab.ts'), '--name', 'cluster', ...line.split(' ')]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { env: { ...process.env, TMPDIR: dir } })
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (text) => {
        said[name] += text
      })
    }
    child.once('close', (code) => resolve({ code: code ?? -1, ...said }))
  })
}

/** Of each node, whether it is ready. */
async function nodes(): Promise<Readonly<Record<string, boolean>>> {
  const { stdout } = await lab('kubectl get nodes --no-headers')
  return Object.fromEntries([...stdout.matchAll(/^(\S+) +(\S+)/gm)].map(([, name, status]) => [name!, status === 'Ready']))
}
const running = async () => {
  const rows: { process: string; pid: number; runs: boolean }[] = JSON.parse((await lab('status --json')).stdout)
  return new Map(rows.flatMap(({ process, pid, runs }) => (runs ? [[process, pid]] : [])))
}

it('is brought up, hurt, healed and taken down', async () => {
  const workers = workersSupported().ok ? ['worker-1'] : []
  const up = await lab(`up kubernetes --nodes dhs --real ${workers.length}`)
  expect([up.code, up.stdout]).toEqual([0, expect.stringMatching(/^kubernetes +started +https:\/\/127\.0\.0\.1:\d+, kubeconfig \/.+\n$/)])
  const all = ['edge-1', 'pi-1', 'tx2-1', 'tx2-2', 'tx2-3', ...workers]
  await eventually('all are ready', async () => Object.values(await nodes()).filter(Boolean).length === all.length)
  expect(Object.keys(await nodes())).toEqual(all)
  const { stdout } = await lab('env')
  expect(stdout).toMatch(/EDGETWIN_CLUSTER='kubernetes'\nexport EDGETWIN_KUBECONFIG='\/.+admin.kubeconfig'/)

  for (const node of ['tx2-1', ...workers]) {
    expect(await lab(`silence ${node}`)).toMatchObject({ code: 0, stdout: expect.stringContaining('silent') })
    await eventually(`${node} is given up`, async () => (await nodes())[node] === false)
    await lab(`wake ${node}`)
    await eventually(`${node} is heard again`, async () => (await nodes())[node] === true)
  }
  expect((await lab('silence tx2-9')).stderr).toContain('there is no node "tx2-9"; there are edge-1, ')

  const before = await running()
  expect((await lab('kill apiserver')).stdout).toBe('kube-apiserver killed\n')
  expect((await running()).has('kube-apiserver')).toBe(false)
  expect((await lab('up kubernetes')).stdout).toMatch(/^kubernetes +started again/)
  for (const name of ['etcd', ...workers]) {
    expect((await lab(`restart ${name}`)).code).toBe(0)
  }
  const after = await running()
  expect([...after.keys()]).toEqual([...before.keys()])
  for (const [name, pid] of after) {
    expect([name, pid === before.get(name)]).toEqual([name, !['etcd', 'kube-apiserver', ...workers].includes(name)])
  }
  await eventually('all are ready', async () => Object.values(await nodes()).filter(Boolean).length === all.length)

  expect((await lab('down')).stdout).toBe('kubernetes   ended\n')
  expect(readdirSync(dir)).toEqual([])
  expect((await lab('silence tx2-1')).stderr).toContain('this lab has no Kubernetes; start it: npm run lab -- up kubernetes')
  expect((await lab('kill apiserver')).stderr).toContain('of the lab cluster, which is not up')
}, 1_500_000)
