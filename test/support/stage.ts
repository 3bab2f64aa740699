import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { build } from 'vite'

const root = join(import.meta.dirname, '../..')
const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

/** Why no stage can be opened here; undefined when one can. */
export const noStage: string | undefined = program === undefined ? 'Chromium is not installed' : undefined

/** The screens in a real browser, on the invented helper of test/renderer/fake. */
export interface Stage {
  /** Opens a screen in a scenario; what the page complains about goes into `complaints`. */
  open(scenario: string, screen: string, options?: BrowserContextOptions): Promise<Page>
  readonly complaints: string[]
  close(): Promise<void>
}

const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

/** Builds the stage into `test/output/<name>` and opens a browser on it. */
export async function openStage(name = 'stage'): Promise<Stage> {
  const folder = join(root, 'test/output', name)
  mkdirSync(folder, { recursive: true })
  // A runner of tests says "test" here, and React would come as for developing: slower, and not what people have.
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    await build({
      configFile: join(root, 'test/renderer/stage/vite.config.ts'),
      build: { outDir: folder },
      logLevel: 'warn',
    })
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://stage').pathname)
    if (path === '/favicon.ico') return response.writeHead(204).end()
    const file = join(folder, path === '/' ? 'index.html' : path)
    if (!existsSync(file)) return response.writeHead(404).end()
    return response
      .writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
      .end(readFileSync(file))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser: Browser = await chromium.launch({
    executablePath: program!,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  const complaints: string[] = []
  return {
    complaints,
    async open(scenario, screen, options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1120, height: 780 },
        reducedMotion: 'reduce',
        locale: 'en-GB',
        timezoneId: 'Europe/Berlin',
        ...options,
      })
      context.setDefaultTimeout(90_000)
      const page = await context.newPage()
      const complain = (text: string) => complaints.push(`${scenario} ${screen}: ${text}`)
      page.on('console', message => {
        if (message.type() === 'error' || message.type() === 'warning') complain(message.text())
      })
      page.on('pageerror', error => complain(error.stack ?? error.message))
      await page.goto(`${origin}/?scenario=${scenario}#/${screen}`)
      await page.locator('h1').first().waitFor()
      return page
    },
    async close() {
      await browser.close()
      server.close()
    },
  }
}

/** A picture of the whole screen, which scrolls inside its window. */
export async function photograph(page: Page, path: string): Promise<void> {
  const height = Number(await page.evaluate('document.querySelector(".hf-main")?.scrollHeight ?? 0'))
  await page.setViewportSize({ width: 1120, height: Math.min(2600, Math.max(780, height)) })
  await page.screenshot({ path })
  await page.setViewportSize({ width: 1120, height: 780 })
}
