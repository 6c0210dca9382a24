/**
 * A real control plane with the nodes of the dhs testbed is that testbed: the cameras, links and answers of the simulated one, with what the
 * cluster warns of beside it. The kubelets are kwok's.
 */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser } from 'playwright-core'
import type { WhyPending } from '../../models/contracts/gates.ts'
import type { WhatIfAnswer } from '../../models/contracts/what-if.ts'
import type { Accelerator } from '../../models/entities/accelerator.ts'
import type { Camera } from '../../models/entities/camera.ts'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import type { Link } from '../../models/entities/link.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { makeHome } from '../testing/edgetwin-home.ts'
import { eventually } from '../testing/eventually.ts'
import { keepScreenshot, launchChromium, openPage } from './browser.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

let lab: KubernetesLab
let real: EdgetwinProcess
let simulated: EdgetwinProcess
let browser: Browser
beforeAll(async () => {
  lab = await startKubernetes({ quickFailures: true, progress: (line) => process.stderr.write(`${line}\n`) })
  await applyNodes(lab, 'dhs')
  await makeHome(lab)
  const common = ['--no-this-machine', '--log-level', 'error']
  const cluster = ['--cluster', 'kubernetes', '--kubeconfig', lab.kubeconfig, '--site', 'lab', '--mode', 'auto']
  real = await startEdgetwin([...cluster, ...common, '--data-dir', freshDataDir()])
  const dataDir = freshDataDir()
  simulated = await startEdgetwin(['--site', quietSite(dataDir), ...common, '--data-dir', dataDir])
  await eventually('all links are told', async () => (await entities<Link>(real, 'link')).length === 5)
  const namesOf = async (of: EdgetwinProcess) => (await entities<Accelerator>(of, 'accelerator')).map(({ name, mode }) => `${name} ${mode}`)
  await eventually('both twins know the same accelerators', async () => String(await namesOf(real)) === String(await namesOf(simulated)))
}, 1_500_000)
afterAll(async () => {
  await browser?.close()
  await real?.kill('SIGKILL')
  await simulated?.kill('SIGKILL')
  await lab?.stop()
})

/** The simulated testbed with no work of its own. @returns its file. */
function quietSite(dir: string): string {
  const text = readFileSync(new URL('../../connectors/simulated-site/sites/dhs.yaml', import.meta.url), 'utf8')
  const [site, workload] = text.split('workload:\n')
  expect(workload).toContain('framesPerClip')
  const quiet = `${site}workload: { firstRoundMs: 86400000 }\n`
  const file = join(dir, 'quiet.yaml')
  writeFileSync(file, quiet)
  return file
}

const entities = async <T>(of: EdgetwinProcess, kind: string): Promise<readonly T[]> =>
  (await of.get<{ items: T[] }>(`/api/v1/entities/${kind}`)).items
const pod = async (name: string) => (await entities<Pod>(real, 'pod')).find((each) => each.name === `${name}.default`)

it('has the cameras and links of the simulated testbed, with where they are known from', async () => {
  const camerasOf = async (of: EdgetwinProcess) =>
    (await entities<Camera>(of, 'camera')).map(({ name, mode, desired, reported: { identity } }) => [name, mode, desired, identity?.value])
  const linksOf = async (of: EdgetwinProcess) =>
    (await entities<Link>(of, 'link')).map(({ name, mode, desired: { node, nominal } }) => [name, mode, node, nominal])
  await eventually('its cameras are online', async () => (await entities<Camera>(real, 'camera')).every(({ mode }) => mode === 'online'))
  expect(await camerasOf(real)).toEqual(await camerasOf(simulated))
  expect(await linksOf(real)).toEqual(await linksOf(simulated))
  expect(new Set((await entities<Link>(real, 'link')).map(({ desired }) => desired.origin))).toEqual(new Set(['annotated']))
})

