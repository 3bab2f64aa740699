import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { BridgeConnection, Reply } from '../../engine/contract/appBridge.ts'
import { pkexecPath } from '../../main/raisedHelper.ts'
import { holdfast as runHoldfast } from '../support/holdfast.ts'
import { otherClient } from './support/desktop.ts'
import { itOnStandin } from './support/onStandin.ts'
import { useDesktop } from './support/useDesktop.ts'

let page: Page

const desktop = useDesktop(async it => {
  await it.start()
  page = await it.page()
  await page.evaluate(() => {
    const connections: unknown[] = []
    const news: unknown[] = []
    Object.assign(globalThis, { connections, news })
    holdfast.shell.connection(connection => connections.push(connection))
    holdfast.topics.jobs({
      state: ({ jobs }) => news.push({ state: jobs.length }),
      change: () => news.push('change'),
      refused: ({ code }) => news.push(code),
    })
  })
})
const connection = () =>
  page.evaluate(() => (globalThis as unknown as { connections: BridgeConnection[] }).connections.at(-1))
const news = () => page.evaluate(() => (globalThis as unknown as { news: unknown[] }).news)
const status = () => page.evaluate(() => holdfast.calls['status.get']({}))
const isConnected = async () => (await connection())?.state === 'connected'

describe('the app and the background service of its person', () => {
  it('starts one where there is none, and says what it is', async () => {
    await expect.poll(isConnected, { timeout: 20_000 }).toBe(true)
    const { version } = await import('../../package.json', { with: { type: 'json' } }).then(module => module.default)
    expect(await connection()).toEqual({
      state: 'connected',
      mode: 'user',
      program: version,
      canUnlock: existsSync(pkexecPath),
    })
    expect(await status()).toMatchObject({ ok: true, value: { mode: 'user' } })
  })

  it('gives errors of the service as they are', async () => {
    const reply = await page.evaluate(() => holdfast.calls['jobs.resume']({ job: 'no such job' }))
    expect(reply).toMatchObject({ ok: false, error: { code: 'config.notFound', retryable: false } })
  })

  it('tells the state of a topic to each who watches it, and nothing after they have stopped', async () => {
    await expect.poll(news).toEqual([{ state: 0 }])
    const second = await page.evaluate(
      () =>
        new Promise(resolve => {
          const stop = holdfast.topics.jobs({
            state: ({ jobs }) => {
              stop()
              resolve(jobs)
            },
            change: () => undefined,
            refused: () => undefined,
          })
        }),
    )
    expect(second).toEqual([])
    expect(await news()).toEqual([{ state: 0 }])
  })

  it('connects to a new one when it was killed, and topics go on with their whole state', async () => {
    const killed = await desktop.it.helperPid()
    await desktop.it.killHelper()
    await expect.poll(news, { timeout: 20_000 }).toEqual([{ state: 0 }, { state: 0 }])
    expect(await desktop.it.helperPid()).not.toBe(killed)
    const told = await page.evaluate(() =>
      (globalThis as unknown as { connections: { state: string }[] }).connections.map(({ state }) => state),
    )
    expect(told.slice(-2)).toEqual(['connecting', 'connected'])
    expect(await status()).toMatchObject({ ok: true })
  })

  it('is refused rights where nobody can be asked for a password', async context => {
    if (!existsSync(pkexecPath)) return context.skip('pkexec is not installed')
    const reply = (await page.evaluate(() => holdfast.shell.unlock())) as Reply<null>
    expect(reply).toMatchObject({ ok: false, error: { code: 'access.denied', details: { reason: 'noAgent' } } })
    expect(!reply.ok && reply.error.advice).toContain('authentication agent')
    expect(await status()).toMatchObject({ ok: true, value: { mode: 'user' } })
  })

  it('uses the one that runs already when it is started again', async () => {
    const before = await desktop.it.helperPid()
    await desktop.it.quit()
    expect(await desktop.it.helperPid()).toBe(before)
    await desktop.it.start()
    page = await desktop.it.page()
    await expect.poll(async () => (await status()).ok, { timeout: 20_000 }).toBe(true)
    expect(await desktop.it.helperPid()).toBe(before)
  })

  itOnStandin('shows what the service wants people to know, and the tray agrees', async () => {
    const { folder, env } = desktop.it
    const image = join(folder, 'disk.img')
    await writeFile(image, Buffer.alloc(1024 * 1024, 7))
    const repository = join(folder, 'repository')
    const passphrase = 'open sesame'
    const place = { HOLDFAST_REPO: repository, HOLDFAST_PASSPHRASE: passphrase }
    const made = await runHoldfast(['init'], { env: { ...place, HOLDFAST_STATE_DIR: env.HOLDFAST_STATE_DIR! } })
    expect(made).toMatchObject({ code: 0 })
    const client = await otherClient(desktop.it)
    try {
      const { source } = await client.call('sources.offerFile', { path: image })
      const { destination } = await client.call('destinations.add', { name: 'Drive', url: repository, passphrase })
      const sources = [{ source, name: 'disk' }]
      const settings = { name: 'Photos', sources, destinations: [destination.id], schedule: null }
      const { job } = await client.call('jobs.create', { settings })
      await rm(image)
      await client.call('jobs.run', { job: job.id })
    } finally {
      client.close()
    }
    await expect
      .poll(() => desktop.it.recorded('notification'), { timeout: 20_000 })
      .toMatchObject([[{ title: expect.stringContaining('Photos'), urgency: expect.any(String) }]])
    const tray = () =>
      desktop.it.app.evaluate(({ Tray }) => {
        const [shown] = (Tray as unknown as { shown: { image: { path: string }; tooltip: string }[] }).shown
        return `${shown!.image.path.replace(/.*\//, '')}: ${shown!.tooltip.split('\n')[1]}`
      })
    await expect.poll(tray).toBe('tray-attention.png: Backup failed: Photos')
  })
})
