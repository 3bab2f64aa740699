import { describe, expect, it } from 'vitest'
import type { DriveDevice } from '../../engine/contract/drives.ts'
import type { WireError } from '../../engine/contract/errors.ts'
import type { LibraryVersion } from '../../engine/contract/library.ts'
import { driveChoices } from '../../renderer/src/screens/restore/placeChoices.ts'
import { noWish, planInput, type TargetWish } from '../../renderer/src/screens/restore/wish.ts'
import {
  deviceText,
  freeName,
  holdingsText,
  imageName,
  isFileName,
  isFolder,
  joinPath,
  lostTexts,
  phaseOf,
  secretTrouble,
  sortedTargets,
  type Target,
  wordsIn,
} from '../../renderer/src/screens/restore/wording.ts'
import { byDestination, joined } from '../../renderer/src/screens/versions/removal.ts'
import { externalDevices, internalDevices, spareDevices } from './fake/devices.ts'
import { spoken } from './fake/speech.ts'

const { t, format } = spoken('en', ['en-GB'])
const deviceAt = (path: string) =>
  [...internalDevices, ...externalDevices, ...spareDevices].find(device => device.path === path)!
const spare = deviceAt('/dev/sdd')

const version = {
  id: '0'.repeat(16),
  name: 'root',
  date: '2026-11-26T14:02:00.000Z',
  destination: 'd'.repeat(16),
} as LibraryVersion

describe('a disk that is to be erased', () => {
  it('is named by what tells it apart: model, size, end of the serial, connection', () => {
    expect(deviceText(t, format, spare)).toBe('WD Black SN770, 2 TB, serial …4F2A, connected by USB')
  })

  it('is named without what is not known', () => {
    const bare: DriveDevice = { ...spare, model: null, serial: null, transport: null }
    expect(deviceText(t, format, bare)).toBe('/dev/sdd, 2 TB')
  })

  it('is said to lose each file system, named or not', () => {
    const lost = [
      { label: 'Photos', type: 'ext4', sizeBytes: 612e9, lastMounted: null },
      { label: null, type: 'vfat', sizeBytes: 537e6, lastMounted: null },
    ]
    expect(lostTexts(t, format, lost)).toEqual(['Photos (ext4, 612 GB)', 'without a name (vfat, 537 MB)'])
  })

  it('is said to hold what lies on it, however deep, and nothing when nothing is found', () => {
    const byId = new Map(internalDevices.map(device => [device.id, device]))
    const text = holdingsText(t, format, deviceAt('/dev/nvme0n1'), byId)
    for (const name of ['EFI', 'Encrypted', 'root', 'home']) expect(text).toContain(name)
    expect(holdingsText(t, format, { ...spare, holders: [] }, new Map())).toBe('nothing found on it')
  })
})

describe('targets', () => {
  const refusal = { code: 'target.mounted', message: '', advice: '' } as const
  const target = (device: DriveDevice, isRefused = false): Target => ({ device, refusal: isRefused ? refusal : null })

  it('stand apart from those that are refused, whole disks first', () => {
    const part = deviceAt('/dev/sdd1')
    const { usable, refused } = sortedTargets([target(part), target(deviceAt('/dev/sda'), true), target(spare)])
    expect(usable.map(({ device }) => device.path)).toEqual(['/dev/sdd', '/dev/sdd1'])
    expect(refused.map(({ device }) => device.path)).toEqual(['/dev/sda'])
  })

  it('are no empty card readers', () => {
    expect(sortedTargets([target({ ...spare, sizeBytes: 0 })]).usable).toEqual([])
  })
})

describe('what a person wishes', () => {
  it('chooses nothing by itself, and reads back unless told not to', () => {
    const wish = noWish(version)
    expect(planInput(version, wish)).toBeNull()
    expect(planInput(version, { ...wish, kind: 'device' })).toBeNull()
    const common = { destination: version.destination, version: version.id, verify: true }
    expect(planInput(version, { ...wish, kind: 'device', device: spare.id, delta: true })).toEqual({
      ...common,
      delta: true,
      grow: false,
      target: { kind: 'device', device: spare.id },
    })
  })

  it('is a new file only with a folder and a name, and never with what differs alone', () => {
    const wish = { ...noWish(version), kind: 'newFile' as const, delta: true }
    expect(planInput(version, wish)).toBeNull()
    expect(planInput(version, { ...wish, folder: 'home' })).toBeNull()
    expect(planInput(version, { ...wish, folder: '/home/anna/', fileName: 'a/b' })).toBeNull()
    expect(planInput(version, { ...wish, folder: '/home/anna/' })).toMatchObject({
      delta: false,
      target: { kind: 'newFile', path: '/home/anna/root-2026-11-26.img' },
    })
  })

  it('gives image files names that every file system takes', () => {
    expect(imageName({ ...version, name: 'vm/web:1' })).toBe('vm-web-1-2026-11-26.img')
    expect(imageName({ ...version, name: '../..' })).toBe('version-2026-11-26.img')
    expect(joinPath('/', 'a.img')).toBe('/a.img')
    expect([isFolder('/a'), isFolder('a'), isFileName('a'), isFileName('..'), isFileName('')]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ])
  })
})

