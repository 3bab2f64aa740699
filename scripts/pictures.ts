// Makes the pictures of the README, assets/screens/*.png, from the real app on a real helper and real disks:
//   npm run pictures
// Needs root, for the disks, and Chromium.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { systemClock } from '../engine/base/clock.ts'
import { goTo } from '../test/e2e/pages/frame.ts'
import { Home } from '../test/e2e/pages/home.ts'
import { Restore } from '../test/e2e/pages/restore.ts'
import { Versions } from '../test/e2e/pages/versions.ts'
import { Wizard } from '../test/e2e/pages/wizard.ts'
import { App } from '../test/e2e/support/app.ts'
import { endedRun } from '../test/support/daemon.ts'
import { mountAt } from '../test/support/loopDevice.ts'
import { mixedImage, randomImage, writeImage } from '../test/support/mixedImage.ts'
// @ts-expect-error: a script without types
import { buildRenderer } from './build.mjs'

const MiB = 2 ** 20
const output = join(import.meta.dirname, '../assets/screens')

const pagesDir = await mkdtemp(join(tmpdir(), 'holdfast-pages-'))
await buildRenderer(pagesDir)
const app = await App.start(pagesDir)
try {
  await mkdir(output, { recursive: true })
  await takePictures(app)
} finally {
  await app.close()
  await rm(pagesDir, { recursive: true, force: true })
}

async function takePictures(app: App): Promise<void> {
  const photos = await labelled(app, 96, 'Photos')
  const drive = await labelled(app, 256, 'Backup-drive')
  const place = join(app.folder, 'drive')
  await mkdir(place)
  mountAt(drive, place)
  const image = join(app.folder, 'web-server.img')
  await writeImage(image, mixedImage(48 * MiB, 'pictures'))
  await write(photos, 40 * MiB, mixedImage(32 * MiB, 'photos'))

  const page = await app.page({ colorScheme: 'light', deviceScaleFactor: 1 })
  const home = new Home(page)
  await home.setUpBackup()
  const plan = { disk: 'Photos', imageFile: image, folder: join(place, 'Holdfast'), rhythm: 'Every day' }
  await new Wizard(page).walk(plan, async step => {
    if (step === 'when') await photograph(page, 'wizard')
  })
  const client = await app.client()
  const [view] = (await client.call('jobs.list', {})).jobs
  const job = view!.job.id
  let last = (await endedRun(client, job)).id
  for (let day = 0; day < 3; day++) {
    await write(image, (8 + 8 * day) * MiB, randomImage(MiB, `image ${day}`))
    await write(photos, (44 + 6 * day) * MiB, randomImage(2 * MiB, `photos ${day}`))
    await client.call('jobs.run', { job })
    last = (await endedRun(client, job, last)).id
  }
  await goTo(page, 'Home')
  await home.isProtected()
  await photograph(page, 'home')
  // Only now, so that home does not show a disk that nobody protects.
  await labelled(app, 128, 'Spare')
  const versions = new Versions(page)
  await versions.open()
  while ((await versions.rows.count()) < 6) await systemClock.sleep(50)
  await photograph(page, 'versions')
  const restore = new Restore(page)
  await restore.chooseNewest('Photos')
  await restore.chooseDevice('Spare')
  await restore.look()
  await photograph(page, 'restore')
}

/** A disk with a file system that has a name. Returns its path. */
async function labelled(app: App, sizeMiB: number, label: string): Promise<string> {
  const { path } = await app.drives.attach(sizeMiB)
  execFileSync('mkfs.ext4', ['-q', '-F', '-L', label, path])
  return path
}

async function write(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, offset)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function photograph(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.evaluate('document.querySelector(".hf-main").scrollTo(0, 0)')
  await page.screenshot({ path: join(output, `${name}.png`), animations: 'disabled' })
}
