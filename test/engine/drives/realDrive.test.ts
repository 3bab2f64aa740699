import { execFileSync, spawn } from 'node:child_process'
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runSystemProgram } from '../../../engine/base/systemPrograms.ts'
import { kernelTables } from '../../../engine/drives/changeSources.ts'
import { type KnownDestination, rememberDrive } from '../../../engine/drives/destinationState.ts'
import { DriveMounter } from '../../../engine/drives/driveMounter.ts'
import { RepositoryFinder } from '../../../engine/drives/findRepositories.ts'
import { inventoryAccess, readInventory } from '../../../engine/drives/readInventory.ts'
import { type DriveChange, DriveWatcher } from '../../../engine/drives/watcher.ts'
import { fakePrograms, listeningLogger } from '../../support/fakeDrives.ts'
import { attachLoop, type LoopDevice, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const repositoryId = 'c'.repeat(32)

/** Everything is real but udisks, which must not be asked in a test, and nothing of the machine is searched but the drive. */
const withoutUdisks: typeof runSystemProgram = (name, args, options) =>
  name === 'udisksctl' ? fakePrograms({}).run(name, args, options) : runSystemProgram(name, args, options)

describe.skipIf(noLoopDevices !== undefined)('a drive that is a real block device', () => {
  let image = ''
  let loop: LoopDevice | undefined
  const unmounts: (() => void)[] = []

  const readOwn = async () => {
    const { devices } = await readInventory(inventoryAccess)
    return { devices: devices.filter(device => device.path === loop?.path) }
  }
  const mounter = () =>
    new DriveMounter({
      read: readOwn,
      finder: new RepositoryFinder(),
      logger: listeningLogger().logger,
      runFolder: join(folder.path, 'run'),
      run: withoutUdisks,
      isRoot: true,
    })

  beforeEach(async () => {
    image = join(folder.path, 'image')
    await writeFile(image, '')
    await truncate(image, 8 * 1024 * 1024)
    makeFileSystem(image)
    loop = attachLoop(image)
    // The repository is put there as a person would, and the drive is left unmounted.
    const point = join(folder.path, 'first')
    await mkdir(point)
    unmounts.push(mountAt(loop.path, point))
    await mkdir(join(point, 'holdfast'))
    await writeFile(join(point, 'holdfast/config'), JSON.stringify({ format: 'holdfast-repository', repositoryId }))
    unmounts.pop()!()
  })

  afterEach(() => {
    for (const unmount of unmounts.splice(0).reverse()) unmount()
    for (const line of mountsBelow(folder.path).reverse()) execFileSync('umount', [line])
    loop?.detach()
    loop = undefined
  })

  const mountsBelow = (path: string) =>
    execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' })
      .split('\n')
      .map(line => line.split(' ')[4] ?? '')
      .filter(point => point.startsWith(path))

  const known: KnownDestination & { mayMount: boolean } = {
    repositoryId,
    place: 'drive',
    path: null,
    drive: null,
    lastSeenAt: null,
    mayMount: true,
  }

  /** Mounted somewhere by a person, then remembered, then unmounted again. */
  async function remember(): Promise<typeof known> {
    const point = join(folder.path, 'mounted-by-hand')
    await mkdir(point, { recursive: true })
    const unmount = mountAt(loop!.path, point)
    try {
      const inventory = await readOwn()
      const { found } = await new RepositoryFinder().search(inventory)
      expect(found).toMatchObject([{ repositoryId, path: join(point, 'holdfast'), mountPoint: point }])
      return { ...known, path: found[0]!.path, drive: rememberDrive(found[0]!, inventory) }
    } finally {
      unmount()
    }
  }

  test('is in the inventory with its file system, by a name that says nothing of its place', async () => {
    const { devices } = await readOwn()
    expect(devices).toMatchObject([
      { kind: 'loop', sizeBytes: 8 * 1024 * 1024, fileSystem: { type: 'ext4' }, mountPoints: [], isSystem: false },
    ])
    expect(devices[0]!.fileSystem!.uuid).toMatch(/^[0-9a-f-]{36}$/)
    expect(devices[0]!.id).not.toContain('loop')
  })

  test('is remembered, missed, mounted, found, and let go without a trace in its mount point', async () => {
    const destination = await remember()
    expect(destination.drive).toMatchObject({ pathOnDrive: 'holdfast' })
    const own = mounter()

    const away = loop!
    away.detach()
    loop = undefined
    expect((await own.mountFor(destination)).state).toBe('missing')
    expect(await readdir(join(folder.path, 'mounted-by-hand'))).toEqual([])

    loop = attachLoop(image)
    const before = await readOwn()
    const state = await own.mountFor(destination)
    const device = before.devices[0]!
    const point = join(folder.path, 'run/media', device.id)
    expect(state).toEqual({ state: 'connected', path: join(point, 'holdfast'), drive: device.id })
    const line = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').find(text => text.includes(point))!
    for (const option of ['nosuid', 'nodev', 'noexec']) expect(line.split(' ')[5]!.split(',')).toContain(option)

    // A helper that was killed meanwhile finds its mount again.
    const next = mounter()
    expect(await next.ours()).toEqual([device.id])
    expect(await next.eject(device.id, { unmountOthers: false })).toEqual({
      unmounted: [point],
      poweredOff: false,
      note: null,
    })
    expect(mountsBelow(folder.path)).toEqual([])
    expect(await readdir(join(folder.path, 'run/media'))).toEqual([])
    expect(await readdir(join(folder.path, 'mounted-by-hand'))).toEqual([])
  })

  test('is not written to by looking for a repository', async () => {
    const destination = await remember()
    const point = join(folder.path, 'run/media', (await readOwn()).devices[0]!.id)
    const own = mounter()
    await own.mountFor(destination)
    const config = join(point, 'holdfast/config')
    const facts = async () => {
      const { atimeMs, mtimeMs, ctimeMs } = await stat(config)
      return [atimeMs, mtimeMs, ctimeMs, ...(await readdir(point)), ...(await readdir(join(point, 'holdfast')))]
    }
    const before = await facts()
    for (let i = 0; i < 3; i++) expect((await own.look(destination)).state).toBe('connected')
    expect(await facts()).toEqual(before)
    await own.release((await readOwn()).devices[0]!.id)
  })

  test('that is in use is not unmounted, and its user is named', async () => {
    const own = mounter()
    const state = await own.mountFor({ ...(await remember()) })
    const path = state.state === 'connected' ? state.path : ''
    const user = spawn('/bin/sh', ['-c', 'echo ready; read line'], { cwd: path, stdio: ['pipe', 'pipe', 'ignore'] })
    await new Promise(resolve => user.stdout.once('data', resolve))
    const { id } = (await readOwn()).devices[0]!
    const error = await own.eject(id, { unmountOthers: true }).catch(caught => caught)
    expect(error).toMatchObject({ code: 'storage.driveBusy' })
    expect(error.details.users).toEqual([{ pid: user.pid, program: 'sh', use: 'folder', path }])
    user.stdin.end()
    await new Promise(resolve => user.once('exit', resolve))
    expect((await own.eject(id, { unmountOthers: true })).unmounted).toHaveLength(1)
  })

  test('hidden below another file system is not taken for it', async () => {
    const destination = await remember()
    const point = join(folder.path, 'mounted-by-hand')
    unmounts.push(mountAt(loop!.path, point))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'holdfast-test', folder.path])
    try {
      await mkdir(join(point, 'holdfast'), { recursive: true })
      await writeFile(join(point, 'holdfast/config'), JSON.stringify({ format: 'holdfast-repository', repositoryId }))
      const { found } = await new RepositoryFinder().search(await readOwn(), { relativePaths: ['holdfast'] })
      expect(found).toEqual([])
      expect(destination.path).toBe(join(point, 'holdfast'))
    } finally {
      execFileSync('umount', [folder.path])
    }
  })

  test('is noticed when it comes and goes, also without udev', async () => {
    const first = loop!
    first.detach()
    loop = undefined
    const readLoops = async () => {
      const { devices } = await readInventory(inventoryAccess)
      // Other tests have loop devices of their own.
      return { devices: devices.filter(device => device.kind === 'loop' && device.sizeBytes === 8 * 1024 * 1024) }
    }
    const watcher = new DriveWatcher({
      read: readLoops,
      sources: [kernelTables({ intervalMs: 50 })],
      logger: listeningLogger().logger,
      quietMs: 20,
    })
    const changes: DriveChange[] = []
    const until = (isThere: (change: DriveChange) => boolean) =>
      new Promise<void>(resolve => {
        const unsubscribe = watcher.subscribe(change => {
          changes.push(change)
          if (!isThere(change)) return
          unsubscribe()
          resolve()
        })
      })
    await watcher.start()
    try {
      const arrived = until(change => change.arrived.some(device => device.path === loop?.path))
      loop = attachLoop(image)
      await arrived
      const { path } = loop
      const departed = until(change => change.departed.some(device => device.path === path))
      loop.detach()
      loop = undefined
      await departed
    } finally {
      await watcher.stop()
    }
  })
})