describe('a secret that does not open a backup', () => {
  const wrong = (details?: Record<string, unknown>): WireError => ({
    code: 'repository.wrongKey',
    message: 'no',
    retryable: false,
    ...(details && { details }),
  })
  const title = (error: WireError, kind: 'passphrase' | 'recoveryPhrase' = 'recoveryPhrase') =>
    secretTrouble(t, error, kind)?.title

  it('says which word is wrong, how many there are, or that they do not belong together', () => {
    expect(title(wrong({ word: 'cande', number: 2 }))).toBe('Word 2, “cande”, is not one of the words that are used')
    expect(title(wrong({ words: 23 }))).toBe('These are 23 words; there should be 24')
    expect(title(wrong())).toBe('These 24 words do not belong together')
  })

  it('is told from a wrong passphrase, and from errors of other kinds', () => {
    expect(title(wrong(), 'passphrase')).toBe('That passphrase does not open this backup')
    expect(title({ ...wrong(), code: 'storage.unreachable' })).toBeUndefined()
  })

  it('is never counted down or locked out', () => {
    for (const language of ['en', 'de'] as const) {
      const say = spoken(language).t
      for (const kind of ['passphrase', 'recoveryPhrase'] as const) {
        expect(secretTrouble(say, wrong(), kind)?.text).toMatch(/as often as you like|so oft versuchen/)
      }
    }
  })

  it('is counted in words however it is spaced', () => {
    expect(wordsIn('  river\ncandle \t anchor ')).toEqual(['river', 'candle', 'anchor'])
    expect(wordsIn('   ')).toEqual([])
  })
})

describe('places where another backup may lie', () => {
  it('are file systems beside the running system, those that come and go first', () => {
    const paths = driveChoices([...internalDevices, ...externalDevices]).map(({ path }) => path)
    expect(paths).toEqual(['/dev/sdb1', '/dev/mapper/laptop-home', '/dev/sda1'])
  })

  it('get a name that no other has', () => {
    expect(freeName('Backup on T7', [])).toBe('Backup on T7')
    expect(freeName('Backup on T7', ['Backup on T7', 'Backup on T7 2'])).toBe('Backup on T7 3')
    expect(freeName('x'.repeat(200), ['x'.repeat(95)]).length).toBeLessThanOrEqual(100)
  })
})

describe('steps of a restore', () => {
  it('follow what the service does', () => {
    expect(['opening', 'restoring', 'verifying', null].map(phaseOf)).toEqual(['prepare', 'write', 'verify', 'prepare'])
  })
})

describe('removals from several destinations', () => {
  const at = (date: string, destination = 'a') => ({ ...version, date, destination }) as LibraryVersion

  it('are planned for each, and shown as one, oldest first', () => {
    const [old, young] = [at('2026-01-01T00:00:00.000Z', 'b'), at('2026-02-04T00:00:00.000Z')]
    expect(byDestination([young, old]).map(([destination]) => destination)).toEqual(['a', 'b'])
    const removal = joined([
      { destination: 'a', planId: '1', removable: [young], kept: [], lastOfName: ['root'] },
      {
        destination: 'b',
        planId: null,
        removable: [old],
        kept: [{ version: young, reason: 'protected' }],
        lastOfName: [],
      },
    ])
    expect(removal.removable).toEqual([old, young])
    expect(removal.kept).toHaveLength(1)
    expect(removal.last).toEqual([{ name: 'root', destination: 'a' }])
  })
})

describe('a new volume as the target', () => {
  const version = { destination: 'd', id: 'v', name: 'root', date: '2026-11-26T13:00:00.000Z' } as LibraryVersion

  it('is asked for once there is a place and a name that LVM takes', () => {
    const wish: TargetWish = { ...noWish(version), kind: 'newVolume' }
    expect(wish.volumeName).toBe('root-2026-11-26')
    expect(planInput(version, wish)).toBeNull()
    const placed = { ...wish, group: 'vg0', thinPool: 'pool' }
    expect(planInput(version, placed)?.target).toEqual({
      kind: 'newVolume',
      group: 'vg0',
      name: 'root-2026-11-26',
      thinPool: 'pool',
    })
    for (const volumeName of ['', '-a', '.', 'a b', 'ä', 'snapshot1', 'x_tdata', 'a'.repeat(128)]) {
      expect(planInput(version, { ...placed, volumeName }), volumeName).toBeNull()
    }
  })

  it('never grows or writes only what differs, whatever was wanted of a disk before', () => {
    const wish = { ...noWish(version), kind: 'newVolume' as const, group: 'vg0', delta: true, grow: true }
    expect(planInput(version, wish)).toMatchObject({ delta: false })
    expect(planInput(version, wish)).not.toHaveProperty('grow')
  })
})
