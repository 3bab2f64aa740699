import { execFileSync } from 'node:child_process'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import type { HelperClient } from '../support/daemon.ts'
import { makeVersion, unmounted } from '../support/driveWorld.ts'
import { type LoopDevice, mountAt, noLoopDevices } from '../support/loopDevice.ts'
import { mixedImage } from '../support/mixedImage.ts'
import { Restore } from './pages/restore.ts'
import { App, photograph } from './support/app.ts'
import { keyboard } from './support/hands.ts'

const why = noChromium ?? noLoopDevices
const MiB = 1024 * 1024
const content = mixedImage(24 * MiB, 'restore')

describe.skipIf(why)(`a version that is restored${why ? ` (${why})` : ''}`, () => {
  let app: App
  let page: Page
  let client: HelperClient
  let target: LoopDevice
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    client = await app.client()
    // The backup is on a drive, so that there is one that must not be written over.
    const drive = await app.drives.attach(96, 'ext4')
    await unmounted(drive)
    await mkdir(join(app.folder, 'drive'))
    mountAt(drive.path, join(app.folder, 'drive'))
    await makeVersion(client, join(app.folder, 'drive'), content)
    holder = drive
    target = await app.drives.attach(24)
    small = await app.drives.attach(8)
    busy = await app.drives.attach(32, 'ext4')
    await unmounted(busy)
    await mkdir(join(app.folder, 'busy'))
    mountAt(busy.path, join(app.folder, 'busy'))
    page = await app.page()
  })
  afterAll(() => app?.close())
  let holder: LoopDevice
  let small: LoopDevice
  let busy: LoopDevice

  it('cannot be put where it must not be, and each such place stands there with the reason', async () => {
    const restore = new Restore(page)
    // Other tests look at all disks of the machine, too, and each is in use for as long as somebody looks.
    const look = async () => {
      await restore.chooseNewest('disk')
      const reasons = await Promise.all([holder, busy, small].map(({ path }) => restore.reason(path)))
      return [...reasons, await restore.target(target.name).count()]
    }
    await expect
      .poll(look, { timeout: 60_000, interval: 200 })
      .toEqual([
        'Your backup is on that disk',
        'The disk is in use: it is mounted',
        'The disk is too small for this version',
        1,
      ])
    for (const { name } of [holder, busy, small]) expect(await restore.target(name).count()).toBe(0)
    expect(await page.getByRole('button', { name: 'See what will happen' }).isDisabled()).toBe(true)
    await photograph(page, 'restore-targets')
  })

  it('overwrites a disk only when the name of just that disk was typed, and is the same byte for byte', async () => {
    const restore = new Restore(page)
    await restore.chooseDevice(target.name)
    await restore.look()
    await photograph(page, 'restore-plan')
    await restore.askErase()
    expect(await restore.eraseButton.isDisabled()).toBe(true)
    const name = target.name.slice(-4)
    for (const wrong of [name.slice(1), `${name}0`, holder.name]) {
      await restore.confirm(wrong)
      expect(await restore.eraseButton.isDisabled()).toBe(true)
    }
    expect((await bytesOf(target)).every(byte => byte === 0)).toBe(true)
    await restore.confirm(name)
    await photograph(page, 'restore-question')
    await restore.erase()
    await restore.isComplete()
    await photograph(page, 'restore-complete')
    expect((await bytesOf(target)).equals(content)).toBe(true)
  })

  it('becomes a new file, byte for byte, without anybody touching the mouse', async () => {
    const restore = new Restore(page, keyboard(page))
    await restore.chooseNewest('disk')
    await restore.chooseNewFile(app.folder, 'given-back.img')
    await restore.look()
    await restore.restoreToFile()
    await restore.isComplete()
    expect((await readFile(join(app.folder, 'given-back.img'))).equals(content)).toBe(true)
    const { runs } = await client.call('runs.list', {})
    expect(runs.filter(({ kind }) => kind === 'restore').map(({ state }) => state)).toEqual(['complete', 'complete'])
  })

  it('was shown all of it without a complaint of the browser', () => {
    expect(app.complaints).toEqual([])
  })
})

/** What is on the medium. */
async function bytesOf({ path }: LoopDevice): Promise<Buffer> {
  execFileSync('blockdev', ['--flushbufs', path])
  const device = await open(path, 'r')
  try {
    return (await device.read(Buffer.alloc(content.length), 0, content.length, 0)).buffer
  } finally {
    await device.close()
  }
}
