import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import type { HelperClient } from '../support/daemon.ts'
import { makeVersion } from '../support/driveWorld.ts'
import { randomImage, writeImage } from '../support/mixedImage.ts'
import { Home } from './pages/home.ts'
import { App } from './support/app.ts'

const MiB = 1024 * 1024

describe.skipIf(noChromium)(`a backup under way${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App
  let client: HelperClient
  let job: string
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    client = await app.client()
    const made = await makeVersion(client, app.folder, randomImage(MiB, 'first'))
    job = made.job.id
    // So slow that it is under way for as long as anybody looks.
    await client.call('jobs.edit', { job, changes: { limits: { read: 50_000, write: null } } })
    await writeImage(made.image, randomImage(64 * MiB, 'second'))
  })
  afterAll(() => app?.close())

  const running = async () => {
    const { runs } = await client.call('runs.list', {})
    return runs.filter(({ state }) => state === 'running').map(({ id }) => id)
  }

  it('goes on when its page is loaded again, closed and opened, and two pages tell the same of it', async () => {
    let first: Page = await app.page()
    const context = first.context()
    const address = new URL(first.url()).origin
    const open = async () => {
      const page = await context.newPage()
      await page.goto(address)
      return page
    }
    await new Home(first).backUpNow()
    await new Home(first).progress.waitFor()
    const begun = await running()
    expect(begun).toHaveLength(1)

    await first.reload()
    await new Home(first).progress.waitFor()
    const second = await open()
    await new Home(second).progress.waitFor()
    await first.close()
    expect(await running()).toEqual(begun)
    first = await open()
    await new Home(first).progress.waitFor()
    expect(await running()).toEqual(begun)

    // What one does, the other shows.
    await first.getByRole('button', { name: 'Stop Backup of Disk' }).click()
    await new Home(second).progress.waitFor({ state: 'hidden' })
    await new Home(first).progress.waitFor({ state: 'hidden' })
    expect((await client.call('runs.get', { run: begun[0]! })).run.state).toBe('cancelled')

    await client.call('jobs.edit', { job, changes: { limits: { read: null, write: null } } })
    await new Home(second).backUpNow()
    for (const page of [first, second]) {
      await expect
        .poll(async () => (await client.call('runs.list', { limit: 1 })).runs[0]!.state, { timeout: 60_000 })
        .toBe('complete')
      await new Home(page).isProtected()
    }
    const sentence = (page: Page) => page.locator('.hf-hero-sentence').textContent()
    await expect.poll(async () => (await sentence(first)) === (await sentence(second))).toBe(true)
    expect(app.complaints).toEqual([])
  })
})
