import { describe, expect, test } from 'vitest'
import { driveInventorySchema } from '../../../engine/contract/drives.ts'
import { compareInventories, deviceById, isNoDifference } from '../../../engine/drives/inventory.ts'
import { type InventoryAccess, readInventory } from '../../../engine/drives/readInventory.ts'
import { driveId, type FakeProgram, fakeDevice, fakePrograms } from '../../support/fakeDrives.ts'
import { FakeSystem } from '../../support/fakeSystem.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const folder = useTemporaryFolder()

type Row = Record<string, unknown> & { 'maj:min': string }

const lsblk =
  (...rows: Row[]): FakeProgram =>
  () => ({ stdout: JSON.stringify({ blockdevices: rows }) })

function accessOf(system: FakeSystem, programs: Record<string, FakeProgram>): InventoryAccess {
  // A folder that is there stands for a running udev, which knows all contents.
  return { system: system.access, run: fakePrograms(programs).run, udevFolder: folder.path }
}

/** A disk with the system, and a USB drive with one partition. */
async function laptop() {
  const system = new FakeSystem(folder.path)
  await system.addDisk('sda', ['sda1', 'sda2'])
  await system.addDisk('sdb', ['sdb1'])
  system.mount('sda1', '/')
  system.mount('sdb1', '/media/usb')
  const rows: Row[] = [
    { 'maj:min': '8:0', model: 'Inner', serial: 'I1', tran: 'sata', rm: false, hotplug: false },
    { 'maj:min': '8:1', fstype: 'ext4', uuid: 'root', partuuid: 'p1' },
    { 'maj:min': '8:2', fstype: 'swap', uuid: 'swap', partuuid: 'p2' },
    { 'maj:min': '8:3', model: 'T7', serial: 'S1', tran: 'usb', rm: false, hotplug: true, pttype: 'gpt' },
    { 'maj:min': '8:4', fstype: 'ext4', uuid: 'u1', label: 'Back\u0007ups', partuuid: 'p3', pttype: 'gpt' },
  ]
  return { system, rows }
}

const byPath = (inventory: Awaited<ReturnType<typeof readInventory>>, path: string) =>
  inventory.devices.find(device => device.path === path)!

describe('the inventory', () => {
  test('joins the tables of the kernel with what lsblk says', async () => {
    const { system, rows } = await laptop()
    const inventory = await readInventory(accessOf(system, { lsblk: lsblk(...rows) }))
    expect(() => driveInventorySchema.parse(inventory)).not.toThrow()
    const disk = byPath(inventory, '/dev/sdb')
    const partition = byPath(inventory, '/dev/sdb1')
    expect(disk).toMatchObject({
      kind: 'disk',
      sizeBytes: 1024 ** 3,
      serial: 'S1',
      partitionTable: 'gpt',
      holders: [partition.id],
      drives: [disk.id],
      isSystem: false,
    })
    expect(partition).toMatchObject({
      kind: 'partition',
      // The disk's, because people know drives and not partitions.
      serial: 'S1',
      model: 'T7',
      transport: 'usb',
      hotplug: true,
      partitionTable: null,
      fileSystem: { type: 'ext4', label: 'Back ups', uuid: 'u1' },
      mountPoints: ['/media/usb'],
      restsOn: [disk.id],
      drives: [disk.id],
    })
  })

  test('says what the running system needs, and nothing beside it', async () => {
    const { system, rows } = await laptop()
    const inventory = await readInventory(accessOf(system, { lsblk: lsblk(...rows) }))
    const needed = inventory.devices.filter(device => device.isSystem).map(({ path }) => path)
    expect(needed).toEqual(['/dev/sda', '/dev/sda1'])
    system.addSwap('/dev/sda2')
    const swapping = await readInventory(accessOf(system, { lsblk: lsblk(...rows) }))
    expect(byPath(swapping, '/dev/sda2').isSystem).toBe(true)
  })

  test('follows encrypted volumes down to their disk', async () => {
    const system = new FakeSystem(folder.path)
    await system.addDisk('sdb', ['sdb1'])
    await system.addDevice('dm-0', { slaves: ['sdb1'], mapped: ['backup', 'CRYPT-LUKS2-abc-backup'] })
    system.mount('dm-0', '/boot')
    const inventory = await readInventory(accessOf(system, { lsblk: lsblk({ 'maj:min': '8:0', serial: 'S1' }) }))
    const disk = byPath(inventory, '/dev/sdb')
    expect(byPath(inventory, '/dev/mapper/backup')).toMatchObject({ kind: 'crypt', serial: 'S1', drives: [disk.id] })
    expect(inventory.devices.every(device => device.isSystem)).toBe(true)
  })

  test('takes a loop device for a drive of its own, not for a part of the disk with its file', async () => {
    const { system } = await laptop()
    await system.addDevice('loop0', { backingFile: '/home/image' })
    system.addFile('/home/image', 'sda1', '77')
    const inventory = await readInventory(accessOf(system, {}))
    const loop = byPath(inventory, '/dev/loop0')
    expect(loop.drives).toEqual([loop.id])
    expect(loop.restsOn).toEqual([byPath(inventory, '/dev/sda1').id])
    expect(loop.isSystem).toBe(false)
  })

  test('is made from the kernel and from the devices themselves where there are no lsblk and no udev', async () => {
    const { system } = await laptop()
    const probed: string[] = []
    const blkid: FakeProgram = args => {
      const node = args.at(-1)!
      probed.push(node)
      return node === '/dev/sdb1' ? { stdout: 'ID_FS_TYPE=ext4\nID_FS_UUID=u1\n' } : { exitCode: 2 }
    }
    const access = { ...accessOf(system, { blkid }), udevFolder: `${folder.path}/none` }
    const inventory = await readInventory(access)
    expect(probed.sort()).toEqual(['/dev/sda', '/dev/sda1', '/dev/sda2', '/dev/sdb', '/dev/sdb1'])
    expect(byPath(inventory, '/dev/sdb1').fileSystem).toEqual({ type: 'ext4', label: null, uuid: 'u1' })
    expect(byPath(inventory, '/dev/sda2').fileSystem).toBeNull()
  })

  test('does not fail because programs do', async () => {
    const { system } = await laptop()
    const broken: FakeProgram = () => ({ exitCode: 139, stderr: 'Segmentation fault' })
    const inventory = await readInventory({
      ...accessOf(system, { lsblk: broken, blkid: broken }),
      udevFolder: `${folder.path}/none`,
    })
    expect(inventory.devices).toHaveLength(5)
    // The table of mounts tells as much.
    expect(byPath(inventory, '/dev/sdb1').fileSystem).toEqual({ type: 'ext4', label: null, uuid: null })
  })

  test('leaves out memory that looks like a disk', async () => {
    const system = new FakeSystem(folder.path)
    await system.addDevice('zram0')
    await system.addDevice('ram3')
    await system.addDevice('sda')
    expect((await readInventory(accessOf(system, {}))).devices.map(({ path }) => path)).toEqual(['/dev/sda'])
  })
})

