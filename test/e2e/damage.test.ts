import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import { makeVersion } from '../support/driveWorld.ts'
import { randomImage } from '../support/mixedImage.ts'
import { goTo } from './pages/frame.ts'
import { Health } from './pages/health.ts'
import { Home } from './pages/home.ts'
import { Restore } from './pages/restore.ts'
import { App, photograph } from './support/app.ts'

const content = randomImage(8 * 1024 * 1024, 'damage')

describe.skipIf(noChromium)(`a backup that is damaged where it lies${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App
  let page: Page
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    await makeVersion(await app.client(), app.folder, content)
    page = await app.page()
  })
  afterAll(() => app?.close())

  it('is found by a check and shown with what it affects', async () => {
    await flipBytes(join(app.folder, 'backups'))
    const health = new Health(page)
    await health.open()
    await health.verify('backups')
    await health.lastCheck(/damaged part/).waitFor()
    await health.damage.getByText('1 version in backups is damaged').waitFor()
    await photograph(page, 'damage-found')
    await goTo(page, 'Home')
    await new Home(page).hero.getByText('1 version is damaged').waitFor()
    await photograph(page, 'damage-home')
  })

  it('is mended by the next backup, and shown as whole', async () => {
    const home = new Home(page)
    await home.backUpNow()
    await home.isProtected()
    const health = new Health(page)
    await health.open()
    await health.damage.waitFor({ state: 'hidden' })
    await health.verify('backups')
    await health.lastCheck(/^No damage\./).waitFor()
    await photograph(page, 'damage-healed')
  })

  it('gives everything back after that', async () => {
    const restore = new Restore(page)
    await restore.chooseNewest('disk')
    await restore.chooseNewFile(app.folder, 'whole.img')
    await restore.look()
    await restore.restoreToFile()
    await restore.isComplete()
    expect((await readFile(join(app.folder, 'whole.img'))).equals(content)).toBe(true)
  })

  it('was shown all of it without a complaint of the browser', () => {
    expect(app.complaints).toEqual([])
  })
})

/** Turns over some bytes in the middle of the largest file of a repository. */
async function flipBytes(repository: string): Promise<void> {
  const entries = await readdir(repository, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const sizes = await Promise.all(paths.map(async path => ({ path, size: (await stat(path)).size })))
  const { path, size } = sizes.toSorted((a, b) => b.size - a.size)[0]!
  const file = await open(path, 'r+')
  try {
    const at = Math.floor(size / 2)
    const { buffer } = await file.read(Buffer.alloc(16), 0, 16, at)
    await file.write(
      buffer.map(byte => byte ^ 0xff),
      0,
      16,
      at,
    )
  } finally {
    await file.close()
  }
}
