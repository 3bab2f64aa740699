import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import { manifestOf } from '../support/diskImages.ts'
import { makeVersion } from '../support/driveWorld.ts'
import { noLoopDevices } from '../support/loopDevice.ts'
import { missingProgram } from '../support/programs.ts'
import { Files } from './pages/files.ts'
import { Restore } from './pages/restore.ts'
import { App, photograph } from './support/app.ts'
import { faultsOf } from './support/axe.ts'

const missing = ['nbdfuse', 'qemu-io', 'getfattr'].map(missingProgram).find(reason => reason !== undefined)
const noFuse = existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse'
const why = noChromium ?? noLoopDevices ?? missing ?? noFuse
const MiB = 1024 * 1024
const day = 86_400_000

describe.skipIf(why)(`files of a version${why ? ` (${why})` : ''}`, () => {
  let app: App
  let page: Page
  /** What was on the disk that was backed up. */
  let original: string
  let content: Buffer
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    original = join(app.folder, 'original')
    await mkdir(join(original, 'photos/2026'), { recursive: true })
    await writeFile(join(original, 'letter.txt'), randomBytes(70_001))
    await writeFile(join(original, 'photos/2026/sea.jpg'), randomBytes(3 * MiB))
    await writeFile(join(original, 'photos/empty'), '')
    execFileSync('ln', ['-s', '2026/sea.jpg', join(original, 'photos/newest')])
    execFileSync('chmod', ['640', join(original, 'photos/2026/sea.jpg')])
    // mkfs keeps whole seconds.
    execFileSync('find', [original, '-exec', 'touch', '-h', '-d', '2026-03-01 10:00:00', '{}', '+'])
    const image = join(app.folder, 'made.img')
    execFileSync('mkfs.ext4', ['-q', '-d', original, image, '48M'])
    content = await readFile(image)
    await makeVersion(await app.client(), app.folder, content)
    page = await app.page()
    // The backup was made today; for whoever looks, it is tomorrow.
    await page.clock.setFixedTime(Date.now() + day)
    await page.reload()
    await page.evaluate("window.clicks = 0; addEventListener('click', () => window.clicks++, true)")
  })
  afterAll(() => app?.close())

  /** The only folder in the home of the person: where files come back to. */
  const restoredFolder = async () => {
    const folders = await readdir(app.home)
    expect(folders).toEqual([expect.stringMatching(/^Restored from /)])
    return join(app.home, folders[0]!)
  }

  it.each(['letter.txt', 'photos'])(
    'come back from yesterday with three clicks from the start screen: %s',
    async name => {
      const files = new Files(page)
      await page.getByRole('navigation').getByRole('link', { name: 'Home' }).click()
      await page.evaluate('window.clicks = 0')
      await files.openFromHome('disk', 'yesterday')
      await files.select(name)
      await photograph(page, `files-${name}`)
      await files.getBack()
      await files.areBack()
      expect(await page.evaluate('window.clicks')).toBe(3)
      const folder = await restoredFolder()
      if (name === 'photos') {
        expect(manifestOf(join(folder, name))).toBe(manifestOf(join(original, name)))
      } else {
        expect((await readFile(join(folder, name))).equals(await readFile(join(original, name)))).toBe(true)
      }
      await photograph(page, `files-back-${name}`)
    },
  )

  it('are attached for as long as the bar says so, and then no more', async () => {
    const files = new Files(page)
    await files.openAttached()
    expect(await faultsOf(page)).toEqual([])
    await files.detachAllFiles()
    await page.getByText('Nothing is attached').waitFor()
  })

  it('can be repaired in a writable copy, which is kept as a version and restored byte for byte', async () => {
    const files = new Files(page)
    await files.openVersions()
    await page.locator('.hfv-row a[title="disk"]').first().click()
    const uri = await files.makeCopy()
    await photograph(page, 'files-copy')
    expect(await faultsOf(page)).toEqual([])
    execFileSync('qemu-io', ['-f', 'raw', '-c', 'write -P 0x5a 20M 96k', '-c', 'flush', uri])
    await files.keepCopy('repaired')
    await page.getByText('repaired').first().waitFor()
    await page.getByRole('link', { name: 'Restore', exact: true }).last().click()
    const restore = new Restore(page)
    await restore.chooseNewFile(app.folder, 'repaired.img')
    await restore.look()
    await restore.restoreToFile()
    await restore.isComplete()
    const expected = Buffer.from(content)
    expected.fill(0x5a, 20 * MiB, 20 * MiB + 96 * 1024)
    expect((await readFile(join(app.folder, 'repaired.img'))).equals(expected)).toBe(true)
  })

  it('were shown all of it without a complaint of the browser', () => {
    expect(app.complaints).toEqual([])
  })
})
