import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { walkWizard } from '../renderer/walkWizard.ts'
import { noStage, openStage, type Stage } from '../support/stage.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const screens = ['home', 'versions', 'restore', 'destinations', 'health', 'activity', 'settings', 'wizard']

/** The screens as people have them, in a browser with the content policy of the app, on an invented helper. */
describe.skipIf(noStage !== undefined)(`screens in a browser${noStage ? ` (${noStage})` : ''}`, () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage('stage-test')
  })
  afterAll(async () => {
    await stage?.close()
  })

  it('lead from an empty computer to a first backup under way', async () => {
    const page = await stage.open('fresh', 'home')
    await page.getByRole('link', { name: 'Set up a backup' }).click()
    await walkWizard(page)
    const asked = JSON.parse(
      String(await page.evaluate('JSON.stringify(window.stage.bridge.asked.map(({ name }) => name))')),
    ) as string[]
    const changing = asked.filter(name => !/\.(list|usage|look|fileFacts|get|lacking)$/.test(name))
    expect(changing).toEqual([
      'destinations.create',
      'recoverySheet.make',
      'recoverySheet.saved',
      'jobs.create',
      'jobs.run',
    ])
    await page.evaluate('window.stage.advance(30_000_000)')
    await page.getByText('Protected. Last backup').waitFor()
    await page.context().close()
  })

  it('do not go on from the key before the sheet is saved and its words are right', async () => {
    const page = await stage.open('fresh', 'wizard')
    await page.evaluate('window.stage.bridge.person.saves = false')
    await expect(
      walkWizard(page, async step => {
        if (step === '4-sheet') page.setDefaultTimeout(500)
      }),
    ).rejects.toThrow('The sheet is saved')
    await page.getByText('The sheet was not saved. Save it to go on.').waitFor()
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true)
    await page.context().close()
  })

  it('open a backup that is there already, and say so when the passphrase is wrong', async () => {
    const page = await stage.open('fresh', 'wizard')
    await page.getByRole('checkbox', { name: 'Read it while it is in use' }).check()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByLabel('Path of the folder').fill('/mnt/existing')
    await page.getByLabel('Path of the folder').press('Enter')
    await page.getByText('There is a backup here already').waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByLabel('Passphrase', { exact: true }).nth(1).fill('wrong')
    await page.getByRole('button', { name: 'Open this backup' }).click()
    await page.getByText('This does not open the backup').waitFor()
    await page.getByLabel('Passphrase', { exact: true }).nth(1).fill('correct horse battery staple')
    await page.getByRole('button', { name: 'Open this backup' }).click()
    await page.getByText('The key of “existing” is kept on this computer.').waitFor()
    await page.context().close()
  })

  it('see a drive that is connected while one looks', async () => {
    const page = await stage.open('empty', 'wizard')
    await page.getByText('Leave out', { exact: true }).last().click()
    await page.getByRole('checkbox', { name: 'Read it while it is in use' }).check()
    await page.getByRole('button', { name: 'Next' }).click()
    expect(await page.getByRole('radio', { name: /Samsung T7/ }).count()).toBe(0)
    await page.evaluate('window.stage.plugIn()')
    await page.getByRole('radio', { name: /Samsung T7/ }).check()
    await page.getByText('They stay as they are').waitFor()
    await page.context().close()
  })

  it('stop a backup, and say that it can go on from there', async () => {
    const page = await stage.open('running', 'home')
    await page.getByRole('button', { name: /^Stop Backup of/ }).click()
    await page.getByText('Protected. Last backup').waitFor()
    await page.context().close()
  })

  it('can be used with the keyboard alone', async () => {
    const page = await stage.open('protected', 'home')
    const focused = () => page.evaluate('document.activeElement.textContent.trim()')
    expect(await focused()).toBe('Home')
    const back = async (times: number) => {
      for (let i = 0; i < times; i++) await page.keyboard.press('Shift+Tab')
    }
    await back(8)
    expect(await focused()).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Back up now')
    await back(6)
    expect(await focused()).toBe('Versions')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'Versions' }).waitFor()
    expect(await focused()).toBe('Versions')
    expect(await page.title()).toBe('Versions – Holdfast')
    await page.context().close()
  })

  it('keep what they show while the helper is away, and say that it is', async () => {
    const page = await stage.open('protected', 'home')
    await page.evaluate(
      `window.stage.bridge.setConnection({ state: 'connecting', error: { code: 'helper.unreachable', message: 'gone', retryable: true } })`,
    )
    await page.getByText('The backup service does not answer').waitFor()
    await page.getByText('Protected. Last backup').waitFor()
    await page.context().close()
  })

  it('ask before what was changed and not saved is left behind', async () => {
    const page = await stage.open('protected', 'settings')
    await page.locator('a[href*="settings/jobs/"]').first().click()
    const name = page.getByLabel('Name', { exact: true }).first()
    await name.fill('Another name')
    await page.getByRole('link', { name: 'Home', exact: true }).click()
    const question = page.getByRole('dialog', { name: 'Leave without saving?' })
    await question.getByRole('button', { name: 'Stay here' }).click()
    await question.waitFor({ state: 'hidden' })
    expect(await name.inputValue()).toBe('Another name')
    expect(await page.evaluate('location.hash')).toMatch(/^#\/settings\//)
    await page.getByRole('link', { name: 'Home', exact: true }).click()
    await question.getByRole('button', { name: 'Leave without saving' }).click()
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
    await page.getByRole('link', { name: 'Versions', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Versions' }).waitFor()
    await page.context().close()
  })

  it('tell in German what the helper tells by codes', async () => {
    const page = await stage.open('overdue', 'home', { locale: 'de-DE' })
    await page.getByText('Sicherung „This computer“ ist überfällig').waitFor()
    await page.context().close()
  })

  it('show the version that the tray or a link asks for', async () => {
    const page = await stage.open('protected', 'versions')
    await page.getByRole('link', { name: 'Restore', exact: true }).first().waitFor()
    const link = page.locator('a[href^="#/versions/"]').first()
    const [, , destination, version] = (await link.getAttribute('href'))!.split('/')
    await link.click()
    const heading = await page.getByRole('heading', { level: 1 }).filter({ hasNotText: 'Versions' }).innerText()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'Versions' }).waitFor()
    await page.evaluate(`location.hash = '#/versions?destination=${destination}&version=${version}'`)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await page.context().close()
  })

  it('speak German from the moment that it is chosen', async () => {
    const page = await stage.open('protected', 'settings')
    await page.getByRole('textbox', { name: 'Language' }).click()
    await page.getByRole('option', { name: 'Deutsch' }).click()
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Einstellungen' }).waitFor()
    expect(await page.evaluate('document.documentElement.lang')).toBe('de')
    await page.context().close()
  })

  it.each(['light', 'dark'] as const)('have no fault that a checker of accessibility finds, %s', async colorScheme => {
    for (const screen of screens) {
      const page = await stage.open(screen === 'home' ? 'overdue' : 'protected', screen, { colorScheme })
      await page.waitForLoadState('networkidle')
      await page.evaluate(axe)
      const found = (await page.evaluate(
        'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node => id + " " + node.target)))',
      )) as string[]
      expect({ screen, found }).toEqual({ screen, found: [] })
      await page.context().close()
    }
  })

  it('break no rule of the content policy and write nothing to the console', () => {
    expect(stage.complaints).toEqual([])
  })
})
