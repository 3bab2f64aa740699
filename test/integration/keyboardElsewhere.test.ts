import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Hands, keyboard } from '../e2e/support/hands.ts'
import { noStage, openStage, type Stage } from '../support/stage.ts'

/** Hands that insist on knowing where they are: after each step something has the focus. */
function watchful(page: Page): Hands {
  const hands = keyboard(page)
  const seen = async (step: string) => {
    const holds = page.waitForFunction('document.activeElement !== document.body', undefined, { timeout: 20_000 })
    await holds.catch(() => expect.fail(`nothing has the focus after ${step}`))
  }
  return {
    async press(control) {
      const what = String(control)
      await hands.press(control)
      await seen(what)
    },
    async choose(control) {
      await hands.choose(control)
      await seen(String(control))
    },
    type: (field, text) => hands.type(field, text),
  }
}

const secret = 'violet harbour seldom copper lantern'
const privateKey = '-----BEGIN OPENSSH PRIVATE KEY----- abc'

/** Places elsewhere, by people without a mouse, on the invented helper. */
describe.skipIf(noStage !== undefined)(`somebody without a mouse${noStage ? ` (${noStage})` : ''}`, () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage('stage-keyboard')
  })
  afterAll(async () => {
    await stage?.close()
  })

  const begin = async (screen: string, scenario = 'protected') => {
    const page = await stage.open(scenario, screen)
    // Whoever touched it all the same would be seen.
    await page.evaluate("addEventListener('mousedown', () => { window.wasTouched = true }, true)")
    const hands = watchful(page)
    return {
      page,
      hands,
      press: (name: string) => hands.press(page.getByRole('button', { name, exact: true })),
      choose: (name: string) => hands.choose(page.getByRole('radio', { name })),
      type: (label: string, text: string) => hands.type(page.getByLabel(label, { exact: true }), text),
      open: (summary: string) => hands.press(page.locator('summary', { hasText: summary })),
      check: (name: string) => hands.choose(page.getByRole('checkbox', { name })),
      follow: (name: string) => hands.press(page.getByRole('link', { name, exact: true })),
      said: (text: string) => page.getByText(text).filter({ visible: true }).first().waitFor(),
      async end() {
        expect(await page.evaluate('window.wasTouched ?? false')).toBe(false)
        await page.context().close()
      },
    }
  }
  type Person = Awaited<ReturnType<typeof begin>>

  /** A passphrase, no sheet yet, and the job that is there: until the job stores at the new place. */
  const makeAndUse = async ({ press, type, said, page }: Person, url: string) => {
    await type('Passphrase', secret)
    await type('Passphrase once more', secret)
    await press('Create the backup')
    await said('Save the recovery sheet')
    await press('Not now')
    await said('Use it for your backups')
    await press('Use it')
    await page.getByRole('heading', { name: 'Speed' }).waitFor()
    const places = 'window.stage.world.destinationViews().map(({ destination }) => destination)'
    const [made] = JSON.parse(
      String(await page.evaluate(`JSON.stringify(${places}.filter(one => one.url === ${JSON.stringify(url)}))`)),
    ) as { id: string }[]
    const uses = `[...window.stage.world.jobs.values()].map(job => job.destinations.includes('${made!.id}'))`
    expect(await page.evaluate(uses)).toEqual([true])
  }

  const forms: [string, string, (person: Person) => Promise<void>][] = [
    [
      'Backblaze B2',
      'b2:anna-backups/laptop',
      async ({ type, press, said }) => {
        await type('Bucket', 'readonly')
        await type('Folder in the bucket (optional)', 'laptop')
        await type('Key id (keyID)', '0045f0571db506a0000000001')
        await type('Application key', 'K004xyz')
        await press('Test')
        await said('This key may not write to the bucket')
        await type('Bucket', 'anna-backups')
        await press('Test')
      },
    ],
    [
      'S3 and compatible',
      's3:backups?endpoint=https%3A%2F%2Fnas.example%3A9000&style=path',
      async ({ type, press, open, page, hands }) => {
        const pick = async (label: string, option: string) => {
          await hands.type(page.getByRole('textbox', { name: label }), '')
          for (let steps = 0; steps < 10; steps++) {
            await page.keyboard.press('ArrowDown')
            if (await page.locator('[data-combobox-selected]', { hasText: option }).isVisible()) break
          }
          await page.keyboard.press('Enter')
          expect(await page.getByRole('textbox', { name: label }).inputValue()).toBe(option)
        }
        await pick('Provider', 'MinIO, Ceph or another server')
        await type('Address of the server (endpoint)', 'https://nas.example:9000')
        await type('Bucket', 'backups')
        await type('Access key id', 'id')
        await type('Secret access key', 'key')
        await open('More options')
        await pick('How the bucket is named in requests', 'In the path')
        await press('Test')
      },
    ],
    [
      'SFTP',
      'sftp://anna@nas.example:2222/srv/backup',
      async ({ type, press, said }) => {
        await type('Server', 'nas.example')
        await type('Port', '2222')
        await type('User', 'anna')
        await type('Folder on the server', '/srv/backup')
        await type('Private key', privateKey)
        await press('Test')
        await said('Compare its fingerprint')
        await press('It is the same: trust this server')
      },
    ],
    [
      'rclone',
      'rclone:cloud:backups',
      async ({ type, press }) => {
        await type('Remote', 'cloud')
        await type('Folder in it (optional)', 'backups')
        await type('Its configuration', '[cloud] type = webdav')
        await press('Test')
      },
    ],
  ]
  it.each(forms)(
    'adds a place of the kind %s, tested, to a backup that is there',
    async (kind, url, fill) => {
      const person = await begin('destinations/add')
      await person.choose(kind)
      await fill(person)
      await person.said('Everything works')
      await makeAndUse(person, url)
      await person.end()
    },
    120_000,
  )

  it('gives a backup a second place that is known already', async () => {
    const person = await begin('settings', 'elsewhere')
    const { page, check, press, said } = person
    const places = '[...window.stage.world.jobs.values()].map(job => job.destinations.length)'
    expect(await page.evaluate(places)).toEqual([3])
    await person.follow('This computer')
    await check('MinIO')
    await press('Save')
    await said('Saved.')
    expect(await page.evaluate(places)).toEqual([4])
    await person.end()
  }, 120_000)

  it('limits the speed by the time of day, and takes that back', async () => {
    const first = await begin('destinations', 'lacking')
    const id = String(
      await first.page.evaluate(
        "window.stage.world.destinationViews().find(one => one.destination.name === 'Cloud').destination.id",
      ),
    )
    await first.end()
    const person = await begin(`destinations/${id}`, 'lacking')
    const { page, hands, press, said } = person
    const save = page.getByRole('region', { name: 'Speed' }).getByRole('button', { name: 'Save' })
    const limits = async () =>
      JSON.parse(
        String(await page.evaluate(`JSON.stringify(window.stage.world.place('${id}').destination.limits ?? null)`)),
      )
    await person.type('Upload at most (KB/s)', '2000')
    await press('Add hours')
    // The first field of the new hours has the focus by itself.
    expect(await page.evaluate('document.activeElement.type')).toBe('time')
    await page.keyboard.type('0800')
    await person.type('To', '1800')
    await page.keyboard.press('Tab')
    for (let stops = 0; stops < 3; stops++) {
      if ((await page.evaluate('document.activeElement.inputMode')) === 'numeric') break
      await page.keyboard.press('Tab')
    }
    await page.keyboard.type('200')
    await hands.press(save)
    await said('Saved.')
    expect(await limits()).toEqual({
      ...{ write: 2_000_000, read: null },
      hours: [{ from: '08:00', to: '18:00', write: 200_000, read: null }],
    })
    await press('Remove the hours from 08:00 to 18:00')
    await hands.press(save)
    await said('Saved.')
    expect(await limits()).toMatchObject({ write: 2_000_000, hours: [] })
    await person.end()
  }, 120_000)

  it('never complained', () => {
    expect(stage.complaints).toEqual([])
  })
})
