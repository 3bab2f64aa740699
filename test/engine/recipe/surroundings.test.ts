import { expect, test } from 'vitest'
import type { SystemDevice } from '../../../engine/base/linux/systemRecord.ts'
import { surroundingsOf } from '../../../engine/recipe/surroundings.ts'

const device = (name: string, kind: SystemDevice['kind'], ...restsOn: string[]): SystemDevice => ({
  ...{ name, kind, restsOn },
  id: `id of ${name}`,
  sizeBytes: 1,
  readOnly: false,
  label: name,
})

/** Two disks with one group over both, a third of another machine's kind, and an image file on the first. */
const devices = [
  device('sda', 'disk'),
  device('sda1', 'partition', 'sda'),
  device('sda2', 'partition', 'sda'),
  device('dm-0', 'crypt', 'sda2'),
  device('dm-1', 'lvm', 'dm-0'),
  device('sdb', 'disk'),
  device('sdb1', 'partition', 'sdb'),
  device('dm-2', 'lvm', 'sdb1', 'dm-0'),
  device('sdc', 'disk'),
  device('sdc1', 'partition', 'sdc'),
  device('loop0', 'loop', 'sda1'),
  device('loop0p1', 'partition', 'loop0'),
]
const group = ['id of dm-0', 'id of sdb1']
const around = (name: string, groups: string[][] = []) => {
  const found = surroundingsOf({ devices }, name, groups)
  return { disks: found.disks.map(({ name: one }) => one), devices: found.devices.map(({ name: one }) => one) }
}

test('of a volume are the disk under it and all that lies on that', () => {
  expect(around('dm-1')).toEqual({ disks: ['sda'], devices: ['dm-0', 'dm-1', 'dm-2', 'sda', 'sda1', 'sda2'] })
})

test('of a volume of several disks are all of them', () => {
  expect(around('dm-2').disks).toEqual(['sda', 'sdb'])
})

test('reach as far as the group does, whichever of its disks the source is on', () => {
  const all = { disks: ['sda', 'sdb'], devices: ['dm-0', 'dm-1', 'dm-2', 'sda', 'sda1', 'sda2', 'sdb', 'sdb1'] }
  expect(around('dm-1', [group])).toEqual(all)
  expect(around('sdb', [group])).toEqual(all)
  expect(around('sda1', [['id of sdc1', 'id of elsewhere'], group])).toEqual(all)
})

test('reach through groups that have a disk in common', () => {
  expect(around('sdc', [group, ['id of sdc1', 'id of sdb']]).disks).toEqual(['sda', 'sdb', 'sdc'])
})

test('of a loop device end at it, as those of a disk end above its image files', () => {
  expect(around('loop0p1')).toEqual({ disks: ['loop0'], devices: ['loop0', 'loop0p1'] })
  expect(around('sda').devices).not.toContain('loop0')
})

test('of a device that is gone are nothing', () => {
  expect(around('sdz')).toEqual({ disks: [], devices: [] })
})
