/** The page as a person uses it, in a real Chromium: watching, asking, deciding, and surviving the death of the server. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import type { DecisionRecord } from '../../models/entities/decision-record.ts'
import type { Pod } from '../../models/entities/pod.ts'
import { eventually } from '../testing/eventually.ts'
import { accessibilityFaults, keepScreenshot, launchChromium, openPage, type Watched } from './browser.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const NODES = ['pi-1', 'tx2-1', 'tx2-2', 'tx2-3', 'edge-1']
const CAMERAS = ['cam-1', 'cam-2', 'cam-3', 'cam-4']
const ACCELERATORS = ['pi-1/cpu0', ...['tx2-1', 'tx2-2', 'tx2-3'].flatMap((node) => [`${node}/gpu0`, `${node}/cpu0`]), 'edge-1/cpu0']
const ARGS = ['--data-dir', freshDataDir(), '--mode', 'approve']

let edgetwin: EdgetwinProcess
let browser: Browser
let watched: Watched
let page: Page
beforeAll(async () => {
  ;[edgetwin, browser] = await Promise.all([startEdgetwin(ARGS), launchChromium()])
  watched = await openPage(browser, `${edgetwin.url}/#theme=dark`)
  page = watched.page
})
afterAll(async () => {
  await browser?.close()
  await edgetwin?.kill('SIGKILL')
})

const byId = (id: string) => page.getByTestId(id)
const show = (hash: string) => page.evaluate((next) => location.assign(`#${next}`), `${hash}&theme=dark`)
const isLive = () => page.waitForSelector('[data-testid=connection-state][data-state=live]', { timeout: 15_000 })
const planOf = async (id: string) => (await edgetwin.get<{ item: DecisionRecord }>(`/api/v1/plans/${id}`)).item
const burst = (frames: number) => edgetwin.send('POST', '/api/v1/faults', { kind: 'burst', load: 'heavy', frames })
const waitingPlan = () =>
  eventually('a plan that waits', async () =>
    (await edgetwin.get<{ items: DecisionRecord[] }>('/api/v1/plans?limit=1000')).items.find(({ mode }) => mode === 'proposed'),
  )

it('connects and shows every camera, node and accelerator, each real or emulated', async () => {
  await isLive()
  for (const name of NODES) expect(await byId(`node-${name}`).textContent({ timeout: 10_000 })).toMatch(/emulated/)
  for (const name of CAMERAS) expect(await byId(`camera-${name}`).textContent()).toMatch(/emulated/)
  for (const name of ACCELERATORS) expect(await byId(`accelerator-${name}`).textContent()).toMatch(/emulated/)
  const real = await eventually('this machine', async () => {
    const labels = await page.locator('[data-testid^="node-"]').allTextContents()
    return labels.find((label) => /\breal\b/.test(label))
  })
  expect(real).toMatch(/observer/)
})

it('changes as the site does', async () => {
  await burst(300)
  const labels = () => page.locator('[role=treeitem]').allTextContents()
  const before = await labels()
  await eventually('utilisation and frames that change', async () => {
    const now = await labels()
    const changed = now.filter((label, index) => label !== before[index])
    return changed.some((label) => /utilisation \d/.test(label)) && changed.some((label) => /frames per second/.test(label))
  })
  await show('select=accelerator:tx2-1/gpu0')
  await eventually('its details', async () => /tx2-1\/gpu0/.test((await page.locator('.panel-body').textContent()) ?? ''))
  await eventually('work on the map', async () => (await labels()).filter((label) => /[1-9]\d* running/.test(label)).length >= 4)
  await keepScreenshot(page, 'overview-dark')
})

it('answers a what-if with a ranked table and a Gantt chart', async () => {
  await byId('tab-what-if').click()
  await byId('whatif-edit-kind').selectOption('lose-node')
  await byId('whatif-edit-node').selectOption('tx2-1')
  await byId('whatif-edit-add').click()
  await byId('whatif-workload').selectOption('each-camera')
  await byId('whatif-run').click()
  const results = byId('whatif-results')
  await results.waitFor({ timeout: 10_000 })
  const rows = await results.locator('table').first().locator('tbody tr').allTextContents()
  expect(rows.length).toBeGreaterThanOrEqual(4)
  expect(rows.join('\n')).toMatch(/HEFT.*\n|DHS/)
  expect(await results.textContent()).toMatch(/tx2-1/)
  await byId('whatif-gantt').scrollIntoViewIfNeeded()
  expect(await inkOf(byId('whatif-gantt').locator('canvas').first())).toBeGreaterThan(1)
  await results.evaluate((element) => element.scrollIntoView())
  await keepScreenshot(page, 'what-if-dark')
})

it('moves pods when a plan is approved by a click, and says the same as the API', async () => {
  await byId('tab-plans').click()
  await page.getByTestId('loop-mode-approve').waitFor({ state: 'attached' })
  expect(await page.getByTestId('loop-mode-approve').isChecked()).toBe(true)
  await show('panel=plans')
  await burst(600)
  const plan = await eventually(
    'a plan approved and applied',
    async () => {
      const { id } = await waitingPlan()
      const card = byId(`plan-${id}`)
      try {
        await card.getByTestId('plan-approve').waitFor({ timeout: 3_000 })
        await keepScreenshot(page, 'plan-dark')
        await card.getByTestId('plan-approve').click({ timeout: 2_000 })
      } catch {
        // Overtaken by what happened meanwhile: the next one.
        return null
      }
      const settled = await eventually('approved, or refused', async () => {
        const record = await planOf(id)
        return record.mode === 'proposed' || record.mode === 'approved' ? null : record
      })
      return settled.reported.applied.length > 0 ? settled : null
    },
    60_000,
  )
  const { pod, runsAs } = plan.reported.applied[0]!
  const { to } = plan.desired!.placements.find((placement) => placement.pod === pod)!
  const moved = (await edgetwin.get<{ item: Pod }>(`/api/v1/entities/pod/${runsAs}`)).item
  expect(moved.reported.place).toMatchObject({ accelerator: to, by: 'edgetwin' })
  await eventually('the card of the plan', async () => {
    const text = (await byId(`plan-${plan.id}`).textContent()) ?? ''
    return text.includes(pod) && /approved by/.test(text) && /done/.test(text)
  })
  await show(`select=pod:${runsAs}`)
  await eventually('the pod where the API says it is', async () => {
    const text = (await page.locator('.panel-body').textContent()) ?? ''
    return text.includes(runsAs) && text.includes(to) && text.includes('edgetwin')
  })

  const again = await edgetwin.send<{ code: string; detail: string }>('POST', `/api/v1/plans/${plan.id}/approve`, {})
  expect([again.status, again.body.code]).toEqual([409, 'DECISION_STATE'])
  expect(again.body.detail).toContain(plan.id)
})

it('says of a plan that no longer holds which fact changed', async () => {
  await show('panel=plans')
  await burst(6_000)
  const { id, desired } = await waitingPlan()
  const node = desired!.placements[0]!.to.split('/')[0]!
  const fault = await edgetwin.send<{ id: string }>('POST', '/api/v1/faults', { kind: 'kill-node', node })
  await eventually('the plan given up', async () => (await planOf(id)).mode !== 'proposed')
  const stale = await edgetwin.send<{ code: string; detail: string }>('POST', `/api/v1/plans/${id}/approve`, {})
  expect([stale.status, stale.body.code]).toEqual([409, 'DECISION_STALE'])
  const fact = (await planOf(id)).reported.steps.at(-1)!.detail
  expect(fact).not.toBe('')
  expect(stale.body.detail).toContain(fact)
  await eventually('the fact on the page', async () => ((await byId(`plan-${id}`).textContent()) ?? '').includes(fact))
  await eventually('the dead node on the map', async () => /lost|not ready/.test((await byId(`node-${node}`).textContent()) ?? ''))
  await keepScreenshot(page, 'lost-node-dark')
  await edgetwin.send('DELETE', `/api/v1/faults/${fault.body.id}`)
})

it('is usable by keyboard alone', async () => {
  await show('panel=details')
  await page.locator('h1').click()
  const active = () => page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? '')
  const isMapItem = (id: string) => /^(camera|node|accelerator)-/.test(id)
  let first = ''
  for (let presses = 0; presses < 25 && !isMapItem(first); presses++) {
    await page.keyboard.press('Tab')
    first = await active()
  }
  expect(first).toMatch(/^(camera|node|accelerator)-/)
  const visited = new Set([first])
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowRight', 'ArrowDown', 'End']) {
    await page.keyboard.press(key)
    visited.add(await active())
  }
  expect(visited.size).toBeGreaterThanOrEqual(3)
  expect([...visited].filter((id) => !isMapItem(id))).toEqual([])
  await page.keyboard.press('Enter')
  const [, kind, name] = /^(\w+)-(.*)$/.exec(await active())!
  await page.waitForFunction((wanted) => location.hash.includes(wanted), `select=${kind}:${name}`)
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => !location.hash.includes('select='))
  await page.keyboard.press('3')
  await page.waitForFunction(() => location.hash.includes('stage=answer'))
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => !location.hash.includes('stage='))
})

it('complained of nothing', () => {
  expect(watched.complaints()).toEqual([])
})

it('has no accessibility fault in any panel, dark or light', async () => {
  const context = await openPage(browser, edgetwin.url, { bypassCSP: true })
  await context.page.waitForSelector('[data-testid=connection-state][data-state=live]')
  await context.page.getByTestId('tab-what-if').click()
  await context.page.getByTestId('whatif-run').click()
  await context.page.getByTestId('whatif-results').waitFor()
  const faults: string[] = []
  for (const theme of ['dark', 'light']) {
    for (const place of ['stage=map', 'select=node:tx2-1', 'panel=what-if&stage=answer', 'panel=plans', 'panel=faults&stage=table']) {
      await context.page.evaluate((hash) => location.assign(`#${hash}`), `${place}&theme=${theme}`)
      await context.page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme)
      // Transitions of colour would be measured half way.
      await context.page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'))
      faults.push(...(await accessibilityFaults(context.page)).map((fault) => `${theme} ${place}: ${fault}`))
      if (theme === 'light') await keepScreenshot(context.page, `${place.replaceAll(/[^\w-]+/g, '-')}-light`)
    }
  }
  await context.page.context().close()
  expect(faults).toEqual([])
})

it('comes back by itself when the server is killed and started again, with the same site and its history', async () => {
  const { items } = await edgetwin.get<{ items: DecisionRecord[] }>('/api/v1/plans?limit=1000')
  const approved = items.find(({ reported }) => reported.applied.length > 0)!
  const { sequence, hash } = await edgetwin.get<{ sequence: number; hash: string }>('/api/v1/state')
  const itemIds = () => page.locator('[role=treeitem]').evaluateAll((items) => items.map((item) => item.getAttribute('data-testid')))
  const before = await itemIds()
  await show('panel=plans')
  await page.evaluate(() => document.body.setAttribute('data-mark', 'the same page'))

  await edgetwin.kill('SIGKILL')
  await page.waitForSelector('[data-testid=connection-state][data-state=reconnecting]', { timeout: 10_000 })
  await keepScreenshot(page, 'cut-off-dark')
  edgetwin = await startEdgetwin([...ARGS, '--port', new URL(edgetwin.url).port])
  await isLive()
  expect(await page.locator('body').getAttribute('data-mark')).toBe('the same page')
  expect(await itemIds()).toEqual(before)
  expect(await byId(`plan-${approved.id}`).textContent()).toMatch(/approved by/)
  const then = await edgetwin.get<{ hash: string }>(`/api/v1/state?at=${encodeURIComponent(`#${sequence}`)}`)
  expect(then.hash).toBe(hash)
  const outage = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket/
  expect(watched.complaints().filter((text) => !outage.test(text))).toEqual([])
})

/** How many colours a canvas shows: 1 is blank. */
function inkOf(canvas: ReturnType<Page['locator']>): Promise<number> {
  return canvas.evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) return 0
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height)
    return new Set(new Uint32Array(data.buffer)).size
  })
}
