import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { contentStart } from '../../main/content.ts'
import { pageAddresses } from '../../main/pages.ts'
import { callNames, topicNames } from '../../preload/contractNames.ts'
import { target } from './support/desktop.ts'
import { itOnStandin } from './support/onStandin.ts'
import { useDesktop } from './support/useDesktop.ts'

/** Tries what the content policy forbids, and tells which of its parts refused, once all have. */
const probeScript = `(async () => {
  const broken = new Set()
  const refused = new Promise(resolve => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      broken.add(effectiveDirective)
      if (broken.size === 5) resolve()
    })
  })
  const add = (name, properties) => {
    const element = document.createElement(name)
    try {
      Object.assign(element, properties)
    } catch {
      // Text that would become code is refused before it is any.
    }
    document.body.append(element)
  }
  add('script', { textContent: 'globalThis.inlineRan = true' })
  add('style', { textContent: 'h1 { color: red }' })
  add('img', { src: 'https://elsewhere.invalid/spy.png' })
  add('iframe', { src: 'https://elsewhere.invalid/' })
  const fetched = await fetch('https://elsewhere.invalid/').then(() => true, () => false)
  await refused
  return { ran: ['scriptRan', 'inlineRan'].filter(name => name in globalThis), fetched, broken: [...broken].sort() }
})()`

const isStandin = target.kind === 'standin'
let page: Page

const desktop = useDesktop(async it => {
  await it.start()
  page = await it.page()
  await it.app.evaluate(({ shell }) => {
    const opened: string[] = []
    Object.assign(globalThis, { opened })
    shell.openExternal = async url => void opened.push(url)
  })
})
const opened = () => desktop.it.app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened)

/** True after the page had every chance to go elsewhere: what it asks of the main process later has been answered. */
async function answered(): Promise<boolean> {
  const reply = await page.evaluate(() => holdfast.shell.autostart())
  return reply === false
}