it('answers what-ifs as the simulated testbed does', async () => {
  const workload = [
    { camera: 'cam-1', application: 'resnet50', frames: 60, count: 2 },
    { camera: 'cam-2', application: 'alexnet', frames: 60, count: 2 },
    { camera: 'cam-4', application: 'googlenet', frames: 60, count: 2 },
  ]
  const questions = [
    { workload },
    { workload, edits: [{ kind: 'lose-node', node: 'edge-1' }] },
    { workload, edits: [{ kind: 'set-link', link: 'pi-1-uplink', bytesPerSecond: 1_000_000 }] },
  ]
  for (const question of questions) {
    const [a, b] = await Promise.all([real, simulated].map((of) => of.send<WhatIfAnswer>('POST', '/api/v1/what-if', question)))
    const said = ({ outcomes, warnings }: WhatIfAnswer) => ({
      warnings,
      outcomes: outcomes.map(({ algorithm, makespanMs, requests }) => ({
        algorithm,
        makespanMs: Math.round(makespanMs * 1_000),
        requests: requests.map(({ request, chosen }) => [request, chosen]),
      })),
    })
    expect(a!.status).toBe(200)
    expect(a!.body.outcomes.length).toBeGreaterThanOrEqual(5)
    expect(said(a!.body)).toEqual(said(b!.body))
  }
})

it('takes a camera from an object, and writes into it how the camera is', async () => {
  const camera = `apiVersion: edgetwin.dev/v1alpha1
kind: Camera
metadata: {name: gate, namespace: edgetwin-system}
spec: {site: lab, recordedAt: edge-1, applications: [yolov4]}
`
  await lab.kubectl(['apply'], camera)
  const gate = async () => (await entities<Camera>(real, 'camera')).find(({ name }) => name === 'gate')
  await eventually('the twin has it', async () => (await gate())?.mode === 'online')
  expect(await gate()).toMatchObject({
    desired: { applications: ['yolov4'] },
    reported: { identity: { value: { node: null, recordedAt: 'edge-1' } } },
  })
  const row = () => lab.kubectl(['get', 'cameras', '-n', 'edgetwin-system', '--no-headers'])
  await eventually('the object says that it is online', async () => /^gate +lab +True/m.test(await row()))
  expect(await row()).toMatch(/^lab-cam-1 +lab +pi-1 +True/m)
  expect(await row()).not.toContain('lab-gate')
})

const gated = (name: string, notes: string, more = '') => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: {edgetwin.dev/placement: twin}
  annotations: {${notes}}
spec:
  schedulingGates: [{name: edgetwin.dev/placement}]
  tolerations: [{key: edgetwin.dev/camera, operator: Exists}]
  ${more}
  containers: [{name: infer, image: "example.com/infer:1", resources: {requests: {cpu: 100m}}}]