describe('ids', () => {
  async function inventoryWith(drives: readonly (readonly [name: string, serial: string | null])[]) {
    const system = new FakeSystem(folder.path)
    const rows: Row[] = []
    for (const [name, serial] of drives) {
      const first = rows.length
      await system.addDisk(name, [`${name}1`])
      rows.push(
        { 'maj:min': `8:${first}`, serial, model: 'T7' },
        { 'maj:min': `8:${first + 1}`, partuuid: 'p', uuid: 'u' },
      )
    }
    const inventory = await readInventory(accessOf(system, { lsblk: lsblk(...rows) }))
    return (path: string) => byPath(inventory, path).id
  }

  test('stay when a drive comes back under another name', async () => {
    const first = await inventoryWith([['sdb', 'S1']])
    const later = await inventoryWith([
      ['sdc', 'S2'],
      ['sdd', 'S1'],
    ])
    expect(later('/dev/sdd')).toBe(first('/dev/sdb'))
    expect(later('/dev/sdd1')).toBe(first('/dev/sdb1'))
    expect(later('/dev/sdc')).not.toBe(first('/dev/sdb'))
    expect(later('/dev/sdc1')).not.toBe(first('/dev/sdb1'))
  })

  test('of drives that nothing tells apart are those of neither alone', async () => {
    const alone = await inventoryWith([['sdb', 'FAKE']])
    const both = await inventoryWith([
      ['sdb', 'FAKE'],
      ['sdc', 'FAKE'],
    ])
    const ids = ['/dev/sdb', '/dev/sdc', '/dev/sdb1', '/dev/sdc1'].map(both)
    expect(new Set([...ids, alone('/dev/sdb'), alone('/dev/sdb1')]).size).toBe(6)
  })

  test('find what was offered, and nothing else', () => {
    const device = fakeDevice('sdb1')
    expect(deviceById({ devices: [device] }, device.id)).toBe(device)
    expect(deviceById({ devices: [device] }, '/dev/sdb1')).toBeUndefined()
    expect(deviceById({ devices: [device] }, driveId('sdc1'))).toBeUndefined()
  })
})

describe('two inventories', () => {
  const stays = fakeDevice('stays')
  const goes = fakeDevice('goes')

  test('differ by what came, what went, and what became different', () => {
    const mounted = { ...stays, mountPoints: ['/mnt'] }
    const comes = fakeDevice('comes')
    const differences = compareInventories({ devices: [stays, goes] }, { devices: [mounted, comes] })
    expect(differences).toEqual({ arrived: [comes], departed: [goes], changed: [mounted], volumesChanged: false })
  })

  test('show a drive that left and came back in between as both', () => {
    const again = { ...stays, sequence: 2 }
    const differences = compareInventories({ devices: [stays] }, { devices: [again] })
    expect(differences).toEqual({ arrived: [again], departed: [stays], changed: [], volumesChanged: false })
  })

  test('are the same whatever their order', () => {
    expect(isNoDifference(compareInventories({ devices: [stays, goes] }, { devices: [goes, stays] }))).toBe(true)
  })
})
