import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { Desktop } from './support/desktop.ts'
import { target } from './support/desktop.ts'
import { itOnStandin } from './support/onStandin.ts'
import { useDesktop } from './support/useDesktop.ts'

const isStandin = target.kind === 'standin'

interface MenuEntry {
  label: string
  enabled: boolean
  type: string
  submenu?: { items: MenuEntry[] }
}

/** The tray as the stand-in holds it. */
const trayOf = (desktop: Desktop) =>
  desktop.app.evaluate(({ Tray }) => {
    const [tray] = (Tray as unknown as { shown: { image: { path: string }; menu: { items: MenuEntry[] } | null }[] })
      .shown
    if (!tray) return undefined
    const items = tray.menu?.items.filter(({ type }) => type !== 'separator') ?? []
    return { image: tray.image.path, labels: items.map(({ label }) => label) }
  })

const clickTray = (desktop: Desktop, label: string) =>
  desktop.app.evaluate(({ Tray }, wanted) => {
    const [tray] = (Tray as unknown as { shown: { menu: { items: { label: string; click(): void }[] } }[] }).shown
    tray!.menu.items.find(item => item.label === wanted)!.click()
  }, label)

const isVisible = (desktop: Desktop) =>
  desktop.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().some(window => window.isVisible()))

/** Starts the app a second time, to its end; returns its exit code. */
function startAgain(desktop: Desktop, args: string[] = []): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(target.program, desktop.argumentsOf(args), { env: desktop.environment(), stdio: 'ignore' })
    child.on('error', reject)
    child.on('exit', resolve)
  })
}

/** Where the page has been sent, from now on. */
const followNavigation = (page: Page) =>
  page.evaluate(() => {
    const paths: string[] = []
    Object.assign(globalThis, { paths })
    holdfast.shell.navigation(path => paths.push(path))
  })
const pathsOf = (page: Page) => page.evaluate(() => (globalThis as unknown as { paths: string[] }).paths)

describe('the app with its window', () => {
  let page: Page
  const desktop = useDesktop(async it => {
    await it.start({ args: ['holdfast://health'] })
    page = await it.page()
  })

  it('is shown when its page is there', async () => {
    await expect.poll(() => isVisible(desktop.it)).toBe(true)
  })

  it('tells the page of the link that it was started with, once it listens', async () => {
    await followNavigation(page)
    await expect.poll(() => pathsOf(page)).toEqual(['/health'])
  })

  it('goes on without the window when that is closed, and says so the first time only', async () => {
    for (const _ of ['first', 'second']) {
      await desktop.it.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close())
      expect(await isVisible(desktop.it)).toBe(false)
      expect(desktop.it.app.windows()).toHaveLength(1)
      expect(await startAgain(desktop.it)).toBe(0)
      await expect.poll(() => isVisible(desktop.it)).toBe(true)
    }
    if (isStandin) {
      const shown = (await desktop.it.recorded('notification')).map(([options]) => (options as { title: string }).title)
      expect(shown).toEqual(['Holdfast goes on in the background'])
    }
    const settings = JSON.parse(await readFile(join(desktop.it.userData, 'desktop.json'), 'utf8'))
    expect(settings).toMatchObject({ toldOfBackground: true })
  })

  it('is one for each person: a second start brings its link to the first and ends', async () => {
    expect(await startAgain(desktop.it, ['holdfast://versions?destination=00000000000000aa&evil=/etc'])).toBe(0)
    await expect.poll(() => pathsOf(page)).toEqual(['/health', '/versions?destination=00000000000000aa'])
    expect(await startAgain(desktop.it, ['holdfast://../../etc/passwd'])).toBe(0)
    await expect.poll(() => isVisible(desktop.it)).toBe(true)
    expect(await pathsOf(page)).toHaveLength(2)
  })

  itOnStandin('has a tray that opens the window and names what there is to do', async () => {
    await expect
      .poll(async () => (await trayOf(desktop.it))?.labels)
      .toEqual(['Nothing is protected yet', 'Open Holdfast', 'Quit'])
    expect((await trayOf(desktop.it))!.image).toMatch(/tray-waiting\.png$/)
    await desktop.it.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close())
    await clickTray(desktop.it, 'Open Holdfast')
    expect(await isVisible(desktop.it)).toBe(true)
  })

  it('starts with the session when it is told to', async () => {
    const file = join(desktop.it.env.XDG_CONFIG_HOME!, 'autostart/holdfast.desktop')
    expect(await page.evaluate(() => holdfast.shell.autostart())).toBe(false)
    await page.evaluate(() => holdfast.shell.setAutostart(true))
    expect(await page.evaluate(() => holdfast.shell.autostart())).toBe(true)
    expect(await readFile(file, 'utf8')).toMatch(/^Exec=.+ .*app.* --hidden$/m)
    await page.evaluate(() => holdfast.shell.setAutostart(false))
    expect(await page.evaluate(() => holdfast.shell.autostart())).toBe(false)
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })

  itOnStandin('gives null for a dialogue that was closed, and the path of what was chosen', async () => {
    expect(await page.evaluate(() => holdfast.shell.chooseFile())).toBeNull()
    await desktop.it.app.evaluate(({ dialog }) => {
      dialog.showOpenDialog = async () => ({ canceled: false, filePaths: ['/srv/images'] })
    })
    expect(await page.evaluate(() => holdfast.shell.chooseFolder())).toBe('/srv/images')
  })

  itOnStandin('keeps a text where the person wants it, readable for them alone', async () => {
    const sheet = { name: '../recovery sheet', type: 'text/html', text: '<p>words</p>' } as const
    expect(await page.evaluate(file => holdfast.shell.saveText(file), sheet)).toBe(false)
    expect(await desktop.it.recorded('dialog.showSaveDialog')).toMatchObject([
      [{ defaultPath: '-recovery sheet.html' }],
    ])
    const path = join(desktop.it.folder, 'sheet.html')
    await desktop.it.app.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = async () => ({ canceled: false, filePath })
    }, path)
    expect(await page.evaluate(file => holdfast.shell.saveText(file), sheet)).toBe(true)
    expect(await readFile(path, 'utf8')).toBe('<p>words</p>')
    const { stat } = await import('node:fs/promises')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })
})

describe.runIf(isStandin)('the app that the session has started, on a desktop without a tray, in German', () => {
  const desktop = useDesktop(it => it.start({ args: ['--hidden', '--lang=de-AT'], env: { STANDIN_NO_TRAY: '1' } }))

  it('has no window until it is started again', async () => {
    await expect.poll(() => desktop.it.helperPid()).toBeDefined()
    expect(await trayOf(desktop.it)).toBeUndefined()
    expect(desktop.it.app.windows()).toEqual([])
    expect(await startAgain(desktop.it)).toBe(0)
    await desktop.it.page()
    await expect.poll(() => isVisible(desktop.it)).toBe(true)
  })

  it('speaks German, and quits for good from its menu', async () => {
    const labels = await desktop.it.app.evaluate(({ Menu }) => {
      const [first] = Menu.getApplicationMenu()!.items
      return first!.submenu!.items.map(({ label }) => label).filter(Boolean)
    })
    expect(labels).toEqual(['Fenster schließen', 'Beenden'])
    const closed = desktop.it.app.waitForEvent('close')
    await desktop.it.app.evaluate(({ app }) => setImmediate(() => app.quit()))
    await closed
    // Backups go on.
    expect(await desktop.it.helperPid()).toBeDefined()
  })
})