`

it('places a pod whose camera nobody knows, and says so on it', async () => {
  await lab.kubectl(['apply'], gated('stray', 'edgetwin.dev/application: resnet50, edgetwin.dev/camera: attic'))
  await eventually('it runs', async () => (await pod('stray'))?.mode === 'running', 60_000)
  const described = await lab.kubectl(['describe', 'pod', 'stray'])
  expect(described).toMatch(/TwinMisread.*edgetwin.dev\/camera attic is no camera of the site: .*write a Camera object/)
  expect(described).toMatch(/TwinPlaced/)
})

it('plans no pod where its cluster would not put it', async () => {
  // Left to itself the twin would take the edge server.
  const selector = 'nodeSelector: {kubernetes.io/hostname: tx2-3}'
  await lab.kubectl(['apply'], gated('fussy', 'edgetwin.dev/application: alexnet, edgetwin.dev/camera: cam-1', selector))
  await eventually('it is placed', async () => (await pod('fussy'))?.reported.place?.node === 'tx2-3', 30_000)
  const records = await entities<DecisionRecord>(real, 'decision')
  const planned = records.flatMap(({ desired }) => desired?.placements ?? []).filter((each) => each.pod.startsWith('fussy'))
  expect(new Set(planned.map(({ to }) => to.split('/')[0]))).toEqual(new Set(['tx2-3']))
})

it('says in one sentence what stands against a pod that nothing can run', async () => {
  await lab.kubectl(['apply'], gated('hopeless', 'edgetwin.dev/application: sorting, edgetwin.dev/camera: cam-1'))
  const why = async () => (await real.get<{ item: WhyPending | null }>('/api/v1/pending/hopeless.default')).item?.text ?? ''
  const reason = /no accelerator takes it: no image of sorting for CPU \(.*\); no image of sorting for GPU \(/
  await eventually('the twin says why', async () => reason.test(await why()))
  const described = () => lab.kubectl(['describe', 'pod', 'hopeless'])
  await eventually('the pod says why', async () => /TwinRefused .*no image of sorting/.test(await described()), 30_000)
})

it('shows the warnings of the cluster at the pod, counted', async () => {
  const picky = gated('picky', 'edgetwin.dev/application: alexnet, edgetwin.dev/camera: cam-1', 'nodeSelector: {shelf: top}')
  await lab.kubectl(['apply'], picky.replace('schedulingGates: [{name: edgetwin.dev/placement}]', ''))
  const warnings = async () => (await pod('picky'))?.reported.warnings ?? []
  const ofScheduler = async () => (await warnings()).filter(({ reason }) => reason === 'FailedScheduling')
  await eventually('the scheduler warns', async () => (await ofScheduler()).length > 0)
  const note = expect.stringContaining('0/5 nodes are available')
  expect(await ofScheduler()).toEqual([{ reason: 'FailedScheduling', note, count: expect.any(Number), timeMs: expect.any(Number) }])
  const uid = (await pod('picky'))?.uid
  const pull = (count: number) => `apiVersion: v1
kind: Event
metadata: {name: picky.pull, namespace: default}
type: Warning
reason: Failed
message: 'Failed to pull image "example.com/infer:1"'
count: ${count}
lastTimestamp: "${new Date().toISOString().slice(0, 19)}Z"
source: {component: kubelet}
involvedObject: {apiVersion: v1, kind: Pod, name: picky, namespace: default, uid: ${uid}}
`
  for (const count of [1, 4]) {
    await lab.kubectl(['apply'], pull(count))
    await eventually('it is counted', async () => (await warnings()).some((each) => each.reason === 'Failed' && each.count === count))
  }
  const reasons = (await warnings()).map(({ reason }) => reason)
  expect(reasons).toEqual([...new Set(reasons)])
  const options = { env: { ...process.env, EDGETWIN_SERVER: real.url } }
  const { stdout } = await promisify(execFile)(process.execPath, ['ui/cli/twinctl.ts', 'describe', 'pod', 'picky.default'], options)
  expect(stdout).toMatch(/warnings:\n(?:.*\n)*? +- reason=FailedScheduling note=0\/5 nodes are available/)
})

it('shows it all to people, and complains of nothing', async () => {
  browser = await launchChromium()
  const { page, complaints } = await openPage(browser, `${real.url}/#theme=dark`)
  const show = (hash: string) => page.evaluate((next) => location.assign(`#${next}`), `${hash}&theme=dark`)
  const panel = async () => (await page.locator('.panel-body').textContent()) ?? ''
  await page.waitForSelector('[data-testid=connection-state][data-state=live]', { timeout: 15_000 })
  await page.getByTestId('camera-cam-1').waitFor({ timeout: 10_000 })
  await show('select=node:pi-1')
  await eventually('the link of the node, and where it is known from', async () =>
    /pi-1-uplink.*100\sMbit\/s, annotated/.test(await panel()),
  )
  await keepScreenshot(page, 'kubernetes-node')
  await show('select=pod:picky.default')
  await eventually('the warnings of the pod', async () => /FailedScheduling.*0\/5 nodes/.test(await panel()))
  expect(await panel()).toMatch(/Failed.*Failed to pull image.*4 times/)
  await keepScreenshot(page, 'kubernetes-pod')
  expect(await page.getByTestId('tab-faults').count()).toBe(0)
  expect(complaints()).toEqual([])
})
