import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AppBridge, BridgeConnection } from '../../../engine/contract/appBridge.ts'
import { createEngine } from '../../../engine/engine.ts'
import { buildBridgePage, startBrowser } from '../../support/browserPage.ts'
import { noChromium } from '../../support/chromium.ts'
import { DaemonProcess, endedRun, type HelperClient } from '../../support/daemon.ts'
import { holdfast, type RunningHoldfast, startHoldfast } from '../../support/holdfast.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

/** What the page of test/renderer/bridgePage shows of itself. */
interface PageWindow {
  bridge: AppBridge
  connections: BridgeConnection[]
  jobStates: string[][]
  violations: string[]
}
declare const window: PageWindow

const folder = useTemporaryFolder()
let pagesDir: string
let browser: Browser | undefined
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  pagesDir = await mkdtemp(join(tmpdir(), 'holdfast-pages-'))
  await buildBridgePage(pagesDir)
  if (!noChromium) browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await rm(pagesDir, { recursive: true, force: true })
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const helper = (): DaemonProcess => new DaemonProcess(folder.path)

/** Starts `holdfast ui` and gives the address that it prints. */
async function startUi(
  args: string[] = [],
  extra: Record<string, string> = {},
): Promise<{ url: string; running: RunningHoldfast; stop: () => Promise<number | null> }> {
  const env = { ...helper().env, HOLDFAST_PAGES_DIR: pagesDir, ...extra }
  const running = startHoldfast(['ui', ...args], { env })
  const stop = async () => {
    running.process.kill('SIGTERM')
    return (await running.result).code
  }
  cleanups.push(stop)
  const ended = running.result.then(({ stdout, stderr }) => Promise.reject(new Error(`${stdout}${stderr}`)))
  const [line] = (await Promise.race([once(running.process.stdout, 'data'), ended])) as [string]
  ended.catch(() => {})
  return { url: String(line).trim(), running, stop }
}

async function openPage(url: string, context?: BrowserContext): Promise<Page> {
  const place = context ?? (await browser!.newContext())
  if (!context) cleanups.push(() => place.close())
  place.setDefaultTimeout(90_000)
  const page = await place.newPage()
  await page.goto(url)
  return page
}

const isConnected = (page: Page) => page.waitForFunction(() => window.connections.at(-1)?.state === 'connected')

describe.skipIf(noChromium)(`the app in a browser${noChromium ? ` (${noChromium})` : ''}`, () => {
  test('calls and watches the helper of the person, which is started for it and ends with it', async () => {
    const { url, stop } = await startUi()
    const page = await openPage(url)
    await isConnected(page)
    expect(page.url()).not.toContain('token')
    const status = await page.evaluate(() => window.bridge.calls['status.get']({}))
    expect(status).toMatchObject({ ok: true, value: { mode: process.getuid!() === 0 ? 'system' : 'user' } })
    const refused = await page.evaluate(() => window.bridge.calls['jobs.remove']({ job: 'nothing of this name' }))
    expect(refused).toMatchObject({ ok: false, error: { code: 'config.notFound', message: expect.any(String) } })
    await page.waitForFunction(() => window.jobStates.length > 0)
    expect(await page.evaluate(() => window.jobStates[0])).toEqual([])
    expect(await page.evaluate(() => window.connections.at(-1))).toMatchObject({ state: 'connected', canUnlock: false })
    expect(await page.evaluate(() => window.violations)).toEqual([])
    expect(await stop()).toBe(0)
    await expect(helper().connect()).rejects.toMatchObject({ code: 'helper.unreachable' })
    await page.waitForFunction(() => window.connections.at(-1)?.state === 'connecting')
  })

  test('opens once by its address; that browser may load it again, another one is told what to do', async () => {
    const { url } = await startUi()
    const page = await openPage(url)
    await isConnected(page)
    await page.reload()
    await isConnected(page)
    const again = await openPage(url, page.context())
    await isConnected(again)

    const stranger = await openPage(url)
    await stranger.waitForURL('**/closed')
    expect(await stranger.innerText('main')).toContain('Run holdfast ui again')
    const without = await openPage(new URL(url).origin)
    await without.waitForURL('**/closed')
  })

  test('comes back by itself, with all that it shows, when the helper was killed', async () => {
    const daemon = helper()
    await daemon.start()
    cleanups.push(() => daemon.kill())
    const { url } = await startUi()
    const page = await openPage(url)
    await isConnected(page)
    await page.waitForFunction(() => window.jobStates.length === 1)
    await daemon.kill()
    await page.waitForFunction(() => window.connections.filter(({ state }) => state === 'connected').length === 2)
    await page.waitForFunction(() => window.jobStates.length === 2)
    const states = await page.evaluate(() => window.connections.map(({ state }) => state))
    expect(states[0]).toBe('connecting')
    expect(states.filter((state, i) => state !== states[i - 1])).toEqual([
      'connecting',
      'connected',
      'connecting',
      'connected',
    ])
    expect(await page.evaluate(() => window.bridge.calls['jobs.list']({}))).toEqual({ ok: true, value: { jobs: [] } })
  })

  test('does what a browser can of what a desktop program does', async () => {
    const { url } = await startUi()
    const page = await openPage(url)
    await isConnected(page)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.evaluate(() => window.bridge.shell.saveText({ name: 'sheet.txt', type: 'text/plain', text: 'Grüße' })),
    ])
    expect(download.suggestedFilename()).toBe('sheet.txt')
    expect(await readFile(await download.path(), 'utf8')).toBe('Grüße')
    const others = await page.evaluate(async () => {
      const { shell } = window.bridge
      return [await shell.chooseFile(), await shell.chooseFolder(), await shell.autostart(), await shell.unlock()]
    })
    expect(others.slice(2)).toMatchObject([null, { ok: false, error: { code: 'access.denied' } }])
    expect(others[0] ?? null).toBeNull()
    expect(await page.evaluate(() => window.bridge.shell.program)).toMatch(/^\d+\.\d+\.\d+/)
    expect(await page.evaluate(() => window.violations)).toEqual([])
  })
})

