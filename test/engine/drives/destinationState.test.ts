import { describe, expect, test } from 'vitest'
import { type DriveDevice, destinationStateSchema, type RememberedDrive } from '../../../engine/contract/drives.ts'
import { destinationState, type KnownDestination, rememberDrive } from '../../../engine/drives/destinationState.ts'
import { describeDestination } from '../../../engine/drives/destinationText.ts'
import type { FoundRepository } from '../../../engine/drives/findRepositories.ts'
import { driveId, fakeDevice } from '../../support/fakeDrives.ts'

const ours = 'a'.repeat(32)
const theirs = 'b'.repeat(32)
const lastSeenAt = '2030-01-01T00:00:00.000Z'

const remembered: RememberedDrive = {
  serial: 'S1',
  fileSystemUuid: 'uuid-1',
  label: 'Backups',
  pathOnDrive: 'holdfast',
}
const known: KnownDestination = {
  repositoryId: ours,
  place: 'drive',
  path: '/media/usb/holdfast',
  drive: remembered,
  lastSeenAt,
}
const withDrive = (changes: Partial<RememberedDrive>) => ({ ...known, drive: { ...remembered, ...changes } })

/** A repository on a device, at a path below its first mount point. */
function found(device: DriveDevice, path = 'holdfast', repositoryId = ours): FoundRepository {
  const mountPoint = device.mountPoints[0]!
  const whole = path === '' ? mountPoint : `${mountPoint}/${path}`
  return { repositoryId, path: whole, driveId: device.id, mountPoint, folderId: `${device.id}:${path}` }
}

const state = (
  destination: KnownDestination,
  devices: readonly DriveDevice[],
  repositories: readonly FoundRepository[] = [],
  silent: string[] = [],
) => {
  const result = destinationState(destination, { devices: [...devices] }, { found: [...repositories], silent })
  expect(destinationStateSchema.parse(result)).toEqual(result)
  return result
}

const mounted = fakeDevice('sdb1', { mountPoints: ['/media/usb'] })
const idle = fakeDevice('sdb1')

describe('a destination on a drive', () => {
  test('is connected where its repository was found, wherever that is mounted today', () => {
    const elsewhere = fakeDevice('sdb1', { mountPoints: ['/run/media/me/Backups'] })
    expect(state(known, [elsewhere], [found(elsewhere)])).toEqual({
      state: 'connected',
      path: '/run/media/me/Backups/holdfast',
      drive: driveId('sdb1'),
    })
  })

  test('is connected by its repository alone when nothing is remembered of the drive', () => {
    expect(state({ ...known, drive: null }, [mounted], [found(mounted)]).state).toBe('connected')
  })

  test('is connected on the same drive after that was formatted anew', () => {
    const formatted = fakeDevice('sdb1', {
      mountPoints: ['/media/usb'],
      fileSystem: { type: 'ext4', label: null, uuid: 'new' },
    })
    expect(state(known, [formatted], [found(formatted)]).state).toBe('connected')
  })

  test('is connected once when its file system is mounted twice', () => {
    const twice = fakeDevice('sdb1', { mountPoints: ['/a', '/media/usb'] })
    const other = { ...found(twice), path: '/a/holdfast', mountPoint: '/a' }
    const here = { ...found(twice), path: '/media/usb/holdfast', mountPoint: '/media/usb' }
    expect(state(known, [twice], [other, here])).toMatchObject({ state: 'connected', path: '/media/usb/holdfast' })
  })

  test('is missing, and no error, when nothing of it is there', () => {
    expect(state(known, [])).toEqual({ state: 'missing', lastSeenAt })
    const stranger = fakeDevice('sdc1', { serial: 'S9', fileSystem: { type: 'ext4', label: 'Backups', uuid: 'x' } })
    expect(state(known, [stranger])).toEqual({ state: 'missing', lastSeenAt })
    expect(state({ ...known, drive: null }, [stranger])).toEqual({ state: 'missing', lastSeenAt })
  })

  test('is present when its file system is there and not mounted', () => {
    const sibling = fakeDevice('sdb2', { fileSystem: { type: 'vfat', label: 'EFI', uuid: 'efi' } })
    expect(state(known, [sibling, idle])).toEqual({ state: 'present-unmounted', devices: [idle.id] })
  })

  test('is present on any file system of its drive when the uuid is not there any more', () => {
    const first = fakeDevice('sdb1', { fileSystem: { type: 'ext4', label: null, uuid: 'n1' } })
    const second = fakeDevice('sdb2', { fileSystem: { type: 'xfs', label: null, uuid: 'n2' } })
    const swap = fakeDevice('sdb3', { fileSystem: { type: 'swap', label: null, uuid: 'n3' } })
    expect(state(known, [first, second, swap])).toEqual({ state: 'present-unmounted', devices: [first.id, second.id] })
  })

  test('is present by the uuid where the drive has no serial', () => {
    expect(state(known, [{ ...idle, serial: null }]).state).toBe('present-unmounted')
    expect(state(withDrive({ serial: null }), [idle]).state).toBe('present-unmounted')
  })

  test('is never present on what the system runs from', () => {
    expect(state(known, [{ ...idle, isSystem: true }]).state).toBe('missing')
  })

  test('is locked when its container is there and closed', () => {
    const container = fakeDevice('sdb1', { fileSystem: { type: 'crypto_LUKS', label: null, uuid: 'luks' } })
    expect(state(known, [container])).toEqual({ state: 'locked', devices: [container.id] })
    expect(state(withDrive({ serial: null, containerUuid: 'luks' }), [container]).state).toBe('locked')
    expect(state(withDrive({ containerUuid: 'another' }), [container]).state).toBe('missing')
    expect(state(known, [{ ...container, serial: 'S9' }]).state).toBe('missing')
  })

  test('is present when its container is open and what is in it is not mounted', () => {
    const inner = fakeDevice('dm-0', { kind: 'crypt', drives: [driveId('sdb')] })
    const container = fakeDevice('sdb1', {
      fileSystem: { type: 'crypto_LUKS', label: null, uuid: 'luks' },
      holders: [inner.id],
    })
    expect(state(known, [container, inner])).toEqual({ state: 'present-unmounted', devices: [inner.id] })
  })

  test('is unreachable when its drive does not answer', () => {
    expect(state(known, [mounted], [], [mounted.id])).toEqual({ state: 'unreachable', reason: 'silent', lastSeenAt })
  })
})

