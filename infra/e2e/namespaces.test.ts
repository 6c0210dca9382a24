/**
 * Two tenants of a real Kubernetes control plane, one edgetwin: each sees its own pods and plans, the hardware, and of the other only how much
 * it takes. Whatever is served to the one, the names of the other's work are not in it.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { io } from 'socket.io-client'
import { stringify } from 'yaml'
import { ROUTE_NEEDS } from '../../connectors/server/auth-table.ts'
import { ACCESS_AUDIENCE } from '../../models/contracts/audience.ts'
import type { Accelerator } from '../../models/entities/accelerator.ts'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import { ENTITY_KINDS } from '../../models/entities/entities.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { applyNodes } from '../lab/nodes.ts'
import { eventually } from '../testing/eventually.ts'
import { keepScreenshot, launchChromium, openPage } from './browser.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const RBAC = 'rbac.authorization.k8s.io'
const OTHERS = /vault|bank/
let lab: KubernetesLab
let edgetwin: EdgetwinProcess
let token: string

const deployment = (name: string, namespace: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: {
        labels: { app: name, 'edgetwin.dev/placement': 'twin' },
        annotations: { 'edgetwin.dev/application': 'resnet50', 'edgetwin.dev/frames': '30', 'edgetwin.dev/camera': 'cam-1' },
      },
      spec: {
        schedulingGates: [{ name: 'edgetwin.dev/placement' }],
        tolerations: [{ key: 'edgetwin.dev/camera', operator: 'Exists' }],
        containers: [{ name: 'infer', image: 'example.com/resnet50:1', resources: { requests: { cpu: '100m' } } }],
      },
    },
  },
})

beforeAll(async () => {
  lab = await startKubernetes({ quickFailures: true, progress: (line) => process.stderr.write(`${line}\n`) })
  await applyNodes(lab, 'dhs')
  await lab.kubectl(['apply', '--server-side', '-f', 'infra/helm/edgetwin/crds'])
  const rules = [{ apiGroups: ['edgetwin.dev'], resources: ['twins'], verbs: ['get', 'watch'] }]
  const objects = [
    ...['edgetwin-system', 'shop', 'bank'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'edgetwin-ledger', namespace: 'edgetwin-system' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'tess', namespace: 'shop' } },
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'sees-edgetwin', namespace: 'shop' }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'sees-edgetwin', namespace: 'shop' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'sees-edgetwin' },
      subjects: [{ kind: 'ServiceAccount', name: 'tess', namespace: 'shop' }],
    },
    deployment('cams', 'shop'),
    deployment('vault', 'bank'),
  ]
  await lab.kubectl(['apply'], objects.map((one) => stringify(one)).join('---\n'))
  token = (await lab.kubectl(['create', 'token', 'tess', '-n', 'shop', '--audience', ACCESS_AUDIENCE, '--duration', '10m'])).trim()
  const cluster = ['--cluster', 'kubernetes', '--kubeconfig', lab.kubeconfig, '--site', 'lab', '--mode', 'auto', '--access', 'kubernetes']
  edgetwin = await startEdgetwin([...cluster, '--data-dir', freshDataDir(), '--no-this-machine', '--log-level', 'error'])
}, 1_500_000)
afterAll(async () => {
  await edgetwin?.kill('SIGKILL')
  await lab?.stop()
})

const get = (path: string) => fetch(`${edgetwin.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
const itemsOf = async <T>(kind: string): Promise<readonly T[]> =>
  Object((await (await get(`/api/v1/entities/${kind}`)).json()) as unknown).items

it('one tenant is shown all of its own work and nothing of the other but its weight', async () => {
  const areBound = async (namespace: string) =>
    (await lab.kubectl(['get', 'pods', '-n', namespace, '-o', 'jsonpath={.items[*].spec.nodeName}'])).split(' ').filter(Boolean).length ===
    2
  await eventually('both are placed', async () => (await areBound('shop')) && (await areBound('bank')), 60_000)
  const takenCount = async () => {
    const held = (await itemsOf<Accelerator>('accelerator')).flatMap(({ reported }) => reported.pods)
    return { own: held.filter((name) => name.endsWith('.shop')).length, taken: held.filter((name) => name.startsWith('taken-')).length }
  }
  await eventually('it is seen', async () => JSON.stringify(await takenCount()) === '{"own":2,"taken":2}', 30_000)
  const pods = await itemsOf<Pod>('pod')
  expect(pods.map(({ name }) => /^cams-.*\.shop$/.test(name))).toEqual([true, true])
  expect((await itemsOf<object>('request')).length).toBe(2)
  const plans = await itemsOf<DecisionRecord>('decision')
  expect(plans.length).toBeGreaterThan(0)
  expect(plans.flatMap(({ desired }) => desired!.placements.map(({ pod }) => pod)).every((pod) => pod.endsWith('.shop'))).toBe(true)

  const paths = Object.keys(ROUTE_NEEDS).flatMap((route) => (route.startsWith('GET ') && !route.includes('sites') ? [route.slice(4)] : []))
  const asked = paths.flatMap((path) =>
    (path.includes(':kind') ? ENTITY_KINDS : ['']).map((kind) =>
      path.replace(':kind', kind).replace(/:pod|:id|\*/, kind === 'accelerator' ? 'tx2-1%2Fgpu0' : pods[0]!.name),
    ),
  )
  for (const path of [...asked, '/api/v1/state?at=1s', '/readyz?verbose', ...plans.map(({ id }) => `/api/v1/plans/${id}`)])
    expect([path, OTHERS.exec(await (await get(path)).text())]).toEqual([path, null])

  const socket = io(`${edgetwin.url}/twin`, { transports: ['websocket'], auth: { token }, reconnection: false })
  const told: unknown[] = []
  socket.on('patch', (patch: unknown, ack: () => void) => {
    told.push(patch)
    ack()
  })
  told.push(await new Promise((resolve) => socket.on('connect', () => socket.emit('subscribe', resolve))))
  await lab.kubectl(['scale', 'deployment', 'vault', '-n', 'bank', '--replicas', '3'])
  await eventually('the third is felt', async () => (await takenCount()).taken === 3, 30_000)
  socket.disconnect()
  expect(JSON.stringify(told)).toContain('cams-')
  expect(OTHERS.exec(JSON.stringify(told))).toBeNull()
}, 180_000)

it('its page is about its own work, and complains of nothing', async () => {
  const browser = await launchChromium()
  try {
    const { page, complaints } = await openPage(browser, `${edgetwin.url}/#theme=dark&stage=table&panel=plans`, { bypassCSP: true })
    await page.getByLabel('Token', { exact: true }).fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForSelector('[data-testid=connection-state][data-state=live]', { timeout: 15_000 })
    const before = complaints().length
    await page
      .getByText(/placements? of yours/)
      .first()
      .waitFor()
    await page
      .getByRole('link', { name: 'edge-1', exact: true })
      .or(page.getByRole('button', { name: 'edge-1', exact: true }))
      .first()
      .click()
    for (const panel of ['details', 'standing', 'what-if', 'plans']) {
      await page.evaluate((next) => location.assign(`#theme=dark&stage=table&panel=${next}`), panel)
      await page.locator(`[aria-labelledby=tab-Panels-${panel}]`).waitFor()
      expect(OTHERS.exec((await page.locator('body').textContent()) ?? '')).toBeNull()
    }
    await keepScreenshot(page, 'one-tenant')
    expect(complaints().slice(before)).toEqual([])
  } finally {
    await browser.close()
  }
}, 60_000)
