import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { startBrowser } from '../../support/browserPage.ts'
import { DaemonProcess, type HelperClient } from '../../support/daemon.ts'
import { DriveWorld } from '../../support/driveWorld.ts'
import { type RunningHoldfast, startHoldfast } from '../../support/holdfast.ts'

const pictures = join(import.meta.dirname, '../../output/e2e')

/** How people's windows are in these tests; also the width of the pictures. */
export const viewport = { width: 1120, height: 780 }

/**
 * A computer with Holdfast on it: a real helper, `holdfast ui` and a browser. Everything is below a folder of its own, and
 * `close` leaves nothing behind.
 */
export class App {
  readonly folder: string
  /** Of the person, as far as the helper knows. */
  readonly home: string
  readonly drives: DriveWorld
  readonly daemon: DaemonProcess
  /** What pages wrote to the console or broke of the content policy. */
  readonly complaints: string[] = []
  readonly #pagesDir: string
  readonly #uis: RunningHoldfast[] = []
  readonly #clients: HelperClient[] = []
  #browser: Browser | undefined

  private constructor(folder: string, pagesDir: string) {
    this.folder = folder
    this.home = join(folder, 'home')
    this.drives = new DriveWorld(folder)
    // Files that are got back go to the home of whoever runs the helper.
    this.daemon = new DaemonProcess(folder, { HOME: this.home })
    this.#pagesDir = pagesDir
  }

  /** With a helper that takes calls. `pagesDir` has the screens as they are built. */
  static async start(pagesDir: string): Promise<App> {
    const app = new App(await mkdtemp(join(tmpdir(), 'holdfast-e2e-')), pagesDir)
    await mkdir(app.home)
    await app.daemon.start()
    return app
  }

  async client(): Promise<HelperClient> {
    const client = await this.daemon.connect()
    this.#clients.push(client)
    return client
  }

  /** A window of a browser that has been let in. Pages of one window share what browsers keep. */
  async window(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const ui = startHoldfast(['ui'], { env: { ...this.daemon.env, HOLDFAST_PAGES_DIR: this.#pagesDir } })
    this.#uis.push(ui)
    const ended = ui.result.then(({ stderr }) => Promise.reject(new Error(`holdfast ui ended: ${stderr}`)))
    ended.catch(() => undefined)
    const [address] = (await Promise.race([once(ui.process.stdout, 'data'), ended])) as [string]
    this.#browser ??= await startBrowser()
    const context = await this.#browser.newContext({
      viewport,
      reducedMotion: 'reduce',
      locale: 'en-GB',
      timezoneId: 'Europe/Berlin',
      acceptDownloads: true,
      ...options,
    })
    context.setDefaultTimeout(60_000)
    context.on('console', message => {
      if (['error', 'warning'].includes(message.type()))
        this.complaints.push(`${message.location().url} of ${message.page()?.url()}: ${message.text()}`)
    })
    context.on('weberror', error => this.complaints.push(String(error.error())))
    const page = await context.newPage()
    await page.goto(String(address).trim())
    await page.locator('h1').first().waitFor()
    return context
  }

  /** The first page of a new window, at home. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const page = (await this.window(options)).pages()[0]!
    await page.getByRole('heading', { level: 1, name: /^(Home|Start|Übersicht)$/ }).waitFor()
    return page
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.#browser?.close()
    for (const ui of this.#uis) {
      ui.process.kill('SIGTERM')
      await ui.result
    }
    await this.daemon.stop()
    this.drives.clear()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Keeps what a page shows, all of what scrolls inside of it, as test/output/e2e/<name>.png. */
export async function photograph(page: Page, name: string): Promise<void> {
  await mkdir(pictures, { recursive: true })
  const height = Number(await page.evaluate('document.querySelector(".hf-main")?.scrollHeight ?? 0'))
  await page.setViewportSize({ ...viewport, height: Math.min(2600, Math.max(viewport.height, height)) })
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' })
  await page.setViewportSize(viewport)
}
