import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import { makeVersion } from '../support/driveWorld.ts'
import { mixedImage } from '../support/mixedImage.ts'
import { Restore } from './pages/restore.ts'
import { App, photograph } from './support/app.ts'

const content = mixedImage(8 * 1024 * 1024, 'other computer')

describe.skipIf(noChromium)(`the backup of another computer${noChromium ? ` (${noChromium})` : ''}`, () => {
  let other: App
  let own: App
  let words: string
  beforeAll(async () => {
    other = await App.start(inject('pagesDir'))
    words = (await makeVersion(await other.client(), other.folder, content)).recoveryPhrase
    await other.daemon.stop()
    own = await App.start(inject('pagesDir'))
  })
  afterAll(async () => {
    await own?.close()
    await other?.close()
  })

  it('is opened by its 24 words alone, and restored', async () => {
    const page = await own.page()
    const restore = new Restore(page)
    const [first, ...rest] = words.split(' ')
    await restore.openByWords(join(other.folder, 'backups'), [`${first}x`, ...rest].join(' '))
    await page.getByText('Word 1, ').waitFor()
    await photograph(page, 'other-wrong-word')
    await restore.typeWords(words)
    await restore.openBackup()
    await restore.chooseShown('disk')
    await restore.chooseNewFile(own.folder, 'theirs.img')
    await restore.look()
    await restore.restoreToFile()
    await restore.isComplete()
    expect((await readFile(join(own.folder, 'theirs.img'))).equals(content)).toBe(true)
    expect(own.complaints).toEqual([])
  })
})