describe('a page of the app', () => {
  it('sees the bridge and nothing else of the program', async () => {
    const seen = await page.evaluate(() => ({
      globals: ['require', 'process', 'module', 'Buffer', 'ipcRenderer', 'electron'].filter(name => name in globalThis),
      parts: Object.keys(holdfast).sort(),
      calls: Object.keys(holdfast.calls),
      topics: Object.keys(holdfast.topics),
      shell: Object.keys(holdfast.shell).sort(),
    }))
    expect(seen).toEqual({
      globals: [],
      parts: ['calls', 'shell', 'topics'],
      calls: callNames,
      topics: topicNames,
      shell: [
        'autostart',
        'chooseFile',
        'chooseFolder',
        'connection',
        'kind',
        'navigation',
        'openPage',
        'program',
        'reconnect',
        'saveText',
        'setAutostart',
        'unlock',
      ],
    })
  })

  it('cannot change the bridge', async () => {
    const outcome = await page.evaluate(() => {
      const frozen = [holdfast, holdfast.calls, holdfast.topics, holdfast.shell].every(Object.isFrozen)
      try {
        Object.assign(globalThis, { holdfast: null })
      } catch {
        // That is fine, too.
      }
      return { frozen, isThere: holdfast !== null }
    })
    expect(outcome).toEqual({ frozen: true, isThere: true })
  })

  it('knows the version of the app', async () => {
    const { version } = await import('../../package.json', { with: { type: 'json' } }).then(module => module.default)
    expect(await page.evaluate(() => [holdfast.shell.kind, holdfast.shell.program])).toEqual(['desktop', version])
  })

  it('has an origin of its own', async () => {
    const url = await desktop.it.app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.webContents.getURL(),
    )
    expect(url).toBe(contentStart)
  })

  it('runs scripts of the app alone, and reaches nothing else', async () => {
    const { ran, fetched, broken } = (await page.evaluate(probeScript)) as Record<string, unknown>
    expect(ran).toEqual(['scriptRan'])
    expect(fetched).toBe(false)
    expect(broken).toEqual(['connect-src', 'frame-src', 'img-src', 'require-trusted-types-for', 'style-src-elem'])
  })

  it('cannot leave the app', async () => {
    const before = page.url()
    const tried = desktop.it.app.evaluate(
      ({ BrowserWindow }) =>
        new Promise<string>(resolve => {
          const { webContents } = BrowserWindow.getAllWindows()[0]!
          webContents.once('will-frame-navigate', (event, url?: string) => resolve(event.url ?? url))
        }),
    )
    // The listener is there before the page is told.
    await desktop.it.app.evaluate(() => undefined)
    await page.evaluate("location.href = 'https://elsewhere.invalid/'")
    expect(await tried).toBe('https://elsewhere.invalid/')
    await page.evaluate("location.href = 'file:///etc/passwd'")
    expect(await answered()).toBe(true)
    expect(page.url()).toBe(before)
  })

  it('opens no windows', async () => {
    const result = await page.evaluate(() => {
      const { open } = globalThis as unknown as { open(url: string): unknown }
      return open('https://elsewhere.invalid/') === null
    })
    expect(await answered()).toBe(true)
    expect(desktop.it.app.windows()).toHaveLength(1)
    if (isStandin)
      expect(await desktop.it.recorded('webContents.windowOpen')).toEqual([['https://elsewhere.invalid/', 'deny']])
    else expect(result).toBe(true)
    expect(await opened()).toEqual([])
  })

  it('has pages of the project opened, and no other address', async () => {
    await page.evaluate(() => {
      holdfast.shell.openPage('issues')
      for (const other of ['https://elsewhere.invalid/', 'file:///etc/passwd', 'toString', 7]) {
        holdfast.shell.openPage(other as 'issues')
      }
    })
    expect(await answered()).toBe(true)
    expect(await opened()).toEqual([pageAddresses.issues])
  })

  itOnStandin('gets no permission of any kind', async () => {
    const answers = await desktop.it.app.evaluate(({ session }) => {
      const { permissions } = session.defaultSession as unknown as {
        permissions: Record<'request' | 'check' | 'device', (...args: unknown[]) => unknown>
      }
      const granted: unknown[] = []
      permissions.request(null, 'media', (answer: unknown) => granted.push(answer))
      return [...granted, permissions.check(null, 'geolocation'), permissions.device({ deviceType: 'usb' })]
    })
    expect(answers).toEqual([false, false, false])
  })

  itOnStandin('runs in the sandbox, isolated, without Node', async () => {
    const { webPreferences } = await desktop.it.app.evaluate(
      ({ BrowserWindow }) =>
        (BrowserWindow.getAllWindows()[0] as unknown as { options: { webPreferences: Record<string, unknown> } })
          .options,
    )
    expect(webPreferences).toMatchObject({ sandbox: true, contextIsolation: true, nodeIntegration: false })
    expect(await desktop.it.recorded('app.enableSandbox')).toHaveLength(1)
  })

  it('attaches no webview', async () => {
    const isPrevented = await desktop.it.app.evaluate(({ BrowserWindow }) => {
      let isPrevented = false
      const event = {
        preventDefault() {
          isPrevented = true
        },
      }
      BrowserWindow.getAllWindows()[0]!.webContents.emit('will-attach-webview', event, {}, {})
      return isPrevented
    })
    expect(isPrevented).toBe(true)
  })
})

describe('what a page asks', () => {
  it('is refused as a value when it does not fit the contract', async () => {
    const reply = await page.evaluate(() => holdfast.calls['jobs.run']({ job: 7 } as never))
    expect(reply).toMatchObject({ ok: false, error: { code: 'usage.invalid', retryable: false } })
    const path = await page.evaluate(() => holdfast.calls['jobs.run']({ job: 'x', path: '/etc' } as never))
    expect(path).toMatchObject({ ok: false, error: { code: 'usage.invalid' } })
  })

  it('cannot hold functions', async () => {
    await expect(page.evaluate(() => holdfast.calls['jobs.list']((() => 1) as never))).rejects.toThrow(
      'could not be cloned',
    )
  })

  it('is refused when the page is not one of the app', async () => {
    const app = desktop.it.app
    await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.loadURL('data:text/html,<title>Elsewhere</title>'),
    )
    const reply = await page.evaluate(() => holdfast.calls['status.get']({}))
    expect(reply).toMatchObject({ ok: false, error: { code: 'access.denied' } })
    await expect(page.evaluate(() => holdfast.shell.setAutostart(true))).rejects.toThrow('Only the pages of Holdfast')
    await page.evaluate(() => holdfast.shell.openPage('website'))
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.loadURL('app://holdfast/index.html'))
    // Who asks pages may learn a little later than the window that there is another one.
    await expect.poll(() => answered().catch(() => false)).toBe(true)
    expect(await opened()).toEqual([pageAddresses.issues])
  })
})
