import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../engine/base/clock.ts'
import type { DestinationView } from '../../../engine/contract/helperContract.ts'
import { createEngine } from '../../../engine/engine.ts'
import { DaemonProcess, type HelperClient } from '../../support/daemon.ts'
import { DriveWorld, deviceOf, makeVersion, unmounted } from '../../support/driveWorld.ts'
import { mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const passphrase = 'open sesame'
let daemon: DaemonProcess
let client: HelperClient

beforeEach(async () => {
  daemon = new DaemonProcess(folder.path)
  await daemon.start()
  client = await daemon.connect()
})
afterEach(async () => {
  client.close()
  await daemon.kill()
})

const inFolder = (name: string) => ({ kind: 'folder' as const, path: join(folder.path, name) })
const look = (place: Parameters<typeof client.call<'places.look'>>[1]['place']) => client.call('places.look', { place })
const views = async () => (await client.call('destinations.list', {})).destinations
/** A repository that this helper has never seen; as another computer would make it. */
const foreign = (name: string) =>
  createEngine({ stateDir: join(folder.path, 'other-computer') }).init(join(folder.path, name), {
    kind: 'passphrase',
    passphrase,
  })

describe('a folder', () => {
  test('that is new or empty is free, and one with other things gets a folder in it', async () => {
    await mkdir(join(folder.path, 'empty'))
    await mkdir(join(folder.path, 'full/photos'), { recursive: true })
    expect(await look(inFolder('new'))).toMatchObject({ state: 'free', path: join(folder.path, 'new'), problem: null })
    expect(await look(inFolder('empty'))).toMatchObject({ state: 'free', hasOtherFiles: false })
    const full = await look(inFolder('full'))
    expect(full).toMatchObject({ state: 'free', path: join(folder.path, 'full/Holdfast'), hasOtherFiles: true })
    expect(full.freeBytes).toBeGreaterThan(0)
    expect(full.sizeBytes).toBeGreaterThan(full.freeBytes!)
    expect(await readdir(join(folder.path, 'full'))).toEqual(['photos'])
  })

  test('of the system, with detours, behind a link, or where a drive should be is refused with words', async () => {
    await mkdir(join(folder.path, 'real'))
    await symlink(join(folder.path, 'real'), join(folder.path, 'link'))
    await writeFile(join(folder.path, 'file'), '')
    const paths = ['/proc/self', '/dev/shm', '/', 'tmp/x', `${folder.path}/../x`, `${folder.path}/no/such`, '/media/x']
    const own = [join(folder.path, 'state/inside'), join(folder.path, 'run/media')]
    for (const path of [...paths, ...own, join(folder.path, 'file'), join(folder.path, 'link')]) {
      const answer = await look({ kind: 'folder', path })
      const isAllowed = path.endsWith('/link') && process.getuid!() !== 0
      expect([path, answer.state]).toEqual([path, isAllowed ? 'free' : 'refused'])
      if (!isAllowed) expect(answer.problem!.advice).not.toBe('')
    }
  })

  test('becomes a destination that is known again, and is measured', async () => {
    const { destination, run } = await makeVersion(client, folder.path, Buffer.alloc(2_000_000, 7))
    expect(run.state).toBe('complete')
    expect(destination).toMatchObject({ url: join(folder.path, 'backups'), drive: null })
    const [view] = await views()
    expect(view).toMatchObject({ state: { state: 'connected' }, growthPerDay: null, sheetSavedAt: null })
    expect(view!.usage).toMatchObject({ versions: 1, virtualBytes: 2_000_000 })
    const { usage } = await client.call('destinations.measure', { destination: 'backups' })
    expect(usage.storedBytes).toBe(view!.usage!.storedBytes)
    const { usages } = await client.call('destinations.history', { destination: 'backups' })
    expect(usages.at(-1)).toEqual(usage)
    const known = await look(inFolder('backups'))
    expect(known).toMatchObject({ state: 'repository', destination: destination.id, hasOtherFiles: false })
    expect(known.repositoryId).toBe(destination.repositoryId)
    expect((await look(inFolder('backups/marks'))).state).toBe('refused')
  })

  test('with a repository takes no second one, and its name no second destination', async () => {
    await foreign('theirs')
    const there = { name: 'a', place: inFolder('theirs'), passphrase }
    await expect(client.call('destinations.create', there)).rejects.toMatchObject({ code: 'repository.alreadyExists' })
    await client.call('destinations.create', { name: 'a', place: inFolder('mine'), passphrase })
    await expect(
      client.call('destinations.create', { name: 'a', place: inFolder('other'), passphrase }),
    ).rejects.toMatchObject({ code: 'usage.invalid' })
    expect(await readdir(folder.path)).not.toContain('other')
    expect(await views()).toHaveLength(1)
  })
})

describe('a repository of another computer', () => {
  test('is opened by its phrase alone, and by a key of this computer from then on', async () => {
    const { recoveryPhrase, repositoryId } = await foreign('theirs')
    const { destination } = await client.call('destinations.open', {
      name: 'found',
      place: inFolder('theirs'),
      secret: { kind: 'recoveryPhrase', text: `  ${recoveryPhrase.toUpperCase()}` },
    })
    expect(destination.repositoryId).toBe(repositoryId)
    const { keys } = await client.call('keys.list', { destination: 'found' })
    expect(keys.map(key => key.kind).sort()).toEqual(['passphrase', 'passphrase', 'recovery'])
    const own = keys.find(key => key.label.endsWith(', kept by the service'))!
    await expect(client.call('keys.remove', { destination: 'found', key: own.id })).rejects.toMatchObject({
      code: 'config.inUse',
    })
    for (const key of keys.filter(key => key !== own)) {
      await client.call('keys.remove', { destination: 'found', key: key.id })
    }
    // What opens it now is what is kept, and nothing else.
    expect((await client.call('keys.list', { destination: 'found' })).keys).toEqual([own])
    await expect(client.call('keys.remove', { destination: 'found', key: own.id })).rejects.toMatchObject({
      code: 'config.inUse',
    })
  })

  test('is not opened by a phrase with a typing error, which is named; nothing is registered', async () => {
    const { recoveryPhrase } = await foreign('theirs')
    const words = recoveryPhrase.split(' ')
    const open = (text: string) =>
      client.call('destinations.open', {
        name: 'found',
        place: inFolder('theirs'),
        secret: { kind: 'recoveryPhrase', text },
      })
    await expect(open(words.with(6, 'abandn').join(' '))).rejects.toMatchObject({
      code: 'repository.wrongKey',
      details: { word: 'abandn', number: 7 },
    })
    await expect(open(words.slice(1).join(' '))).rejects.toMatchObject({
      code: 'repository.wrongKey',
      details: { words: 23 },
    })
    const wrongChecksum = Array<string>(24).fill('zoo').join(' ')
    const error = await open(wrongChecksum).catch(caught => caught)
    expect(error).toMatchObject({ code: 'repository.wrongKey', message: expect.stringContaining('checksum') })
    await expect(
      client.call('destinations.open', {
        name: 'found',
        place: inFolder('theirs'),
        secret: { kind: 'passphrase', text: 'wrong' },
      }),
    ).rejects.toMatchObject({ code: 'repository.wrongKey' })
    expect(await views()).toEqual([])
  })
})

describe('a destination', () => {
  const make = () => client.call('destinations.create', { name: 'a', place: inFolder('mine'), passphrase })

  test('can be called otherwise, by a name that can be shown and is free', async () => {
    await make()
    await client.call('destinations.create', { name: 'b', place: inFolder('other'), passphrase })
    const edited = await client.call('destinations.edit', { destination: 'a', name: 'c', ejectAfterBackup: true })
    expect(edited.destination).toMatchObject({ name: 'c', ejectAfterBackup: true, mayMount: true })
    for (const name of ['b', ' x', 'a\u202eb']) {
      await expect(client.call('destinations.edit', { destination: 'c', name })).rejects.toMatchObject({
        code: 'usage.invalid',
      })
    }
    expect((await client.call('destinations.edit', { destination: 'c', name: 'c' })).destination.name).toBe('c')
  })

  test('keeps the passphrase that was added last, and lets the one before be removed', async () => {
    await make()
    const before = (await client.call('keys.list', { destination: 'a' })).keys.find(key => key.kind === 'passphrase')!
    const { key } = await client.call('keys.addPassphrase', { destination: 'a', passphrase: 'another one' })
    await expect(client.call('keys.remove', { destination: 'a', key: key.id })).rejects.toMatchObject({
      code: 'config.inUse',
    })
    await client.call('keys.remove', { destination: 'a', key: before.id })
    await expect(client.call('keys.remove', { destination: 'a', key: before.id })).rejects.toMatchObject({
      code: 'repository.keyNotFound',
    })
    const left = (await client.call('keys.list', { destination: 'a' })).keys.map(one => one.id)
    expect(left).toContain(key.id)
    expect(left).not.toContain(before.id)
    await expect(client.call('destinations.unlock', { destination: 'a', passphrase })).rejects.toMatchObject({
      code: 'repository.wrongKey',
    })
  })

  test('has a recovery sheet, made only with words that open it, and remembers that it was saved', async () => {
    const { recoveryPhrase } = await make()
    const { html } = await client.call('recoverySheet.make', { destination: 'a', recoveryPhrase })
    for (const word of recoveryPhrase.split(' ')) expect(html).toContain(word)
    const other = await client.call('keys.addRecoveryPhrase', { destination: 'a' })
    expect(
      (await client.call('recoverySheet.make', { destination: 'a', recoveryPhrase: other.recoveryPhrase })).html,
    ).toContain('<svg')
    const { recoveryPhrase: strange } = await foreign('theirs')
    await expect(
      client.call('recoverySheet.make', { destination: 'a', recoveryPhrase: strange }),
    ).rejects.toMatchObject({ code: 'repository.wrongKey' })
    await client.call('recoverySheet.saved', { destination: 'a' })
    expect((await views())[0]!.sheetSavedAt).toMatch(/^20\d\d-/)
  })

  test('is told of on its topic when it comes, changes and goes', async () => {
    const told: (DestinationView | string)[] = []
    const isEnough = Promise.withResolvers<void>()
    client.subscribe('destinations', {
      state: ({ destinations }) => expect(destinations).toEqual([]),
      change: ({ changed, removed }) => {
        told.push(...changed, ...removed)
        if (removed.length > 0) isEnough.resolve()
      },
      ended: error => isEnough.reject(error),
    })
    const { destination } = await make()
    await client.call('destinations.edit', { destination: 'a', name: 'b' })
    await client.call('recoverySheet.saved', { destination: 'b' })
    await client.call('destinations.remove', { destination: 'b' })
    await isEnough.promise
    const names = told.map(one => (typeof one === 'string' ? one : one.destination.name))
    expect([...new Set(names)]).toEqual(['a', 'b', destination.id])
    expect(told.some(one => typeof one !== 'string' && one.sheetSavedAt !== null)).toBe(true)
  })
})

describe.skipIf(noLoopDevices !== undefined)('a drive', () => {
  let world: DriveWorld
  beforeEach(() => {
    world = new DriveWorld(folder.path)
  })
  afterEach(async () => {
    await daemon.kill()
    world.clear()
  })

  test('is mounted for a look and for a new repository, remembered, and left unmounted', async () => {
    const loop = await world.attach(64, 'ext4')
    const device = await deviceOf(loop)
    const place = { kind: 'drive' as const, device: device.id }
    const free = await look(place)
    expect(free).toMatchObject({ state: 'free', hasOtherFiles: false, repositoryId: null, problem: null })
    expect(free.path).toMatch(/\/Holdfast$/)
    expect(free.sizeBytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    await unmounted(loop)

    await expect(
      client.call('destinations.create', { name: 'drive', place, passphrase, mayMount: false }),
    ).rejects.toMatchObject({ code: 'storage.driveNotConnected' })
    const { destination } = await client.call('destinations.create', { name: 'drive', place, passphrase })
    expect(destination.drive).toMatchObject({ pathOnDrive: 'Holdfast', fileSystemUuid: device.fileSystem!.uuid })
    await unmounted(loop)
    const present = { state: 'present-unmounted', devices: [device.id] }
    while ((await views())[0]!.state.state === 'connected') await systemClock.sleep(20)
    expect((await views())[0]!.state).toEqual(present)
    expect(await look(place)).toMatchObject({ state: 'repository', destination: destination.id, problem: null })

    const { usage } = await client.call('destinations.measure', { destination: 'drive' })
    expect(usage).toMatchObject({ versions: 0 })
    await unmounted(loop)
  })

  test('with a repository of another computer is taken by the phrase, wherever on it that is', async () => {
    const loop = await world.attach(64, 'ext4')
    const point = join(folder.path, 'by-hand')
    await mkdir(point)
    const unmount = mountAt(loop.path, point)
    const { recoveryPhrase, repositoryId } = await createEngine({ stateDir: join(folder.path, 'other') }).init(
      join(point, 'their-backups'),
      { kind: 'passphrase', passphrase },
    )
    unmount()
    const { id } = await deviceOf(loop)
    const place = { kind: 'drive' as const, device: id }
    expect(await look(place)).toMatchObject({ state: 'repository', repositoryId, destination: null, otherBytes: null })
    const secret = { kind: 'recoveryPhrase' as const, text: recoveryPhrase }
    const { destination } = await client.call('destinations.open', { name: 'found', place, secret })
    expect(destination.drive).toMatchObject({ pathOnDrive: 'their-backups' })
    expect((await client.call('keys.list', { destination: 'found' })).keys).toHaveLength(3)
  })

  test('without a file system, or that is not there, is refused with words', async () => {
    const { id } = await deviceOf(await world.attach(16))
    for (const device of [id, '0'.repeat(32)]) {
      const answer = await look({ kind: 'drive', device })
      expect(answer.state).toBe('refused')
      expect(answer.problem!.message).not.toBe('')
    }
  })

  test('that comes and goes is told of on the topic of drives', async () => {
    const came = Promise.withResolvers<void>()
    const went = Promise.withResolvers<void>()
    let path = ''
    let isThere = false
    client.subscribe('drives', {
      state: () => undefined,
      change: ({ devices }) => {
        const found = devices.some(device => device.path === path)
        if (found) came.resolve()
        else if (isThere) went.resolve()
        isThere = found
      },
      ended: error => came.reject(error),
    })
    const image = await world.attach(16)
    path = image.path
    await came.promise
    world.detach(image)
    await went.promise
  })

  test('is left as it was when only the folder is in the way', async () => {
    const loop = await world.attach(64, 'ext4')
    const point = join(folder.path, 'by-hand')
    await mkdir(point)
    const unmount = mountAt(loop.path, point)
    await mkdir(join(point, 'Holdfast'))
    await writeFile(join(point, 'Holdfast/mine.txt'), 'mine')
    const { id } = await deviceOf(loop)
    const answer = await look({ kind: 'drive', device: id })
    expect(answer).toMatchObject({ state: 'refused', problem: { message: expect.stringContaining('not empty') } })
    await expect(
      client.call('destinations.create', { name: 'drive', place: { kind: 'drive', device: id }, passphrase }),
    ).rejects.toMatchObject({ code: 'storage.objectExists' })
    // Mounted by a person, so it stays.
    expect((await stat(join(point, 'Holdfast/mine.txt'))).size).toBe(4)
    unmount()
  })
})
