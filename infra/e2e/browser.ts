/** A real Chromium with one page of the viewer, and everything that page complained of. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const ARTIFACTS = fileURLToPath(new URL('../../artifacts', import.meta.url))
const VIEWPORT = { width: 1440, height: 900 }
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
export const hasChromium = (): boolean => existsSync(executablePath)

/** @throws when there is no Chromium, naming the remedy. */
export function launchChromium(): Promise<Browser> {
  if (!hasChromium()) {
    throw new Error(
      `no Chromium at ${executablePath}; install it (\`apt-get install chromium\`), or name one with CHROMIUM=/path/to/chromium`,
    )
  }
  return chromium.launch({ executablePath, args: ARGS })
}

export interface Watched {
  readonly page: Page
  /** Errors on the console, exceptions nobody caught, and violations of the content security policy. */
  readonly complaints: () => readonly string[]
}

export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: VIEWPORT, colorScheme: 'dark', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack ?? error)))
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(`CSP ${text}`))
  await page.addInitScript(`addEventListener('securitypolicyviolation', (e) => reportViolation(e.violatedDirective + ' ' + e.blockedURI))`)
  await page.goto(url)
  return { page, complaints: () => complaints }
}

/** Kept for people to look at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true })
  await page.screenshot({ path: join(ARTIFACTS, `viewer-${name}.png`) })
}

const AXE_SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeResults {
  readonly violations: readonly { readonly id: string; readonly impact: string; readonly nodes: readonly { readonly html: string }[] }[]
}

/** Needs a page whose context bypasses the content security policy. @returns a line for each violation. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE_SOURCE)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.map(({ id, impact, nodes }) => `${id} (${impact}) ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}
