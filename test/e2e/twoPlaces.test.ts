import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Run } from '../../engine/contract/jobs.ts'
import { noChromium } from '../support/chromium.ts'
import type { HelperClient } from '../support/daemon.ts'
import { unmounted } from '../support/driveWorld.ts'
import { type LoopDevice, noLoopDevices } from '../support/loopDevice.ts'
import { mixedImage } from '../support/mixedImage.ts'
import { ownerKey, S3Server, testBucket } from '../support/s3Server.ts'
import { type B2Plan, Elsewhere } from './pages/elsewhere.ts'
import { goTo } from './pages/frame.ts'
import { Home } from './pages/home.ts'
import { passphrase, Wizard } from './pages/wizard.ts'
import { App, photograph } from './support/app.ts'

const size = 4 * 1024 * 1024
const poll = { timeout: 60_000 }

const missing = noChromium ?? noLoopDevices

describe.skipIf(missing)(`a backup in two places${missing ? ` (${missing})` : ''}`, () => {
  let app: App
  let other: App | undefined
  let page: Page
  let client: HelperClient
  let server: S3Server
  let image: string
  let drive: LoopDevice
  let bucket: B2Plan
  beforeAll(async () => {
    server = await S3Server.start()
    bucket = {
      ...{ bucket: testBucket, prefix: 'laptop', endpoint: server.endpoint },
      ...{ keyId: ownerKey.id, key: ownerKey.secret },
    }
    app = await App.start(inject('pagesDir'))
    image = join(app.folder, 'machine.img')
    drive = await app.drives.attach(96, 'ext4')
    execFileSync('e2label', [drive.path, 'backups'])
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

  /** Ids of the versions in that place, sorted. */
  const versionsIn = async (name: string): Promise<string[]> => {
    await client.call('versions.refresh', { destination: name })
    const { versions } = await client.call('versions.list', { destination: name, limit: 10 })
    return versions.map(({ id }) => id as string).toSorted()
  }

  const lacking = async () => (await client.call('destinations.lacking', {})).lacking

  const unplug = async () => {
    await unmounted(drive)
    app.drives.detach(drive)
    const state = async () => {
      const { destinations } = await client.call('destinations.list', {})
      return destinations.find(({ destination }) => destination.name === 'backups')!.state.state
    }
    await expect.poll(state, poll).toBe('missing')
  }

  it('is set up by the wizard: a drive, then a bucket whose test says what is wrong first', async () => {
    await new Home(page).setUpBackup()
    const wizard = new Wizard(page)
    await wizard.chooseWhat({ imageFile: image })
    await wizard.next()
    await wizard.chooseDrive('backups')
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

  it('goes on in the bucket while the drive is away, and sends it what it lacks, once, when it is back', {
    timeout: 240_000,
  }, async () => {
    await unplug()
    for (const [n, word] of ['second', 'third'].entries()) {
      await writeFile(image, mixedImage(size, word))
      await goTo(page, 'Home')
      await new Home(page).backUpNow()
      await expect.poll(async () => (await ended('lab/laptop')).length, poll).toBe(n + 2)
    }
    expect((await ended('lab/laptop')).map(({ state }) => state)).toEqual(['complete', 'complete', 'complete'])
    expect(await ended('backups')).toHaveLength(1)
    await expect.poll(lacking, poll).toMatchObject([{ count: 2, from: [expect.any(String)] }])
    await goTo(page, 'Destinations')
    await photograph(page, 'two-places-away')

    drive = app.drives.again(drive)
    await expect.poll(lacking, { timeout: 120_000 }).toEqual([])
    await expect.poll(async () => (await ended('backups')).length, poll).toBeGreaterThan(1)
    const sent = (await ended('backups')).slice(0, -1)
    for (const run of sent) expect(run).toMatchObject({ kind: 'copy', state: 'complete', error: null })
    const copied = sent.map(({ outcome }) => (outcome?.kind === 'copy' ? outcome.copied : 0))
    expect(copied.reduce((sum, count) => sum + count, 0)).toBe(2)
    const inBucket = await versionsIn('lab/laptop')
    expect(inBucket).toHaveLength(3)
    expect(await versionsIn('backups')).toEqual(inBucket)
    // The sources were not read again for it.
    expect(await ended('lab/laptop')).toHaveLength(3)
    await goTo(page, 'Home')
    await new Home(page).isProtected()
  })

  it('is restored from the bucket alone, on a computer that knows nothing', { timeout: 120_000 }, async () => {
    await unplug()
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
