import { mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../../engine/base/command.ts'
import { isClaimed, writtenSectors } from '../../../engine/base/linux/deviceFacts.ts'
import { parseMountInfo, parseSwaps } from '../../../engine/base/linux/mounts.ts'
import { deviceIdOf, readSystem, systemAccess } from '../../../engine/base/linux/system.ts'
import {
  contentOf,
  dependentsOf,
  devicePath,
  devicesOf,
  foundationsOf,
  mountHolding,
} from '../../../engine/base/linux/systemGraph.ts'
import { FakeSystem } from '../../support/fakeSystem.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()

describe('the table of mounts', () => {
  it('is parsed with any count of optional fields, escapes and read-only file systems', () => {
    const text = [
      '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard',
      '36 27 8:1 / /mnt/my\\040disk\\134 ro,nosuid shared:1 master:2 - xfs /dev/sda1 rw',
      '37 27 8:2 /sub /media rw - vfat /dev/mapper/a\\040b ro,uid=0',
      '38 27 0:45 /@ /home rw unbindable - btrfs /dev/sdb rw,subvol=/@',
      'nonsense',
      '',
    ].join('\n')
    expect(parseMountInfo(text)).toEqual([
      { deviceId: '254:0', mountPoint: '/', fileSystem: 'ext4', source: '/dev/vda', readOnly: false },
      { deviceId: '8:1', mountPoint: '/mnt/my disk\\', fileSystem: 'xfs', source: '/dev/sda1', readOnly: false },
      { deviceId: '8:2', mountPoint: '/media', fileSystem: 'vfat', source: '/dev/mapper/a b', readOnly: true },
      { deviceId: '0:45', mountPoint: '/home', fileSystem: 'btrfs', source: '/dev/sdb', readOnly: false },
    ])
  })

  it('of swap gives paths', () => {
    const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'
    expect(parseSwaps(head)).toEqual([])
    expect(parseSwaps(`${head}/dev/dm-1      partition\t2096124\t\t0\t\t-2\n/swap\\040file  file 4 0 -3\n`)).toEqual([
      '/dev/dm-1',
      '/swap file',
    ])
  })
})

/** A laptop: LVM in LUKS on sda2, a RAID over sdb1 and sdc1, btrfs over sdd and sde, loop0 over a file in /home. */
async function laptop() {
  const system = new FakeSystem(folder.path)
  await system.addDisk('sda', ['sda1', 'sda2'])
  await system.addDevice('dm-0', { slaves: ['sda2'], mapped: ['luks-1', 'CRYPT-LUKS2-1'] })
  await system.addDevice('dm-1', { slaves: ['dm-0'], mapped: ['vg-root', 'LVM-abc'] })
  await system.addDevice('dm-2', { slaves: ['dm-0'], mapped: ['vg-swap', 'LVM-def'] })
  await system.addDevice('dm-3', { slaves: ['dm-0'], mapped: ['vg-home', 'LVM-ghi'] })
  await system.addDisk('sdb', ['sdb1'])
  await system.addDisk('sdc', ['sdc1', 'sdc2'])
  await system.addDevice('md0', { slaves: ['sdb1', 'sdc1'], raid: true })
  await system.addDisk('sdd', [])
  await system.addDisk('sde', [])
  await system.addBtrfs(['sdd', 'sde'])
  await system.addDevice('loop0', { backingFile: '/home/me/disk.img' })
  system.mount('dm-1', '/')
  system.mount('sda1', '/boot')
  system.mount('dm-3', '/home')
  system.mountAnonymous('0:45', '/data', 'btrfs', '/dev/sde')
  system.mountAnonymous('0:46', '/tmp', 'tmpfs', 'tmpfs')
  system.addFile('/home/me/disk.img', 'dm-3', '12')
  system.addSwap('/dev/dm-2')
  return system
}

describe('the record of the system', () => {
  it('knows kinds, names, sizes and partitions of devices', async () => {
    const { devices } = await readSystem((await laptop()).access)
    const facts = Object.fromEntries(devices.map(device => [device.name, device]))
    expect(facts.sda).toMatchObject({ kind: 'disk', label: 'sda', restsOn: [], readOnly: false, sizeBytes: 1024 * MiB })
    expect(facts.sda1).toMatchObject({ kind: 'partition', restsOn: ['sda'] })
    expect(facts['dm-0']).toMatchObject({ kind: 'crypt', label: 'luks-1', restsOn: ['sda2'] })
    expect(facts['dm-1']).toMatchObject({ kind: 'lvm', label: 'vg-root', restsOn: ['dm-0'] })
    expect(facts.md0).toMatchObject({ kind: 'raid', restsOn: ['sdb1', 'sdc1'] })
    expect(facts.loop0).toMatchObject({ kind: 'loop', restsOn: ['dm-3'], backingFile: '/home/me/disk.img' })
    expect(devicePath(facts['dm-1']!)).toBe('/dev/mapper/vg-root')
    expect(devicePath({ name: 'cciss!c0d0', label: 'cciss!c0d0' })).toBe('/dev/cciss/c0d0')
  })

  it('finds the devices of mounts and swap, and every member of a btrfs', async () => {
    const { mounts, swaps } = await readSystem((await laptop()).access)
    const devicesAt = (point: string) => mounts.find(mount => mount.mountPoint === point)?.devices
    expect(devicesAt('/')).toEqual(['dm-1'])
    expect(devicesAt('/data')?.toSorted()).toEqual(['sdd', 'sde'])
    expect(devicesAt('/tmp')).toEqual([])
    expect(swaps).toMatchObject([{ path: '/dev/dm-2', devices: ['dm-2'] }])
  })

  it('knows what rests on what, through partitions, encryption, volumes and loop files', async () => {
    const system = await readSystem((await laptop()).access)
    expect([...foundationsOf(system, 'loop0')].sort()).toEqual(['dm-0', 'dm-3', 'loop0', 'sda', 'sda2'])
    expect([...dependentsOf(system, ['sda2'])].sort()).toEqual(['dm-0', 'dm-1', 'dm-2', 'dm-3', 'loop0', 'sda2'])
    expect([...dependentsOf(system, ['sdc'])].sort()).toEqual(['md0', 'sdc', 'sdc1', 'sdc2'])
    expect([...dependentsOf(system, ['dm-1'])]).toEqual(['dm-1'])
    expect([...dependentsOf(system, [])]).toEqual([])
  })

  it('knows what a path holds and where it lies', async () => {
    const fake = await laptop()
    const system = await readSystem(fake.access)
    const file = (await fake.access.identify('/home/me/disk.img'))!
    expect([...contentOf(system, file)]).toEqual(['loop0'])
    expect(devicesOf(system, file)).toEqual(['dm-3'])
    fake.addFile('/data/sub/image', '0:99', '7')
    expect(devicesOf(system, (await fake.access.identify('/data/sub/image'))!).toSorted()).toEqual(['sdd', 'sde'])
    expect(mountHolding(system.mounts, '/homework/x')?.mountPoint).toBe('/')
    expect(mountHolding(system.mounts, '/home')?.mountPoint).toBe('/home')
  })

  it('takes the later of two mounts at one place', async () => {
    const fake = await laptop()
    fake.mount('sdc2', '/home')
    expect(mountHolding((await readSystem(fake.access)).mounts, '/home/me')?.devices).toEqual(['sdc2'])
  })

  it('forgets the file of a loop device that was deleted', async () => {
    const fake = await laptop()
    await fake.addDevice('loop1', { backingFile: '/home/gone.img (deleted)' })
    const loop = (await readSystem(fake.access)).devices.find(({ name }) => name === 'loop1')
    expect(loop).toMatchObject({ restsOn: [] })
    expect(loop).not.toHaveProperty('backingIdentity')
  })

  it('is empty where nothing can be read', async () => {
    const nowhere = { ...systemAccess, sysRoot: join(folder.path, 'no'), procRoot: join(folder.path, 'no') }
    expect(await readSystem(nowhere)).toEqual({ devices: [], mounts: [], swaps: [] })
  })
})

describe('the identity of a path', () => {
  it('tells what it is, through symbolic links', async () => {
    await writeFile(join(folder.path, 'file'), 'content')
    await mkdir(join(folder.path, 'folder'))
    await symlink('file', join(folder.path, 'link'))
    const at = (name: string) => systemAccess.identify(join(folder.path, name))
    expect(await at('link')).toMatchObject({
      kind: 'file',
      realPath: join(folder.path, 'file'),
      inode: String((await stat(join(folder.path, 'file'))).ino),
      sizeBytes: 7,
      deviceId: '0:0',
    })
    expect(await at('folder')).toMatchObject({ kind: 'folder' })
    expect(await at('missing')).toBeUndefined()
    expect(await systemAccess.identify('/dev/null')).toMatchObject({ kind: 'other' })
  })

  it('reads the numbers of devices as stat(1) does', async () => {
    expect(deviceIdOf(0x0801n)).toBe('8:1')
    expect(deviceIdOf(0x11032cn)).toBe('259:300')
    expect(deviceIdOf(0xffff_ffffn)).toBe('4095:1048575')
    const { stdout } = await runCommand('stat', ['-c', '%Hd:%Ld', folder.path], { failureCode: 'internal.bug' })
    expect((await systemAccess.identify(folder.path))?.fileSystemId).toBe(stdout.toString().trim())
  })
})

describe.skipIf(noLoopDevices)('the record of this very system', () => {
  it('shows a loop device, its file, its partition and the mount of it', async () => {
    const image = join(folder.path, 'image')
    const point = join(folder.path, 'mount point')
    await mkdir(point)
    await writeFile(image, Buffer.alloc(8 * MiB))
    const loop = attachLoop(image)
    let unmount = () => {}
    try {
      const partition = loop.addPartition(MiB, 4 * MiB)
      makeFileSystem(partition)
      expect(await isClaimed(loop.path)).toBe(false)
      const written = await writtenSectors((await systemAccess.identify(partition))!.deviceId, '/sys')
      expect(written).toBeGreaterThan(0)

      unmount = mountAt(partition, point)
      expect(await isClaimed(loop.path)).toBe(true)
      const system = await readSystem()
      expect(system.devices.find(({ name }) => name === loop.name)).toMatchObject({
        kind: 'loop',
        sizeBytes: 8 * MiB,
        backingIdentity: { kind: 'file', realPath: image },
      })
      expect(system.devices.find(({ name }) => name === `${loop.name}p1`)).toMatchObject({
        kind: 'partition',
        sizeBytes: 4 * MiB,
        restsOn: [loop.name],
      })
      const content = contentOf(system, (await systemAccess.identify(image))!)
      expect([...content].sort()).toEqual([loop.name, `${loop.name}p1`])
      expect(system.mounts.find(mount => mount.mountPoint === point)).toMatchObject({
        devices: [`${loop.name}p1`],
        readOnly: false,
      })
    } finally {
      unmount()
      loop.detach()
    }
  })
})
