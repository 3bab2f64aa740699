import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noStage, openStage, type Stage } from '../support/stage.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const passphrase = 'violet harbour seldom copper lantern'

/** Calls that changed something, by name, in order. */
const changing = async (page: Page): Promise<string[]> => {
  const names = JSON.parse(
    String(await page.evaluate('JSON.stringify(window.stage.bridge.asked.map(({ name }) => name))')),
  ) as string[]
  return names.filter(name => !/\.(list|usage|look|get|history|preview|lacking)$/.test(name))
}
const world = (page: Page, expression: string) => page.evaluate(`window.stage.world.${expression}`)
const idOf = async (page: Page, what: 'jobs' | 'places') => String(await world(page, `${what}.keys().next().value`))
const goTo = async (page: Page, hash: string) => {
  await page.evaluate(`location.hash = ${JSON.stringify(`#/${hash}`)}`)
}
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true })
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name }).waitFor()

describe.skipIf(noStage !== undefined)(
  `destinations, health, activity and settings in a browser${noStage ? ` (${noStage})` : ''}`,
  () => {
    let stage: Stage
    beforeAll(async () => {
      stage = await openStage('stage-upkeep')
    })
    afterAll(async () => {
      await stage?.close()
    })

    it('add a second place, save its sheet, and let the backup use it', async () => {
      const page = await stage.open('protected', 'destinations')
      await page.getByText('Add a second place. One copy is not enough').waitFor()
      await page.getByRole('link', { name: 'Add a destination' }).click()
      await page.getByLabel('Path of the folder').fill('/mnt/nas')
      await page.getByLabel('Path of the folder').press('Enter')
      await page.getByText('They stay as they are').waitFor()
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.getByLabel('Passphrase once more').fill('another')
      expect(await button(page, 'Create the backup').isDisabled()).toBe(true)
      await page.getByLabel('Passphrase once more').fill(passphrase)
      await button(page, 'Create the backup').click()
      await button(page, 'Save the sheet…').click()
      await page.getByRole('heading', { name: 'Use it for your backups' }).waitFor()
      await button(page, 'Use it').click()
      await heading(page, 'nas')
      expect(await changing(page)).toEqual([
        'destinations.create',
        'recoverySheet.make',
        'recoverySheet.saved',
        'jobs.edit',
      ])
      expect(await world(page, 'jobs.values().next().value.destinations.length')).toBe(2)
      await page.context().close()
    })

    it('change the passphrase and then remove the old one', async () => {
      const page = await stage.open('protected', 'destinations')
      await page.getByRole('link', { name: 'Samsung T7', exact: true }).click()
      await button(page, 'Change the passphrase').click()
      await page.getByLabel('Passphrase', { exact: true }).fill(passphrase)
      await page.getByLabel('Passphrase once more').fill(passphrase)
      await button(page, 'Take this passphrase').click()
      await page.getByText('The old passphrase still opens the backup.').waitFor()
      await button(page, 'Remove the old one').click()
      await page.getByText('The old passphrase still opens').waitFor({ state: 'hidden' })
      expect(await changing(page)).toEqual(['keys.addPassphrase', 'keys.remove'])
      await page.context().close()
    })

    it('take a recovery phrase back that nobody has saved', async () => {
      const page = await stage.open('protected', 'home')
      await goTo(page, `destinations/${await idOf(page, 'places')}?do=sheet`)
      await button(page, 'Make the sheet').click()
      await page.getByText('Closing now makes the 24 words useless').waitFor()
      await page.evaluate('window.stage.bridge.person.saves = false')
      await button(page, 'Save the sheet…').click()
      await page.getByText('The sheet was not saved.').waitFor()
      await button(page, 'Close').click()
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      expect(await changing(page)).toEqual(['keys.addRecoveryPhrase', 'recoverySheet.make', 'keys.remove'])
      await page.context().close()
    })

    it('ask before a key is forgotten, and take it again', async () => {
      const page = await stage.open('protected', 'home')
      await goTo(page, `destinations/${await idOf(page, 'places')}`)
      await button(page, 'Forget the passphrase').click()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      expect(await changing(page)).toEqual([])
      await button(page, 'Forget the passphrase').click()
      await page.getByRole('dialog').getByRole('button', { name: 'Forget the passphrase' }).click()
      await page.getByLabel('Enter the passphrase').fill('wrong')
      await button(page, 'Keep this passphrase').click()
      await page.getByText('This does not open the backup').waitFor()
      await page.getByLabel('Enter the passphrase').fill('correct horse battery staple')
      await button(page, 'Keep this passphrase').click()
      await button(page, 'Change the passphrase').waitFor()
      await page.context().close()
    })

    it('eject a drive and say that it can be unplugged', async () => {
      const page = await stage.open('protected', 'destinations')
      await button(page, 'Eject Samsung T7').click()
      await page.getByText('Samsung T7 can be unplugged now.').waitFor()
      await page.getByText('Waiting for Samsung T7').waitFor()
      await page.context().close()
    })

    it('verify from the health list, with progress, and answer the question then', async () => {
      const page = await stage.open('protected', 'health')
      await button(page, 'Verify now').first().click()
      await page.getByRole('progressbar').waitFor()
      await page.evaluate('window.stage.advance(30_000_000)')
      await page.getByText(/^No damage\. /).waitFor()
      expect(await page.getByText('Worth doing', { exact: true }).count()).toBe(3)
      await page.context().close()
    })

    it('say what damage affects and how it heals', async () => {
      const page = await stage.open('damaged', 'health')
      await page.getByText('4 versions in Samsung T7 are damaged').waitFor()
      expect(await page.getByRole('link', { name: 'home', exact: true }).count()).toBe(2)
      await button(page, 'Back up now to mend it').click()
      await page.getByText('Begun.').waitFor()
      expect(await changing(page)).toEqual(['jobs.run'])
      await page.context().close()
    })

    it('tell of a failure what happened, what is safe and what to do', async () => {
      const page = await stage.open('overdue', 'activity')
      await page.getByLabel('Only with trouble').check()
      await page.getByText('9 entries').waitFor()
      await page.getByRole('link', { name: 'Backup of This computer' }).first().click()
      await page.getByText('The destination is full', { exact: true }).waitFor()
      await page.getByText('All versions from before are unchanged').waitFor()
      await page.getByRole('link', { name: 'Open the destination' }).waitFor()
      await button(page, 'Save as JSON…').click()
      await button(page, 'Save the support file…').click()
      await page.getByText('Saved. Look through it').waitFor()
      expect(await page.evaluate('window.stage.bridge.saved.length')).toBe(2)
      await page.context().close()
    })

    it('stop a backup at once and a restore only when asked twice', async () => {
      const page = await stage.open('running', 'activity')
      await page.evaluate(`(async () => {
        const { world, bridge } = window.stage
        const destination = world.places.keys().next().value
        const version = world.versionsOf(destination)[0].id
        const target = { kind: 'newFile', path: '/home/anna/old.img' }
        const { value } = await bridge.calls['restores.plan']({ destination, version, target })
        await bridge.calls['restores.start']({ planId: value.planId, confirmation: '' })
      })()`)
      await button(page, /^Stop Restore of/).click()
      await page.getByText('unusable until you start again').waitFor()
      await button(page, 'Go on restoring').click()
      expect(await page.getByRole('progressbar').count()).toBe(2)
      await button(page, /^Stop Backup of/).click()
      await button(page, /^Stop Backup of/).waitFor({ state: 'hidden' })
      expect(await page.getByRole('progressbar').count()).toBe(1)
      await page.context().close()
    })

    it('show history page by page', async () => {
      const page = await stage.open('manyVersions', 'activity')
      await page.getByText('200 entries').waitFor()
      await expect.poll(() => page.locator('.hf-activity-table tbody tr').count()).toBe(60)
      await button(page, 'Show older').first().click()
      await expect.poll(() => page.locator('.hf-activity-table tbody tr').count()).toBe(120)
      await page.context().close()
    })

    it('save exactly what was changed of a backup, and nothing that cannot be read', async () => {
      const page = await stage.open('protected', 'settings')
      await page.getByRole('link', { name: 'Edit This computer' }).click()
      await page.getByLabel('As I write it').check()
      await page.getByLabel('Schedule', { exact: true }).fill('weekly onn mon')
      await page.getByText('Not understood from sign 8 on').waitFor()
      expect(await button(page, 'Save').isDisabled()).toBe(true)
      await page.getByLabel('Schedule', { exact: true }).fill('weekly on mon at 03:00')
      await page.getByText('Understood as: Every Monday at 03:00').waitFor()
      await button(page, 'Add quiet hours').click()
      await page.getByRole('slider', { name: 'How much is kept' }).focus()
      await page.keyboard.press('ArrowRight')
      await page.getByText('One version of each of the last 48 hours').waitFor()
      await page.getByLabel('Write at most').pressSequentially('0.5')
      await page.getByLabel('Overdue after').pressSequentially('72')
      await button(page, 'Save').click()
      await page.getByText('Saved.', { exact: true }).waitFor()
      const sent = await page.evaluate(
        `JSON.stringify(window.stage.bridge.asked.findLast(({ name }) => name === 'jobs.edit').input.changes)`,
      )
      expect(JSON.parse(String(sent))).toEqual({
        schedule: { rules: [{ kind: 'weekly', weekdays: ['mon'], time: '03:00' }] },
        retention: 'latest3,hours48,days30,weeks26,months36,years10',
        limits: { read: null, write: 500_000 },
        overdueAfterHours: 72,
        conditions: { onBattery: 'wait', metered: 'wait', quietHours: [{ from: '22:00', to: '06:00' }] },
      })
      await page.context().close()
    })

    it('pause a backup and let it go on, look ahead, and delete it only when asked', async () => {
      const page = await stage.open('protected', 'home')
      await goTo(page, `settings/jobs/${await idOf(page, 'jobs')}`)
      await button(page, 'Pause').click()
      await page.getByRole('menuitem', { name: 'Until I resume it' }).click()
      await page.getByText('Paused until you resume it').waitFor()
      await button(page, 'Resume').click()
      await button(page, 'Look now').click()
      await page.getByText('root: removes 1 old version').waitFor()
      await button(page, 'Delete the backup').click()
      await page.getByRole('dialog').getByRole('button', { name: 'Delete the backup' }).click()
      await page.getByText('No backup is set up yet.').waitFor()
      expect(await changing(page)).toEqual(['jobs.pause', 'jobs.resume', 'jobs.remove'])
      await page.context().close()
    })

    it('set notifications and tell whether a test arrived', async () => {
      const page = await stage.open('protected', 'settings')
      await page.getByLabel('Send to a web address').check()
      await page.getByLabel('Address', { exact: true }).fill('https://hooks.example.org/x')
      await button(page, 'Save').click()
      await page.getByText('Nothing was sent yet.').waitFor()
      await button(page, 'Send a test message').click()
      await page.getByText('Last arrived: today').waitFor()
      await page.context().close()
    })

    it.each(['light', 'dark'] as const)(
      'have no fault that a checker of accessibility finds, %s',
      async colorScheme => {
        const check = async (page: Page, hash: string) => {
          await page.waitForLoadState('networkidle')
          await page.evaluate(axe)
          const found = (await page.evaluate(
            'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node => id + " " + node.target)))',
          )) as string[]
          expect({ hash, found }).toEqual({ hash, found: [] })
        }
        const page = await stage.open('protected', 'home', { colorScheme })
        const place = await idOf(page, 'places')
        const job = await idOf(page, 'jobs')
        const run = String(await world(page, 'runs[0].id'))
        for (const hash of ['destinations/add', `destinations/${place}`, `activity/${run}`, `settings/jobs/${job}`]) {
          await goTo(page, hash)
          await check(page, hash)
        }
        await page.context().close()
        for (const [scenario, screen] of [
          ['damaged', 'health'],
          ['overdue', 'activity'],
          ['waitingForDrive', 'destinations'],
        ] as const) {
          const other = await stage.open(scenario, screen, { colorScheme })
          await check(other, `${scenario} ${screen}`)
          await other.context().close()
        }
      },
    )

    it('break no rule of the content policy and write nothing to the console', () => {
      expect(stage.complaints).toEqual([])
    })
  },
)
