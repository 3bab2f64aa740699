import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DriveDevice } from '../../../engine/contract/drives.ts'
import type { KnownDestination } from '../../../engine/drives/destinationState.ts'
import { DriveMounter } from '../../../engine/drives/driveMounter.ts'
import {
  driveId,
  type FakeAnswer,
  fakeDevice,
  fakePrograms,
  listeningLogger,
  notInstalled,
} from '../../support/fakeDrives.ts'
import { FakeSystem } from '../../support/fakeSystem.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()
const ours = 'a'.repeat(32)
const known: KnownDestination & { mayMount: boolean } = {
  repositoryId: ours,
  place: 'drive',
  path: null,
  drive: { serial: 'S1', fileSystemUuid: 'uuid-1', label: 'Backups', pathOnDrive: 'holdfast' },
  lastSeenAt: null,
  mayMount: true,
}
const anyOnDrive = { ...known, drive: { ...known.drive!, fileSystemUuid: null } }

/** A machine with drives, on which mount(8) and udisks work, as far as their users can tell. */
class MountWorld {
  readonly runFolder = join(folder.path, 'run')
  readonly devices: DriveDevice[] = []
  readonly #repositories = new Map<string, string>()
  readonly #busy = new Set<string>()
  #user: number | 'gone' = 12
  waits = 0
  readonly #programs = fakePrograms({
    udisksctl: args => this.#udisks(args),
    mount: args => this.#mount(args),
    umount: args => this.#unmount(args),
    sync: () => ({}),
  })
  readonly calls = this.#programs.calls
  readonly system = new FakeSystem(folder.path)
  udisks: 'running' | 'absent' | 'stopped' | 'blind' | 'refuses' | 'too late' = 'running'
  isRoot = true

  async add(name: string, changes: Partial<DriveDevice> = {}, repository?: string): Promise<DriveDevice> {
    await this.system.addDevice(name)
    const device = fakeDevice(name, { deviceNumber: `8:${this.devices.length}`, ...changes })
    this.devices.push(device)
    if (repository !== undefined) this.#repositories.set(device.id, repository)
    return device
  }

  unplug(device: DriveDevice): void {
    this.devices.splice(this.devices.indexOf(device), 1)
  }

  /** `user` has something open there, or a program that is gone when one looks who it is. */
  occupy(mountPoint: string, user: number | 'gone' = 12): void {
    this.#busy.add(mountPoint)
    this.#user = user
  }

  /** What happens while it is waited; 'never' by itself. */
  whileWaiting: () => void = () => undefined

  letGo(): void {
    this.#busy.clear()
  }

  /** As after a restart of the helper. */
  mounter(): DriveMounter {
    return new DriveMounter({
      read: async () => ({ devices: structuredClone(this.devices) }),
      finder: {
        search: async ({ devices }) => ({
          silent: [],
          found: devices.flatMap(device => {
            const repositoryId = this.#repositories.get(device.id)
            return device.mountPoints.flatMap(mountPoint =>
              repositoryId === undefined
                ? []
                : [
                    {
                      repositoryId,
                      path: `${mountPoint}/holdfast`,
                      driveId: device.id,
                      mountPoint,
                      folderId: device.id,
                    },
                  ],
            )
          }),
        }),
      },
      logger: listeningLogger().logger,
      runFolder: this.runFolder,
      run: this.#programs.run,
      system: this.system.access,
      isRoot: this.isRoot,
      findUsers: async ({ mountPoints: [point] }) => ({
        users: this.#user === 'gone' ? [] : [{ pid: this.#user, program: 'vlc', use: 'file', path: `${point}/film` }],
        complete: true,
      }),
      clock: {
        sleep: async () => {
          this.waits++
          this.whileWaiting()
        },
      },
    })
  }

  programsRun(): string[] {
    return this.calls.map(call => call.join(' '))
  }

  #at(node: string): DriveDevice {
    return this.devices.find(({ path }) => path === node)!
  }

  #udisks(args: readonly string[]): FakeAnswer {
    if (this.udisks === 'absent') return notInstalled
    if (this.udisks === 'stopped') {
      return {
        exitCode: 1,
        stderr: 'Error connecting to the udisks daemon: Could not connect: No such file or directory',
      }
    }
    if (this.udisks === 'blind') return { exitCode: 1, stderr: 'Error looking up object for device /dev/sdb1' }
    if (this.udisks === 'too late' && args[0] === 'mount') {
      this.devices[0]!.mountPoints.push('/media/me')
      const error = 'GDBus.Error:org.freedesktop.UDisks2.Error.AlreadyMounted'
      return {
        exitCode: 1,
        stderr: `Error mounting /dev/sdb1: ${error}: Device /dev/sdb1 is already mounted at \`/media/me'.`,
      }
    }
    if (this.udisks === 'refuses') {
      return {
        exitCode: 1,
        stderr:
          'Error mounting /dev/sdb1: GDBus.Error:org.freedesktop.UDisks2.Error.NotAuthorizedCanObtain: Not authorized to perform operation',
      }
    }
    const device = this.#at(args[args.indexOf('--block-device') + 1]!)
    if (args[0] === 'mount') device.mountPoints.push(`/run/media/root/${device.fileSystem!.label}`)
    if (args[0] === 'unmount') {
      if (this.#busy.has(device.mountPoints[0]!)) {
        const said = `Error unmounting ${device.path}: GDBus.Error:org.freedesktop.UDisks2.Error.DeviceBusy: target is busy`
        return { exitCode: 1, stderr: said }
      }
      device.mountPoints.shift()
    }
    return {}
  }

  #mount(args: readonly string[]): FakeAnswer {
    const [node, point] = args.slice(-2) as [string, string]
    const device = this.#at(node)
    if (device.fileSystem!.label === 'Broken') {
      return { exitCode: 32, stderr: `mount: ${point}: wrong fs type, bad option, bad superblock on ${node}.` }
    }
    device.mountPoints.push(point)
    return {}
  }

  #unmount(args: readonly string[]): FakeAnswer {
    const point = args.at(-1)!
    if (this.#busy.has(point)) return { exitCode: 32, stderr: `umount: ${point}: target is busy.` }
    for (const device of this.devices) device.mountPoints = device.mountPoints.filter(other => other !== point)
    return {}
  }
}

