import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import type { HelperClient } from '../support/daemon.ts'
import { makeVersion } from '../support/driveWorld.ts'
import { mixedImage } from '../support/mixedImage.ts'
import { Home } from './pages/home.ts'
import { App, photograph } from './support/app.ts'

describe.skipIf(noChromium)(`a destination that is away${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App
  let page: Page
  let client: HelperClient
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    client = await app.client()
    await makeVersion(client, app.folder, mixedImage(4 * 1024 * 1024, 'waiting'))
    page = await app.page()
  })
  afterAll(() => app?.close())

  it('is waited for, which is no failure, and the backup goes on by itself when it is back', async () => {
    const place = join(app.folder, 'backups')
    const home = new Home(page)
    await home.isProtected()
    await rename(place, `${place}.away`)
    await home.backUpNow()
    await home.hero.getByText('Waiting for backups').waitFor()
    await photograph(page, 'waiting')
    await rename(`${place}.away`, place)
    await home.isProtected()
    const newest = async () => (await client.call('runs.list', { limit: 1 })).runs[0]!
    await expect.poll(async () => (await newest()).state, { timeout: 60_000 }).toBe('complete')
    await home.isProtected()
  })

  it('was shown all of it without a complaint of the browser', () => {
    expect(app.complaints).toEqual([])
  })
})
