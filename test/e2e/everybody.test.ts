import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { noChromium } from '../support/chromium.ts'
import { makeVersion } from '../support/driveWorld.ts'
import { mixedImage } from '../support/mixedImage.ts'
import { goTo, screens } from './pages/frame.ts'
import { Settings } from './pages/settings.ts'
import { App, photograph } from './support/app.ts'
import { faultsOf } from './support/axe.ts'

describe.skipIf(noChromium)(`screens on a real helper${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App
  let page: Page
  beforeAll(async () => {
    app = await App.start(inject('pagesDir'))
    await makeVersion(await app.client(), app.folder, mixedImage(4 * 1024 * 1024, 'everybody'))
    page = await app.page()
  })
  afterAll(() => app?.close())

  it.each(['light', 'dark'] as const)('have no fault that a checker of accessibility finds, %s', async colorScheme => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const screen of screens) {
      await goTo(page, screen)
      await page.waitForLoadState('networkidle')
      await photograph(page, `screen-${screen.toLowerCase()}-${colorScheme}`)
      expect({ screen, faults: await faultsOf(page) }).toEqual({ screen, faults: [] })
    }
  })

  it('are dark from the moment that this is chosen, also when they are opened again', async () => {
    const isDark = () => page.evaluate('document.documentElement.dataset.mantineColorScheme')
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
    await goTo(page, 'Settings')
    const settings = new Settings(page)
    await settings.appear('Dark')
    await expect.poll(isDark).toBe('dark')
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor()
    expect(await isDark()).toBe('dark')
    await settings.appear('Light')
    await expect.poll(isDark).toBe('light')
  })

  it('speak German from the moment that it is chosen, and English again', async () => {
    await goTo(page, 'Settings')
    const settings = new Settings(page)
    await settings.speak('Deutsch')
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor()
    await photograph(page, 'german')
    await settings.speak('English', 'Sprache')
    await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor()
  })

  it('are shown without a complaint of the browser', () => {
    expect(app.complaints).toEqual([])
  })
})