describe('copies of a repository', () => {
  const clone = fakeDevice('sdc1', { serial: 'S2', mountPoints: ['/media/clone'], deviceNumber: '8:33' })

  test('are told apart by the serial', () => {
    expect(state(known, [mounted, clone], [found(clone), found(mounted)])).toMatchObject({
      state: 'connected',
      drive: mounted.id,
    })
  })

  test('on another drive are not the destination, and are said to be copies', () => {
    expect(state(known, [clone], [found(clone)])).toEqual({
      state: 'wrong-drive',
      reason: 'other-copy',
      path: '/media/clone/holdfast',
      foundRepositoryId: ours,
      drive: clone.id,
    })
  })

  test('do not stand for the right drive while that only needs to be mounted or unlocked', () => {
    expect(state(known, [idle, clone], [found(clone)]).state).toBe('present-unmounted')
    const container = fakeDevice('sdb1', { fileSystem: { type: 'crypto_LUKS', label: null, uuid: 'luks' } })
    expect(state(known, [container, clone], [found(clone)]).state).toBe('locked')
  })

  test('that nothing tells apart are never guessed at', () => {
    const nameless = withDrive({ serial: null })
    expect(state(nameless, [mounted, clone], [found(mounted), found(clone)])).toEqual({
      state: 'ambiguous',
      paths: ['/media/usb/holdfast', '/media/clone/holdfast'],
    })
    expect(state({ ...known, drive: null }, [mounted, clone], [found(mounted), found(clone)]).state).toBe('ambiguous')
    const idleTwin = fakeDevice('sdc1')
    expect(state(nameless, [idle, idleTwin])).toEqual({ state: 'ambiguous', paths: ['/dev/sdb1', '/dev/sdc1'] })
    expect(state(nameless, [mounted, idleTwin], [found(mounted)])).toEqual({
      state: 'ambiguous',
      paths: ['/media/usb/holdfast', '/dev/sdc1'],
    })
  })

  test('on drives with one serial are told apart by their file systems', () => {
    const fake = fakeDevice('sdc1', { mountPoints: ['/m'], fileSystem: { type: 'ext4', label: null, uuid: 'uuid-2' } })
    expect(state(known, [fake, mounted], [found(fake), found(mounted)])).toMatchObject({ drive: mounted.id })
  })

  test('on one drive are told apart by the remembered path, or not at all', () => {
    const both = [found(mounted, 'old/holdfast'), found(mounted)]
    expect(state(known, [mounted], both)).toMatchObject({ state: 'connected', path: '/media/usb/holdfast' })
    expect(state(withDrive({ pathOnDrive: 'moved' }), [mounted], both).state).toBe('ambiguous')
  })

  test('in a snapshot of the same disk are no second drive', () => {
    const snapshot = fakeDevice('dm-3', { kind: 'lvm', drives: mounted.drives })
    expect(state(known, [mounted, snapshot], [found(mounted)]).state).toBe('connected')
  })

  test('below an empty mount point are not the drive', () => {
    const root = fakeDevice('sda1', {
      serial: 'I1',
      mountPoints: ['/'],
      isSystem: true,
      fileSystem: { type: 'ext4', label: null, uuid: 'r' },
    })
    const fallen = { ...found(root), path: '/media/usb/holdfast' }
    expect(state(known, [root], [fallen])).toMatchObject({ state: 'wrong-drive', reason: 'other-copy' })
    expect(state(known, [], [{ ...fallen, driveId: null, mountPoint: null }]).state).toBe('wrong-drive')
  })
})

