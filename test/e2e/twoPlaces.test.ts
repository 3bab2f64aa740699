import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Run } from '../../engine/contract/jobs.ts'
import { noChromium } from '../support/chromium.ts'
import type { HelperClient } from '../support/daemon.ts'
import { mixedImage } from '../support/mixedImage.ts'
import { ownerKey, S3Server, testBucket } from '../support/s3Server.ts'
import { type B2Plan, Elsewhere } from './pages/elsewhere.ts'
import { goTo } from './pages/frame.ts'
import { Home } from './pages/home.ts'
import { passphrase, Wizard } from './pages/wizard.ts'
import { App, photograph } from './support/app.ts'

const size = 4 * 1024 * 1024
const poll = { timeout: 60_000 }

describe.skipIf(noChromium)(`a backup in two places${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App
  let other: App | undefined
  let page: Page
  let client: HelperClient
  let server: S3Server
  let image: string
  let folder: string
  let bucket: B2Plan
  beforeAll(async () => {
    server = await S3Server.start()
    bucket = {
      ...{ bucket: testBucket, prefix: 'laptop', endpoint: server.endpoint },
      ...{ keyId: ownerKey.id, key: ownerKey.secret },
    }
    app = await App.start(inject('pagesDir'))
    image = join(app.folder, 'machine.img')
    folder = join(app.folder, 'backups')
    await writeFile(image, mixedImage(size, 'first'))
    client = await app.client()
    page = await app.page()
  })
  afterAll(async () => {
    await other?.close()
    await app?.close()
    await server?.close()
  })

  /** Runs that have ended, newest first, of the place with that name. */
  const ended = async (name: string): Promise<Run[]> => {
    const { runs } = await client.call('runs.list', {})
    return runs.filter(run => run.destinationName === name && run.state !== 'running')
  }

  it('is set up by the wizard: a folder, then a bucket whose test says what is wrong first', async () => {
    await new Home(page).setUpBackup()
    const wizard = new Wizard(page)
    await wizard.chooseWhat({ imageFile: image, folder })
    await wizard.next()
    await wizard.chooseFolder(folder)
    await wizard.next()
    await wizard.chooseKey()
    await wizard.next('Create the backup')
    await wizard.keepSheet()
    await wizard.next()
    await wizard.chooseWhen('Only when I ask')
    await wizard.next()
    await page.getByRole('button', { name: 'Add another place' }).click()
    await page.getByText('Your backup is kept at backups already.').waitFor()

    const form = new Elsewhere(page)
    await form.fillB2({ ...bucket, key: 'wrong' })
    await form.test('The destination does not let Holdfast in')
    await photograph(page, 'two-places-wrong-key')
    await page.getByLabel('Application key', { exact: true }).fill(bucket.key)
    await form.test('Everything works')
    await photograph(page, 'two-places-bucket')
    await wizard.next()
    await wizard.chooseKey()
    await wizard.next('Create the backup')
    await wizard.keepSheet()
    await wizard.next()
    await wizard.next()
    await wizard.review('Two places')
    await photograph(page, 'two-places-review')
    await wizard.next('Start the first backup')
    await new Home(page).isProtected()
    await expect.poll(async () => (await ended('backups')).length, poll).toBe(1)
    await expect.poll(async () => (await ended('lab/laptop')).length, poll).toBe(1)
  })

  it('goes on in the bucket while the folder is away, and in the folder when it is back', {
    timeout: 180_000,
  }, async () => {
    await rename(folder, `${folder}.away`)
    for (const [n, word] of ['second', 'third'].entries()) {
      await writeFile(image, mixedImage(size, word))
      await goTo(page, 'Home')
      await new Home(page).backUpNow()
      await expect.poll(async () => (await ended('lab/laptop')).length, poll).toBe(n + 2)
    }
    expect((await ended('lab/laptop')).map(({ state }) => state)).toEqual(['complete', 'complete', 'complete'])
    expect((await ended('backups')).filter(({ state }) => state === 'complete')).toHaveLength(1)
    await goTo(page, 'Destinations')
    await photograph(page, 'two-places-away')
    await rename(`${folder}.away`, folder)
    const complete = async () => (await ended('backups')).filter(({ state }) => state === 'complete').length
    await expect.poll(complete, { timeout: 120_000 }).toBeGreaterThan(1)
    await goTo(page, 'Home')
    await new Home(page).isProtected()
  })

  it('is restored from the bucket alone, on a computer that knows nothing', { timeout: 120_000 }, async () => {
    await rm(folder, { recursive: true })
    other = await App.start(inject('pagesDir'))
    client = await other.client()
    const fresh = await other.page()
    await goTo(fresh, 'Destinations')
    await fresh.getByRole('link', { name: 'Add a destination' }).first().click()
    const form = new Elsewhere(fresh)
    await form.fillB2(bucket)
    await form.test('There is a backup here already')
    await fresh.getByRole('textbox', { name: 'Passphrase', exact: true }).fill(passphrase)
    await fresh.getByRole('button', { name: 'Open this backup' }).click()
    // It is on the list a moment before its login is kept.
    const logins = async () => (await client.call('destinations.list', {})).destinations.map(view => view.credentials)
    await expect.poll(logins, poll).toEqual(['kept'])
    const { destinations } = await client.call('destinations.list', {})
    const destination = destinations[0]!.destination.id
    await client.call('versions.refresh', { destination })
    const { versions } = await client.call('versions.list', { destination, limit: 10 })
    expect(versions).toHaveLength(3)
    const target = { kind: 'newFile' as const, path: join(other.home, 'restored.img') }
    const { planId } = await client.call('restores.plan', { destination, version: versions[0]!.id, target })
    const { run } = await client.call('restores.start', { planId, confirmation: '' })
    const stateOf = async () => (await client.call('runs.get', { run })).run.state
    await expect.poll(stateOf, poll).toBe('complete')
    expect((await readFile(target.path)).equals(await readFile(image))).toBe(true)
  })

  it('was shown all of it without a complaint of the browser', () => {
    expect([...app.complaints, ...(other?.complaints ?? [])]).toEqual([])
  })
})
