/** History as a person uses it: numbers and modes that were kept, over REST, in the terminal and as charts in a real Chromium. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import type { SeriesAnswer, TransitionsAnswer } from '../../models/contracts/history-api.ts'
import { eventually } from '../testing/eventually.ts'
import { accessibilityFaults, keepScreenshot, launchChromium, openPage, type Watched } from './browser.ts'
import { type EdgetwinProcess, freshDataDir, startEdgetwin } from './edgetwin-process.ts'

const TWINCTL = fileURLToPath(new URL('../../ui/cli/twinctl.ts', import.meta.url))
const ARGS = ['--data-dir', freshDataDir(), '--no-this-machine']

let edgetwin: EdgetwinProcess
let browser: Browser
let watched: Watched
let page: Page
beforeAll(async () => {
  ;[edgetwin, browser] = await Promise.all([startEdgetwin(ARGS), launchChromium()])
  watched = await openPage(browser, `${edgetwin.url}/#select=node:tx2-1&theme=dark`)
  page = watched.page
})
afterAll(async () => {
  await browser?.close()
  await edgetwin?.kill('SIGKILL')
})

const byId = (id: string) => page.getByTestId(id)
const series = (path: string) => edgetwin.get<SeriesAnswer>(`/api/v1/history/${path}`)
const state = (sought: string) =>
  page.waitForFunction((wanted) => document.querySelector('[data-testid=time-control]')?.textContent === wanted, sought)

it('keeps the numbers of nodes, accelerators and cameras, and says from where', async () => {
  const node = await eventually(
    'ten seconds of a node',
    async () => {
      const answer = await series('node/tx2-1?from=5m')
      return answer.points.length >= 4 && Date.now() - (answer.oldestMs ?? Date.now()) > 10_000 ? answer : null
    },
    60_000,
  )
  expect(node).toMatchObject({ kind: 'node', name: 'tx2-1', field: 'utilizationRatio', unit: 'ratio', source: 'sqlite' })
  expect(node.points.every(({ min, mean, max }) => min <= mean && mean <= max && min >= 0 && max <= 1)).toBe(true)
  expect((await series('accelerator/tx2-1/gpu0?from=5m')).points.length).toBeGreaterThan(0)
  expect((await series('camera/cam-1?from=5m')).points.length).toBeGreaterThan(0)
})

it('draws a chart of each field that has values, and goes on by itself', async () => {
  await byId('history-utilizationRatio').waitFor({ timeout: 40_000 })
  expect(await byId('history').locator('.told').textContent()).toMatch(/^SQLite, \d+\s\w+$/)
  const canvas = byId('history-utilizationRatio').locator('canvas')
  expect(await inkOf(canvas)).toBeGreaterThan(3)
  const before = await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL())
  await eventually(
    'a chart that moves on',
    async () => (await canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL())) !== before,
  )
  await byId('history-range-1h').check({ force: true })
  await page.waitForFunction(() => location.hash.includes('range=1h'))
  await byId('history-range-15m').check({ force: true })
  await byId('history').evaluate((element) => element.scrollIntoView())
  await keepScreenshot(page, 'history-dark')
})

it('shows the whole site at the moment that is clicked, and lives again', async () => {
  const plot = byId('history-utilizationRatio').locator('.u-over')
  const { width = 0 } = (await plot.boundingBox()) ?? {}
  await plot.click({ position: { x: width - 2, y: 20 } })
  await state('PAST')
  expect(await page.locator('.status-line').textContent()).toMatch(/^The past\./)
  await page.getByRole('button', { name: 'Back to live' }).click()
  await state('LIVE')
})

it('is told by the keyboard and in words', async () => {
  await byId('history-moment').focus()
  for (const key of ['ArrowLeft', 'ArrowLeft']) await page.keyboard.press(key)
  const words = /^\d\d:\d\d:\d\d: Utilisation .*%.*, Memory /
  await eventually('values of the moment', async () => words.test((await byId('history-moment').getAttribute('aria-valuetext')) ?? ''))
  await page.keyboard.press('Enter')
  await state('PAST')
  await page.getByRole('button', { name: 'Back to live' }).click()
  await state('LIVE')
  await byId('history-table').click()
  const rows = () => byId('history').locator('table tbody tr').allTextContents()
  await eventually('the table', async () => /\d\d:\d\d:\d\d.*%/.test((await rows()).join('\n')))
})

it('shows a node that was lost in the lane of modes, and tells the change over REST and in the terminal', async () => {
  const fault = await edgetwin.send<{ id: string }>('POST', '/api/v1/faults', { kind: 'kill-node', node: 'tx2-1' })
  const change = await eventually(
    'the change of mode',
    async () => {
      const { transitions } = await edgetwin.get<TransitionsAnswer>('/api/v1/transitions/node/tx2-1?from=5m')
      return transitions.find(({ to }) => to === 'notReady')
    },
    60_000,
  )
  expect(change.from).toBe('ready')
  const lane = async () => (await page.locator('.history-lane').getAttribute('aria-label')) ?? ''
  await eventually('the lane', async () => /^Mode: ready from .*, not ready from/.test(await lane()))
  await keepScreenshot(page, 'history-lost-dark')
  await edgetwin.send('DELETE', `/api/v1/faults/${fault.body.id}`)
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    TWINCTL,
    'history',
    'node',
    'tx2-1',
    '--from',
    '10m',
    '--server',
    edgetwin.url,
  ])
  expect(stdout).toMatch(/^FIELD +LAST +MEAN +MIN +MAX +SAMPLES\nutilizationRatio +\d/)
  expect(stdout).toMatch(/ready +notReady/)
  expect(stderr).toMatch(/^node tx2-1 from .*: sqlite, one point each/)
})

it('complained of nothing', () => expect(watched.complaints()).toEqual([]))

it('has no accessibility fault, dark or light', async () => {
  const context = await openPage(browser, `${edgetwin.url}/#select=node:tx2-1`, { bypassCSP: true })
  await context.page.getByTestId('history-utilizationRatio').waitFor({ timeout: 20_000 })
  await context.page.getByTestId('history-table').click()
  const faults: string[] = []
  for (const theme of ['dark', 'light']) {
    await context.page.evaluate((hash) => location.assign(hash), `#select=node:tx2-1&theme=${theme}`)
    await context.page.waitForFunction((wanted) => document.documentElement.dataset.theme === wanted, theme)
    await context.page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'))
    faults.push(...(await accessibilityFaults(context.page)).map((fault) => `${theme}: ${fault}`))
  }
  await keepScreenshot(context.page, 'history-light')
  await context.page.context().close()
  expect(faults).toEqual([])
})

it('is there again after a crash', async () => {
  const before = await series('node/tx2-2?from=10m')
  await edgetwin.kill('SIGKILL')
  edgetwin = await startEdgetwin(ARGS)
  const after = await series('node/tx2-2?from=10m')
  expect(after.oldestMs).toBe(before.oldestMs)
  // What was not written when it died, at most.
  expect(after.points.length).toBeGreaterThanOrEqual(before.points.length - 3)
})

/** How many colours a canvas shows: 1 is blank. */
function inkOf(canvas: ReturnType<Page['locator']>): Promise<number> {
  return canvas.evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) return 0
    const { data } = element.getContext('2d')!.getImageData(0, 0, element.width, element.height)
    return new Set(new Uint32Array(data.buffer)).size
  })
}