const mediaOf = async (world: MountWorld) => readdir(join(world.runFolder, 'media')).catch(() => [])

describe('mounting for a destination', () => {
  test('happens through udisks, without programs, devices and setuid bits of strangers', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    const state = await mounter.mountFor(known)
    expect(state).toEqual({ state: 'connected', path: '/run/media/root/Backups/holdfast', drive: device.id })
    expect(world.programsRun()).toEqual([
      'udisksctl mount --no-user-interaction --block-device /dev/sdb1 --options nosuid,nodev,noexec',
    ])
    expect(await mounter.ours()).toEqual([device.id])
    expect(await mounter.release(device.id)).toBe(true)
    expect(world.devices[0]!.mountPoints).toEqual([])
    expect(await mounter.ours()).toEqual([])
  })

  test('does not happen when the person has not allowed it', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1', {}, ours)
    const state = await world.mounter().mountFor({ ...known, mayMount: false })
    expect(state).toEqual({ state: 'present-unmounted', devices: [device.id] })
    expect(world.calls).toEqual([])
  })

  test('does not happen for drives of nobody', async () => {
    const world = new MountWorld()
    await world.add('sdc1', { serial: 'S9', fileSystem: { type: 'ext4', label: 'X', uuid: 'x' } }, ours)
    expect((await world.mounter().mountFor(known)).state).toBe('missing')
    expect(world.calls).toEqual([])
  })

  test('counts as done, and not by us, when the desktop was faster', async () => {
    const world = new MountWorld()
    world.udisks = 'too late'
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    expect(await mounter.mountFor(known)).toMatchObject({ state: 'connected', path: '/media/me/holdfast' })
    expect(await mounter.ours()).toEqual([])
    expect(await mounter.release(device.id)).toBe(false)
  })

  test('does not happen a second time', async () => {
    const world = new MountWorld()
    await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    const states = await Promise.all([mounter.mountFor(known), mounter.mountFor(known)])
    expect(states.map(({ state }) => state)).toEqual(['connected', 'connected'])
    expect(world.calls).toHaveLength(1)
  })

  test.each(['absent', 'stopped', 'blind'] as const)('is done by ourselves where udisks is %s', async udisks => {
    const world = new MountWorld()
    world.udisks = udisks
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    const point = join(world.runFolder, 'media', device.id)
    expect(await mounter.mountFor(known)).toMatchObject({ path: `${point}/holdfast` })
    expect(world.programsRun().at(-1)).toBe(`mount -t ext4 -o nosuid,nodev,noexec -- /dev/sdb1 ${point}`)
    await mounter.release(device.id)
    expect(await mediaOf(world)).toEqual([])
  })

  test('fails with advice where neither we nor udisks may', async () => {
    const world = new MountWorld()
    world.udisks = 'refuses'
    await world.add('sdb1', {}, ours)
    await expect(world.mounter().mountFor(known)).rejects.toMatchObject({
      code: 'storage.failed',
      message: 'The system does not let us mount or unmount Backups.',
    })
    expect(world.calls.map(([program]) => program)).toEqual(['udisksctl'])
    world.udisks = 'stopped'
    world.isRoot = false
    await expect(world.mounter().mountFor(known)).rejects.toMatchObject({ code: 'storage.failed' })
    expect(world.calls.every(([program]) => program === 'udisksctl')).toBe(true)
  })

  test('that fails leaves nothing behind and says why', async () => {
    const world = new MountWorld()
    world.udisks = 'stopped'
    await world.add('sdb1', { fileSystem: { type: 'ext4', label: 'Broken', uuid: 'uuid-1' } }, ours)
    await expect(world.mounter().mountFor(known)).rejects.toThrow(/Broken cannot be mounted: .*wrong fs type/)
    expect(await mediaOf(world)).toEqual([])
  })

  test('refuses a mount point that is not empty, and leaves it alone', async () => {
    const world = new MountWorld()
    world.udisks = 'stopped'
    const device = await world.add('sdb1', {}, ours)
    const point = join(world.runFolder, 'media', device.id)
    await mkdir(point, { recursive: true })
    await writeFile(join(point, 'precious'), '')
    await expect(world.mounter().mountFor(known)).rejects.toThrow(/not an empty folder/)
    expect(await readdir(point)).toEqual(['precious'])
  })

  test('refuses file systems that nobody keeps backups on, and clones of btrfs', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1', { fileSystem: { type: 'minix', label: 'Old', uuid: 'uuid-1' } }, ours)
    await expect(world.mounter().mountFor(known)).rejects.toThrow(/its file system \(minix\)/)
    device.fileSystem = { type: 'btrfs', label: 'B', uuid: 'uuid-1' }
    await world.add('sdc1', { serial: 'S2', fileSystem: { type: 'btrfs', label: 'B', uuid: 'uuid-1' } })
    await expect(world.mounter().mountFor(known)).rejects.toThrow(/clone of itself/)
    expect(world.calls).toEqual([])
  })

  test('tries the file systems of the drive, keeps the right one, and lets go of the others', async () => {
    const world = new MountWorld()
    const wrong = await world.add('sdb1', { fileSystem: { type: 'ext4', label: 'One', uuid: 'u1' } })
    const right = await world.add('sdb2', { fileSystem: { type: 'ext4', label: 'Two', uuid: 'u2' } }, ours)
    const state = await world.mounter().mountFor(anyOnDrive)
    expect(state).toMatchObject({ state: 'connected', drive: right.id })
    expect([wrong.mountPoints, right.mountPoints]).toEqual([[], ['/run/media/root/Two']])
  })

  test('is not repeated for a drive without the repository before that is attached anew', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1')
    const mounter = world.mounter()
    const gone = { state: 'wrong-drive', reason: 'repository-gone' }
    expect(await mounter.mountFor(known)).toMatchObject(gone)
    const calls = world.calls.length
    expect(await mounter.mountFor(known)).toMatchObject(gone)
    expect(world.calls).toHaveLength(calls)
    expect(await mounter.mountFor(known, { insist: true })).toMatchObject(gone)
    expect(world.calls).toHaveLength(2 * calls)
    device.sequence = 2
    expect(await mounter.mountFor(known)).toMatchObject(gone)
    expect(world.calls).toHaveLength(3 * calls)
  })

  test('first takes away what is left of a drive that was pulled while mounted', async () => {
    const world = new MountWorld()
    world.udisks = 'stopped'
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    await mounter.mountFor(known)
    const point = join(world.runFolder, 'media', device.id)
    world.unplug(device)
    // What the kernel's table still shows.
    world.system.mountAnonymous('8:99', point, 'ext4', '/dev/sdb1')
    expect((await mounter.look(known)).state).toBe('missing')
    world.calls.length = 0
    await mounter.tidy()
    expect(world.programsRun()).toEqual([`umount --lazy -- ${point}`])
    expect(await mediaOf(world)).toEqual([])
  })
})

