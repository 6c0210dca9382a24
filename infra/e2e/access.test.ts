/** People of a real cluster at edgetwin: the page and twinctl sign in by its tokens, and each may do what RBAC grants. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { stringify } from 'yaml'
import { OWN_RIGHTS_YAML, roleYaml } from '../../connectors/kubernetes/access/access-grant.ts'
import { ROLES, type Role } from '../../models/contracts/access.ts'
import { ACCESS_AUDIENCE } from '../../models/contracts/audience.ts'
import type { JournaledEvent } from '../../models/events/events.ts'
import { type KubernetesLab, startKubernetes } from '../lab/kubernetes.ts'
import { accessibilityFaults, keepScreenshot, launchChromium, openPage } from './browser.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const TWINCTL = fileURLToPath(new URL('../../ui/cli/twinctl.ts', import.meta.url))
const RBAC = 'rbac.authorization.k8s.io'
let lab: KubernetesLab
let edgetwin: EdgetwinProcess
let browser: Browser

beforeAll(async () => {
  lab = await startKubernetes({
    components: ['etcd', 'kube-apiserver'],
    identities: ['edgetwin=edgetwin', 'alice=alice'],
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  const user = (name: string) => ({ kind: 'User', apiGroup: RBAC, name })
  const bound = (name: string, role: string, subject: object) => ({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: [subject],
  })
  const roles = Object.keys(ROLES) as Role[]
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'people' } },
    ...roles.map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'people' } })),
    ...roles.map((name) => bound(`people-${name}`, `edgetwin-${name}`, { kind: 'ServiceAccount', name, namespace: 'people' })),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'tenant', namespace: 'people' } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: { name: 'sees-edgetwin', namespace: 'people' },
      rules: [{ apiGroups: ['edgetwin.dev'], resources: ['twins'], verbs: ['get', 'watch'] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'sees-edgetwin', namespace: 'people' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'sees-edgetwin' },
      subjects: [{ kind: 'ServiceAccount', name: 'tenant', namespace: 'people' }],
    },
    bound('edgetwin-access', 'edgetwin-access', user('edgetwin')),
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name: 'token-maker' },
      rules: [{ apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['planner'], verbs: ['create'] }],
    },
    bound('alice-makes-tokens', 'token-maker', user('alice')),
  ]
  const yaml = [...objects.map((one) => stringify(one)), OWN_RIGHTS_YAML, ...roles.map((role) => roleYaml(`edgetwin-${role}`, ROLES[role]))]
  await lab.kubectl(['apply'], yaml.join('---\n'))
  const access = ['--access', 'kubernetes', '--kubeconfig', lab.kubeconfigOf('edgetwin')]
  edgetwin = await startEdgetwin([...access, '--data-dir', freshDataDir(), '--no-this-machine', '--log-level', 'error'])
  browser = await launchChromium()
}, 1_500_000)
afterAll(async () => {
  await browser?.close()
  await edgetwin?.kill('SIGKILL')
  await lab?.stop()
})

const tokenOf = async (role: Role | 'tenant') =>
  (await lab.kubectl(['create', 'token', role, '-n', 'people', '--audience', ACCESS_AUDIENCE, '--duration', '10m'])).trim()

const twinctl = (...args: readonly string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [TWINCTL, '--server', edgetwin.url, ...args], (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    )
  })

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token', { exact: true }).fill(token)
  await page.getByRole('button', { name: 'Sign in' }).click()
}
const isLive = (page: Page) => page.waitForSelector('[data-testid=connection-state][data-state=live]', { timeout: 15_000 })

it('twinctl with a kubeconfig user has a token made for an account, and may do what that may', async () => {
  const asAlice = ['--kubeconfig', lab.kubeconfigOf('alice')]
  const bare = await twinctl('get', 'nodes')
  expect(bare).toMatchObject({ code: 1, err: expect.stringMatching(/no token was sent.*--context.*\[UNAUTHORIZED\]/) })
  expect((await twinctl('auth', 'whoami', ...asAlice)).err).toMatch(/alice .*client certificate.*--service-account/)
  const planner = [...asAlice, '--service-account', 'people/planner']
  expect((await twinctl('auth', 'whoami', ...planner)).out).toMatch(/^USER +system:serviceaccount:people:planner\n/)
  expect(await twinctl('auth', 'can-i', 'create', 'whatifs', ...planner)).toMatchObject({ code: 0, out: 'yes\n' })
  expect((await twinctl('get', 'nodes', '-o', 'name', ...planner)).out).toContain('nodes/edge-1')
  const refused = await twinctl('loop', 'auto', ...planner)
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringMatching(/planner may not set how far .*\(update policies\).*\[FORBIDDEN\]\napiVersion: [\s\S]*ClusterRoleBinding/),
  })
  const notHers = await twinctl('auth', 'whoami', ...asAlice, '--service-account', 'people/admin')
  expect(notHers.err).toMatch(/makes no token for people\/admin: .*"alice" cannot create.*\[FORBIDDEN\]/)
})

it('the journal has the name of who changed the mode', async () => {
  const token = await tokenOf('admin')
  expect(await twinctl('loop', 'advise', '--token', token)).toMatchObject({ code: 0 })
  const answer = await fetch(`${edgetwin.url}/api/v1/events?type=loop.modeChanged`, { headers: { authorization: `Bearer ${token}` } })
  const { items } = (await answer.json()) as { items: JournaledEvent[] }
  expect(items.at(-1)!.event).toMatchObject({ mode: 'advise', by: 'system:serviceaccount:people:admin' })
})

it('the page asks for a token, says what is wrong with a bad one, and switches off what a viewer may not do', async () => {
  const { page, complaints } = await openPage(browser, `${edgetwin.url}/#theme=dark&panel=plans`, { bypassCSP: true })
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await signIn(page, 'not-a-token')
  await page
    .getByText(/the cluster does not accept the token/)
    .first()
    .waitFor()
  await keepScreenshot(page, 'sign-in')
  await signIn(page, await tokenOf('viewer'))
  await isLive(page)
  expect(await page.getByTestId('signed-in').textContent({ timeout: 10_000 })).toBe('people:viewer')
  await page
    .getByText(/people:viewer may not set how far the loop may go/)
    .first()
    .waitFor()
  expect(await page.getByTestId('loop-mode-auto').isDisabled()).toBe(true)
  await page.evaluate(() => location.assign('#theme=dark&panel=what-if'))
  await page
    .getByText(/people:viewer may not ask what would happen/)
    .first()
    .waitFor()
  expect(await page.getByTestId('whatif-run').isDisabled()).toBe(true)
  await keepScreenshot(page, 'viewer-role')
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByTestId('signed-in').click()
  await signIn(page, await tokenOf('admin'))
  await isLive(page)
  await page.evaluate(() => location.assign('#theme=dark&panel=plans'))
  await page.getByTestId('loop-mode-observe').click()
  await page.getByText('Only watch. No plan is made, nothing is touched.').waitFor()
  // The browser itself tells of each request that is refused.
  expect(complaints().filter((line) => !/401|403/.test(line))).toEqual([])
  await page.context().close()
})

it('the page of somebody with rights in one namespace shows the hardware, says what it does not show, and complains of nothing', async () => {
  const { page, complaints } = await openPage(browser, `${edgetwin.url}/#theme=dark&panel=standing`, { bypassCSP: true })
  await signIn(page, await tokenOf('tenant'))
  await isLive(page)
  const before = complaints().length
  await page.getByTestId('standing-unseen').getByText('you see people').waitFor()
  await page.getByText('You see the pods of people, and of others how much they take.').first().waitFor()
  for (const panel of ['plans', 'what-if', 'details']) {
    await page.evaluate((next) => location.assign(`#theme=dark&panel=${next}&stage=table`), panel)
    await page.locator(`[aria-labelledby=tab-Panels-${panel}]`).waitFor()
  }
  await page.getByText('edge-1').first().waitFor()
  await keepScreenshot(page, 'one-namespace')
  expect(await accessibilityFaults(page)).toEqual([])
  expect(complaints().slice(before)).toEqual([])
  await page.context().close()
})