describe('holdfast ui', () => {
  test('leaves a helper alone that it has not started', async () => {
    const daemon = helper()
    await daemon.start()
    cleanups.push(() => daemon.stop())
    const { stop } = await startUi()
    expect(await stop()).toBe(0)
    const client: HelperClient = await daemon.connect()
    client.close()
  })

  test('leaves a helper running that it has started while a run is under way', async () => {
    const [pipe, hooks] = [join(folder.path, 'pipe'), join(folder.path, 'hooks')]
    await promisify(execFile)('mkfifo', [pipe])
    await mkdir(hooks, { mode: 0o755 })
    // Holds the run until somebody writes into the pipe.
    await writeFile(join(hooks, 'hold'), `#!/bin/sh\nread line <'${pipe}'\n`, { mode: 0o755 })
    const url = join(folder.path, 'repository')
    const passphrase = 'open sesame'
    await createEngine({ stateDir: helper().env.HOLDFAST_STATE_DIR! }).init(url, { kind: 'passphrase', passphrase })
    const image = join(folder.path, 'disk.img')
    await writeFile(image, 'a disk')

    const { running, stop } = await startUi([], { HOLDFAST_HOOKS_DIR: hooks })
    const client = await helper().connect()
    const { destination } = await client.call('destinations.add', { name: 'drive', url, passphrase })
    const { source } = await client.call('sources.offerFile', { path: image })
    const { job } = await client.call('jobs.create', {
      settings: {
        name: 'Disk',
        sources: [{ source, name: 'disk' }],
        destinations: [destination.id],
        schedule: null,
        hooks: { 'before-backup': 'hold' },
      },
    })
    await client.call('jobs.run', { job: job.id })
    // Opening it for writing waits for the hook to read.
    const gate = await open(pipe, 'w')
    expect(await stop()).toBe(0)
    const [, pid] = /goes on without the app, as process (\d+)/.exec((await running.result).stderr) ?? []
    cleanups.push(async () => process.kill(Number(pid), 'SIGKILL'))
    await gate.write('go\n')
    await gate.close()
    expect(await endedRun(client, job.id)).toMatchObject({ state: 'complete' })
    client.close()
  })

  test('shows the browser a file that only the person can read, not the token', async () => {
    const [bin, note] = [join(folder.path, 'bin'), join(folder.path, 'note')]
    await mkdir(bin)
    const script = `#!/bin/sh\n{ stat -c %a "$1"; cat "$1"; echo "args: $*"; } >'${note}.new'\nmv '${note}.new' '${note}'\n`
    await writeFile(join(bin, 'xdg-open'), script, { mode: 0o755 })
    const { url, stop } = await startUi(['--open'], { DISPLAY: ':99', PATH: `${bin}:${process.env.PATH}` })
    const read = () => readFile(note, 'utf8').catch(() => '')
    await expect.poll(read, { timeout: 60_000 }).toContain('args:')
    const seen = await read()
    expect(seen).toMatch(/^600\n/)
    expect(seen).toContain(`url=${url}"`)
    const [, path = ''] = /args: (.*)\n$/.exec(seen) ?? []
    expect(path).not.toContain('token')
    expect(existsSync(path)).toBe(true)
    expect(await stop()).toBe(0)
    expect(existsSync(path)).toBe(false)
  })

  test('ends by itself when no page is there', async () => {
    const { running } = await startUi(['--idle', '0', '--json'])
    const { code, stdout, stderr } = await running.result
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=/) })
  })

  test('refuses ports that it cannot have', async () => {
    const env = { ...helper().env, HOLDFAST_PAGES_DIR: pagesDir }
    expect((await holdfast(['ui', '--port', '80'], { env })).code).toBe(64)
    const { url } = await startUi()
    expect((await holdfast(['ui', '--port', new URL(url).port], { env })).code).toBe(75)
  })

  test('says that there is no app when its pages are missing', async () => {
    await mkdir(join(folder.path, 'empty'))
    const env = { ...helper().env, HOLDFAST_PAGES_DIR: join(folder.path, 'empty') }
    const { code, stderr } = await holdfast(['ui'], { env })
    expect(code).toBe(78)
    expect(stderr).toContain('no index.html')
  })
})