describe('letting go', () => {
  test('leaves mounts of others alone', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1', { mountPoints: ['/media/me'] }, ours)
    const mounter = world.mounter()
    expect((await mounter.mountFor(known)).state).toBe('connected')
    expect(await mounter.release(device.id)).toBe(false)
    expect(await mounter.eject(device.id, { unmountOthers: false })).toEqual({
      unmounted: [],
      poweredOff: false,
      note: 'Others still use the drive at /media/me.',
      usedAt: ['/media/me'],
    })
    expect(device.mountPoints).toEqual(['/media/me'])
    expect(world.calls).toEqual([])
  })

  test('works after the helper was killed, and only for what it had mounted', async () => {
    const world = new MountWorld()
    const mine = await world.add('sdb1', {}, ours)
    await world.mounter().mountFor(known)
    const other = await world.add('sdc1', { serial: 'S2', mountPoints: ['/media/me'] })
    expect(await world.mounter().ours()).toEqual([mine.id])
    // The same number and place, but another drive: it was exchanged meanwhile.
    mine.sequence = 9
    expect(await world.mounter().ours()).toEqual([])
    expect(other.mountPoints).toEqual(['/media/me'])
  })

  test('says who uses the drive, and may be repeated', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    await mounter.mountFor(known)
    const point = device.mountPoints[0]!
    world.occupy(point)
    await expect(mounter.release(device.id)).rejects.toMatchObject({
      code: 'storage.driveBusy',
      message: `Backups is in use by vlc (process 12). vlc has ${point}/film open.`,
      retryable: true,
    })
    expect(await mounter.ours()).toEqual([device.id])
    expect(world.waits).toBe(0)
  })

  test.each([
    ['ourselves', process.pid],
    ['programs that are gone when one looks who they are', 'gone'],
  ] as const)('waits a moment for %s, who only look at the drive', async (_who, user) => {
    const world = new MountWorld()
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    await mounter.mountFor(known)
    world.occupy(device.mountPoints[0]!, user)
    world.whileWaiting = () => {
      if (world.waits === 3) world.letGo()
    }
    expect(await mounter.release(device.id)).toBe(true)
    expect(world.waits).toBe(3)
    expect(device.mountPoints).toEqual([])

    await mounter.mountFor(known)
    world.occupy(device.mountPoints[0]!, user)
    await expect(mounter.release(device.id)).rejects.toMatchObject({ code: 'storage.driveBusy' })
    expect(world.waits).toBeLessThan(20)
  })
})

