import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import { noLoopDevices } from '../support/loopDevice.ts'
import { mixedImage, randomImage, writeImage } from '../support/mixedImage.ts'
import { goTo } from './pages/frame.ts'
import { Home } from './pages/home.ts'
import { Versions } from './pages/versions.ts'
import { Wizard } from './pages/wizard.ts'
import { App, photograph } from './support/app.ts'

const why = noChromium ?? noLoopDevices
const MiB = 1024 * 1024

describe.skipIf(why)(`a computer without a backup${why ? ` (${why})` : ''}`, () => {
  let app: App
  let page: Page
  let image: string
  let disk: string
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    image = join(app.folder, 'machine.img')
    await writeImage(image, mixedImage(24 * MiB, 'first run'))
    const loop = await app.drives.attach(16)
    disk = loop.path
    await writeTo(disk, 0, mixedImage(16 * MiB, 'disk'))
    page = await app.page()
  })
  afterAll(() => app?.close())

  it('gets its first, of an image file and of a disk, by the wizard', async () => {
    const home = new Home(page)
    await page.getByText('Nothing is protected yet').waitFor()
    await photograph(page, 'first-run-empty')
    await home.setUpBackup()
    const wizard = new Wizard(page)
    const plan = { disk: disk.slice('/dev/'.length), imageFile: image, folder: join(app.folder, 'backups') }
    const words = await wizard.walk(plan, step => photograph(page, `first-run-${step}`))
    expect(words.split(' ')).toHaveLength(24)
    await home.isProtected()
    await photograph(page, 'first-run-home')

    const client = await app.client()
    const { runs } = await client.call('runs.list', {})
    expect(runs).toMatchObject([{ state: 'complete', parts: [{ state: 'complete' }, { state: 'complete' }] }])
    const versions = new Versions(page)
    await versions.open()
    await versions.of('machine').waitFor()
    await expect.poll(() => versions.rows.count()).toBe(2)
    await photograph(page, 'first-run-versions')
  })

  it('stores only what has changed with the next one', async () => {
    await writeTo(image, 3 * MiB, randomImage(64 * 1024, 'image changed'))
    await writeTo(disk, 5 * MiB, randomImage(64 * 1024, 'disk changed'))
    await goTo(page, 'Home')
    const home = new Home(page)
    await home.backUpNow()
    const versions = new Versions(page)
    await versions.open()
    await expect.poll(() => versions.of('machine').count(), { timeout: 60_000 }).toBe(2)
    await expect.poll(() => versions.rows.count(), { timeout: 60_000 }).toBe(4)
    await goTo(page, 'Home')
    await home.isProtected()

    const client = await app.client()
    const [newest] = (await client.call('runs.list', { limit: 1 })).runs
    expect(newest).toMatchObject({ state: 'complete', warnings: [] })
    for (const { newBytes, storedBytes } of newest!.parts) {
      expect(newBytes).toBeGreaterThanOrEqual(64 * 1024)
      expect(newBytes).toBeLessThanOrEqual(256 * 1024)
      expect(storedBytes).toBeLessThan(512 * 1024)
    }
  })

  it('was shown all of it without a complaint of the browser', () => {
    expect(app.complaints).toEqual([])
  })
})

async function writeTo(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, offset)
    await file.sync()
  } finally {
    await file.close()
  }
  expect((await readFile(path)).subarray(offset, offset + bytes.length).equals(bytes)).toBe(true)
}
