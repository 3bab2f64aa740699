import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import { mixedImage, writeImage } from '../support/mixedImage.ts'
import { Home } from './pages/home.ts'
import { Wizard } from './pages/wizard.ts'
import { App } from './support/app.ts'
import { keyboard } from './support/hands.ts'

describe.skipIf(noChromium)(`somebody without a mouse${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
  })
  afterAll(() => app?.close())

  it('goes through the whole wizard to a finished backup', async () => {
    const image = join(app.folder, 'machine.img')
    await writeImage(image, mixedImage(4 * 1024 * 1024, 'keyboard'))
    const page = await app.page()
    // Whoever touched it all the same would be seen.
    await page.evaluate("addEventListener('mousedown', () => { window.wasTouched = true }, true)")
    const hands = keyboard(page)
    const home = new Home(page, hands)
    await home.setUpBackup()
    await new Wizard(page, hands).walk({ imageFile: image, folder: join(app.folder, 'backups') })
    await home.isProtected()
    expect(await page.evaluate('window.wasTouched ?? false')).toBe(false)
    const { runs } = await (await app.client()).call('runs.list', {})
    expect(runs.map(({ state }) => state)).toEqual(['complete'])
    expect(app.complaints).toEqual([])
  })
})