describe('ejecting', () => {
  const disk: Partial<DriveDevice> = { kind: 'disk', fileSystem: null, drives: [driveId('sdb')] }
  const part = { drives: [driveId('sdb')], restsOn: [driveId('sdb')] }

  test('writes out, unmounts the deepest first, closes containers and switches off', async () => {
    const world = new MountWorld()
    await world.add('sdb', disk)
    const container = await world.add('sdb1', {
      ...part,
      fileSystem: { type: 'crypto_LUKS', label: 'Vault', uuid: 'l' },
    })
    await world.add('dm-0', { ...part, kind: 'crypt', restsOn: [container.id], mountPoints: ['/m'] })
    await world.add('sdb2', { ...part, mountPoints: ['/m/deeper'] })
    const result = await world.mounter().eject(container.id, { unmountOthers: true })
    expect(result).toEqual({ unmounted: ['/m/deeper', '/m'], poweredOff: true, note: null })
    expect(world.programsRun().map(call => call.replace('--no-user-interaction --block-device ', ''))).toEqual([
      'sync -f /m/deeper',
      'udisksctl unmount /dev/sdb2',
      'sync -f /m',
      'udisksctl unmount /dev/dm-0',
      'udisksctl lock /dev/sdb1',
      'udisksctl power-off /dev/sdb',
    ])
  })

  test('is done when unmounted where nothing can be switched off', async () => {
    const world = new MountWorld()
    world.udisks = 'stopped'
    const device = await world.add('sdb', { ...disk, mountPoints: ['/m'] })
    expect(await world.mounter().eject(device.id, { unmountOthers: true })).toEqual({
      unmounted: ['/m'],
      poweredOff: false,
      note: 'Portable SSD T7 was not switched off: udisks is not running here.',
    })
  })

  test('is refused for the disk of the system', async () => {
    const world = new MountWorld()
    await world.add('sdb', { ...disk, isSystem: true })
    const device = await world.add('sdb2', { ...part, mountPoints: ['/home'] })
    await expect(world.mounter().eject(device.id, { unmountOthers: true })).rejects.toMatchObject({
      code: 'target.systemDisk',
    })
    expect(world.calls).toEqual([])
  })

  test('of what is not there says so', async () => {
    await expect(new MountWorld().mounter().eject(driveId('no'), { unmountOthers: true })).rejects.toMatchObject({
      code: 'storage.driveNotConnected',
    })
  })

  test('keeps a drive that is still plugged in from being mounted again', async () => {
    const world = new MountWorld()
    const device = await world.add('sdb1', {}, ours)
    const mounter = world.mounter()
    await mounter.mountFor(known)
    await mounter.eject(device.id, { unmountOthers: true })
    expect((await mounter.mountFor(known)).state).toBe('present-unmounted')
    expect((await mounter.mountFor(known, { insist: true })).state).toBe('connected')
    await mounter.eject(device.id, { unmountOthers: true })
    device.sequence = 2
    expect((await mounter.mountFor(known)).state).toBe('connected')
  })
})
