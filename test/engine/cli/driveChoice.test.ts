import { describe, expect, test } from 'vitest'
import {
  driveLabels,
  driveMountPoints,
  drivesIn,
  drivesNamed,
  driveTitle,
  isExternal,
} from '../../../engine/cli/driveChoice.ts'
import type { DriveDevice } from '../../../engine/contract/drives.ts'
import { driveId, fakeDevice } from '../../support/fakeDrives.ts'

/** A disk with one partition, which has a label of its own. */
function disk(name: string, label: string, over: Partial<DriveDevice> = {}): DriveDevice[] {
  const whole = { drives: [driveId(name)], serial: `SN-${name}`, ...over }
  return [
    fakeDevice(name, { ...whole, kind: 'disk', fileSystem: null }),
    fakeDevice(`${name}1`, {
      ...whole,
      fileSystem: { type: 'ext4', label, uuid: `uuid-${name}` },
      mountPoints: [`/media/${label}`],
    }),
  ]
}

const inside = { hotplug: false, removable: false, transport: 'nvme', model: 'Inner', isSystem: true }
const drives = drivesIn([...disk('sda', 'root', inside), ...disk('sdb', 'Blue'), ...disk('sdc', 'Red')])
const named = (text: string) => drivesNamed(drives, text).map(drive => drive.device.path)

describe('the drives of an inventory', () => {
  test('are disks with all that is on them, and external ones are told from those that stay', () => {
    expect(drives.map(drive => drive.parts.map(part => part.path))).toEqual([
      ['/dev/sda', '/dev/sda1'],
      ['/dev/sdb', '/dev/sdb1'],
      ['/dev/sdc', '/dev/sdc1'],
    ])
    expect(drives.filter(isExternal).map(drive => drive.device.path)).toEqual(['/dev/sdb', '/dev/sdc'])
    expect(driveLabels(drives[1]!)).toEqual(['Blue'])
    expect(driveMountPoints(drives[1]!)).toEqual(['/media/Blue'])
    expect(drives.map(driveTitle)).toEqual(['Samsung Inner', 'Samsung Portable SSD T7', 'Samsung Portable SSD T7'])
  })

  test('that the system runs from are not external, whatever they hang on', () => {
    const [live] = drivesIn(disk('sdd', 'Live', { isSystem: true }))
    expect(isExternal(live!)).toBe(false)
  })
})

describe('a drive', () => {
  test.each([
    ['its path', '/dev/sdb'],
    ['the path of a part', '/dev/sdb1'],
    ['a label on it', 'blue'],
    ['its serial', 'sn-SDB'],
    ['its id', driveId('sdb')],
    ['the beginning of its id', driveId('sdb').slice(0, 6)],
    ['the id of a part', driveId('sdb1')],
    ['where it is mounted', '/media/Blue'],
    ['the uuid of a file system', 'uuid-sdb'],
  ])('is found by %s', (_what, text) => {
    expect(named(text)).toEqual(['/dev/sdb'])
  })

  test('of a model that is there twice is not guessed', () => {
    expect(named('Portable SSD T7')).toEqual(['/dev/sdb', '/dev/sdc'])
    expect(named('samsung portable ssd t7')).toEqual(['/dev/sdb', '/dev/sdc'])
  })

  test('is not found by half a name, nor by nothing', () => {
    for (const text of ['Blu', 'SSD', '/dev/sd', driveId('sdb').slice(0, 3), '', ' ']) expect(named(text)).toEqual([])
  })
})