describe('a wrong drive', () => {
  test('has another repository at the path', () => {
    const stranger = fakeDevice('sdc1', { serial: 'S9', mountPoints: ['/media/usb'] })
    expect(state(known, [stranger], [found(stranger, 'holdfast', theirs)])).toEqual({
      state: 'wrong-drive',
      reason: 'other-repository',
      path: '/media/usb/holdfast',
      foundRepositoryId: theirs,
      drive: stranger.id,
    })
  })

  test('may be the right one with another repository in its place', () => {
    const elsewhere = fakeDevice('sdb1', { mountPoints: ['/mnt'] })
    expect(state(known, [elsewhere], [found(elsewhere, 'holdfast', theirs)])).toMatchObject({
      reason: 'other-repository',
      path: '/mnt/holdfast',
    })
  })

  test('may be the right one without the repository', () => {
    expect(state(known, [mounted])).toMatchObject({
      state: 'wrong-drive',
      reason: 'repository-gone',
      drive: mounted.id,
    })
  })
})

describe('a destination at a path', () => {
  const share: KnownDestination = { ...known, place: 'network', path: '/net/share', drive: null }
  const at = (repositoryId: string): FoundRepository => ({
    repositoryId,
    path: '/net/share',
    driveId: null,
    mountPoint: null,
    folderId: '1:1',
  })

  test('in the network is connected, unreachable, or another one', () => {
    expect(state(share, [], [at(ours)])).toEqual({ state: 'connected', path: '/net/share', drive: null })
    expect(state(share, [])).toEqual({ state: 'unreachable', reason: 'network', lastSeenAt })
    expect(state(share, [], [at(theirs)])).toMatchObject({ reason: 'other-repository', foundRepositoryId: theirs })
  })

  test('on this computer is missing when it is not there', () => {
    expect(state({ ...share, place: 'folder' }, [])).toEqual({ state: 'missing', lastSeenAt })
  })
})

test('what is remembered of a drive finds it again', () => {
  const container = fakeDevice('sdb1', { fileSystem: { type: 'crypto_LUKS', label: null, uuid: 'luks' } })
  const inner = fakeDevice('dm-0', { restsOn: [container.id], mountPoints: ['/m'] })
  const drive = rememberDrive(found(inner, 'a/b'), { devices: [container, inner] })
  expect(drive).toEqual({
    serial: 'S1',
    fileSystemUuid: 'uuid-1',
    label: 'Backups',
    pathOnDrive: 'a/b',
    containerUuid: 'luks',
  })
  expect(state({ ...known, drive }, [container]).state).toBe('locked')
  expect(rememberDrive({ ...found(inner), driveId: null }, { devices: [inner] })).toBeNull()
})

test.each([
  [{ state: 'missing', lastSeenAt }, 'Waiting for T7, last seen 3 d ago.'],
  [{ state: 'missing', lastSeenAt: null }, 'Waiting for T7, never seen so far.'],
  [{ state: 'missing', lastSeenAt: '2031-01-01T00:00:00.000Z' }, 'Waiting for T7, last seen just now.'],
  [{ state: 'unreachable', reason: 'network', lastSeenAt }, 'T7 cannot be reached, last seen 3 d ago.'],
  [
    { state: 'wrong-drive', reason: 'other-repository', path: '/m', foundRepositoryId: theirs, drive: null },
    'At /m are other backups (bbbbbbbb), not those of T7. Connect T7 instead.',
  ],
] as const)('%j reads as a sentence', (value, text) => {
  expect(describeDestination(value, 'T7', Date.UTC(2030, 0, 4))).toBe(text)
})
