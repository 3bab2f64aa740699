import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkTarget } from '../../../engine/targets/checks.ts'
import { gatherTargetFacts, type TargetContext, type TargetProbe } from '../../../engine/targets/facts.ts'
import { FakeSystem } from '../../support/fakeSystem.ts'
import { attachLoop, makeFileSystem, mountAt, noLoopDevices } from '../../support/loopDevice.ts'
import { useTemporaryFolder } from '../../support/temporaryFolder.ts'

const MiB = 1024 * 1024
const folder = useTemporaryFolder()

/**
 * sda: the system (boot, and LVM with root and swap) and an unused partition. sdb: data on sdb1, with a swap file and the
 * file of loop0, which is mounted; sdb2 is free. sdc: a member of an array. sdd: free. sde: write-protected.
 */
async function computer() {
  const system = new FakeSystem(folder.path)
  await system.addDisk('sda', ['sda1', 'sda2', 'sda3'])
  await system.addDevice('dm-0', { slaves: ['sda2'], mapped: ['vg-root', 'LVM-a'] })
  await system.addDevice('dm-1', { slaves: ['sda2'], mapped: ['vg-swap', 'LVM-b'] })
  await system.addDevice('dm-2', { slaves: ['sda2'], mapped: ['vg-spare', 'LVM-c'] })
  await system.addDisk('sdb', ['sdb1', 'sdb2'])
  await system.addDisk('sdc', [])
  await system.addDevice('md0', { slaves: ['sdc'], raid: true })
  await system.addDisk('sdd', ['sdd1'])
  await system.addDevice('sde', { readOnly: true })
  await system.addDevice('loop0', { backingFile: '/data/loop.img' })
  await system.addDevice('loop1', { backingFile: '/data/idle.img' })
  system.mount('sda1', '/boot')
  system.mount('dm-0', '/')
  system.mount('sdb1', '/data')
  system.mount('loop0', '/mnt/loop')
  system.addSwap('/dev/dm-1')
  system.addSwap('/data/swapfile')
  system.addFile('/data/loop.img', 'sdb1', '11', 5 * MiB)
  system.addFile('/data/idle.img', 'sdb1', '12', 5 * MiB)
  system.addFile('/data/swapfile', 'sdb1', '13')
  system.addFile('/data/plain.img', 'sdb1', '14', 7 * MiB)
  system.addFile('/data/hardlink.img', 'sdb1', '14', 7 * MiB)
  system.addFolder('/data/repository', 'sdb1')
  system.addFolder('/data/alias', 'sdb1', '/data/repository')
  system.addOther('/dev/tty')
  return system
}

const probeOf = (system: FakeSystem, overrides: Partial<TargetProbe> = {}): TargetProbe => ({
  access: system.access,
  isClaimed: async () => false,
  refusesWrites: async () => undefined,
  ...overrides,
})

async function codes(path: string, context: TargetContext = {}, overrides: Partial<TargetProbe> = {}) {
  const facts = await gatherTargetFacts(path, context, probeOf(await computer(), overrides))
  return checkTarget(facts, { versionSizeBytes: MiB, force: true }).map(({ code }) => code)
}

describe('the facts about a target', () => {
  it('are none against a free disk, partition or volume, a plain file or a new file', async () => {
    for (const path of [
      '/dev/sdd',
      '/dev/sdd1',
      '/dev/sdb2',
      '/dev/sda3',
      '/dev/dm-2',
      '/data/plain.img',
      '/data/new',
    ]) {
      expect([path, await codes(path)]).toEqual([path, []])
    }
  })

  it('tell kind and size', async () => {
    const probe = probeOf(await computer())
    const of = (path: string) => gatherTargetFacts(path, {}, probe)
    expect(await of('/dev/sdd')).toMatchObject({
      kind: 'device',
      sizeBytes: 1024 * MiB,
      deviceId: expect.stringMatching(/^8:\d/),
    })
    expect(await of('/data/plain.img')).toMatchObject({ kind: 'file', sizeBytes: 7 * MiB, deviceId: undefined })
    expect(await of('/data/new')).toMatchObject({ kind: 'missing', sizeBytes: 0, folderExists: true })
    expect(await of('/data/no/new')).toMatchObject({ kind: 'missing', folderExists: false })
    expect(await of('/data/plain.img/new')).toMatchObject({ kind: 'missing', folderExists: false })
    expect(await of('/data')).toMatchObject({ kind: 'other' })
    expect(await of('/dev/tty')).toMatchObject({ kind: 'other' })
  })

  it('tell what of the system lies on it, through volumes and partitions', async () => {
    const of = async (path: string) => (await gatherTargetFacts(path, {}, probeOf(await computer()))).systemUses
    expect(await of('/dev/sda')).toEqual(['/boot', '/', 'swap'])
    expect(await of('/dev/sda1')).toEqual(['/boot'])
    expect(await of('/dev/sda2')).toEqual(['/', 'swap'])
    expect(await of('/dev/dm-1')).toEqual(['swap'])
    expect(await of('/dev/sda3')).toEqual([])
    // A swap file makes the disk that it lies on the system's.
    expect(await of('/dev/sdb')).toEqual(['swap'])
    expect(await of('/data/swapfile')).toEqual(['swap'])
    expect(await of('/data/plain.img')).toEqual([])
  })

  it('tell mounts on it and on what lies on it', async () => {
    const of = async (path: string) => (await gatherTargetFacts(path, {}, probeOf(await computer()))).mounts
    const inLoop = { point: '/mnt/loop', part: '/dev/loop0' }
    expect(await of('/dev/sdb1')).toEqual([{ point: '/data' }, inLoop])
    expect(await of('/dev/sdb')).toEqual([{ point: '/data', part: '/dev/sdb1' }, inLoop])
    expect(await of('/dev/sda')).toEqual([
      { point: '/boot', part: '/dev/sda1' },
      { point: '/', part: '/dev/mapper/vg-root' },
    ])
    expect(await of('/dev/loop0')).toEqual([{ point: '/mnt/loop' }])
    expect(await of('/dev/sdb2')).toEqual([])
  })

  it('tell who holds it', async () => {
    const of = async (path: string) => (await gatherTargetFacts(path, {}, probeOf(await computer()))).holders
    expect(await of('/dev/sdc')).toEqual([{ kind: 'raid', path: '/dev/md0' }])
    expect((await of('/dev/sda2')).map(({ path }) => path)).toEqual([
      '/dev/mapper/vg-root',
      '/dev/mapper/vg-swap',
      '/dev/mapper/vg-spare',
    ])
    expect(await of('/dev/sdd')).toEqual([])
  })

  it('refuse files that loop devices show, mounted or not, and swap files', async () => {
    expect(await codes('/data/loop.img')).toEqual(['target.mounted', 'target.inUse'])
    expect(await codes('/data/idle.img')).toEqual(['target.inUse'])
    expect(await codes('/data/swapfile')).toContain('target.inUse')
  })

  it('ask whether a device is held by somebody that no table shows, and only a device', async () => {
    const asked: string[] = []
    const isClaimed = async (path: string) => {
      asked.push(path)
      return true
    }
    expect(await codes('/dev/sdd', {}, { isClaimed })).toEqual(['target.inUse'])
    expect(await codes('/data/plain.img', {}, { isClaimed })).toEqual([])
    expect(asked).toEqual(['/dev/sdd'])
  })

  it('tell why it cannot be written', async () => {
    const of = async (path: string, errno: string | undefined) =>
      (await gatherTargetFacts(path, {}, probeOf(await computer(), { refusesWrites: async () => errno }))).readOnly
    expect(await of('/dev/sde', undefined)).toBe('device')
    expect(await of('/data/plain.img', 'EROFS')).toBe('file system')
    expect(await of('/data/new', 'EROFS')).toBe('file system')
    expect(await of('/data/new', 'EACCES')).toBe('permission')
    expect(await of('/no/folder/new', 'EACCES')).toBeUndefined()
  })

  it('tell that it is the source, or that one contains the other', async () => {
    const same = async (path: string, sourcePath: string) =>
      (await gatherTargetFacts(path, { sourcePath }, probeOf(await computer()))).isSource
    expect(await same('/dev/sdd', '/dev/sdd')).toBe(true)
    expect(await same('/dev/sdd', '/dev/sdd1')).toBe(true)
    expect(await same('/dev/sdd1', '/dev/sdd')).toBe(true)
    expect(await same('/dev/dm-2', '/dev/sda')).toBe(true)
    expect(await same('/dev/sdc', '/dev/md0')).toBe(true)
    expect(await same('/data/hardlink.img', '/data/plain.img')).toBe(true)
    expect(await same('/dev/loop1', '/data/idle.img')).toBe(true)
    expect(await same('/data/idle.img', '/dev/loop1')).toBe(true)
    expect(await same('/dev/sdb', '/data/plain.img')).toBe(true)

    expect(await same('/dev/sda3', '/dev/sda2')).toBe(false)
    expect(await same('/dev/dm-2', '/dev/dm-0')).toBe(false)
    expect(await same('/dev/sdd', '/dev/sdb')).toBe(false)
    expect(await same('/data/idle.img', '/data/plain.img')).toBe(false)
    // A new image on the disk that is being read does not harm it.
    expect(await same('/data/new', '/dev/sdb1')).toBe(false)
    expect(await same('/data/plain.img', '/dev/sdb1')).toBe(false)
    expect(await same('/dev/sdd', '/dev/gone')).toBe(false)
  })

  it('tell which repositories would be destroyed', async () => {
    const lost = async (path: string, ...repositoryPaths: string[]) =>
      (await gatherTargetFacts(path, { repositoryPaths }, probeOf(await computer()))).repositories
    expect(await lost('/dev/sdb', '/data/repository')).toEqual(['/data/repository'])
    expect(await lost('/dev/sdb1', '/nowhere', '/data/repository')).toEqual(['/data/repository'])
    expect(await lost('/dev/sdd', '/data/repository')).toEqual([])
    expect(await lost('/data/repository/new', '/data/repository')).toEqual(['/data/repository'])
    expect(await lost('/data/repository/new', '/data/alias')).toEqual(['/data/alias'])
    expect(await lost('/data/alias/new', '/data/repository')).toEqual(['/data/repository'])
    expect(await lost('/data/repository.img', '/data/repository')).toEqual([])
    expect(await lost('/data/plain.img', '/data/repository')).toEqual([])
  })
})

describe.skipIf(noLoopDevices)('the facts about targets of this very system', () => {
  it('refuse a disk, its partition and its file while it is mounted, and allow them afterwards', async () => {
    const image = join(folder.path, 'image')
    const point = join(folder.path, 'mount')
    await mkdir(point)
    await writeFile(image, Buffer.alloc(8 * MiB))
    const loop = attachLoop(image)
    let unmount = () => {}
    const of = async (path: string) => {
      const facts = await gatherTargetFacts(path, { repositoryPaths: [join(point, 'lost+found')] })
      return checkTarget(facts, { versionSizeBytes: MiB, force: true }).map(({ code }) => code)
    }
    try {
      const partition = loop.addPartition(MiB, 4 * MiB)
      makeFileSystem(partition)
      expect(await of(loop.path)).toEqual([])
      expect(await of(partition)).toEqual([])
      expect(await of(image)).toEqual(['target.inUse'])
      unmount = mountAt(partition, point)
      for (const path of [loop.path, partition]) {
        expect(await of(path)).toEqual(['target.holdsRepository', 'target.mounted'])
      }
      expect(await of(image)).toEqual(['target.holdsRepository', 'target.mounted', 'target.inUse'])
      expect(await of(join(point, 'lost+found', 'new'))).toEqual(['target.holdsRepository'])
      unmount()
      unmount = () => {}
      expect(await of(loop.path)).toEqual([])
    } finally {
      unmount()
      loop.detach()
    }
    expect(await of(image)).toEqual([])
  })

  it('refuse what may not be written', async () => {
    const image = join(folder.path, 'image')
    const point = join(folder.path, 'mount')
    await mkdir(point)
    await writeFile(image, Buffer.alloc(4 * MiB))
    makeFileSystem(image)
    const loop = attachLoop(image, '--read-only')
    let unmount = () => {}
    try {
      expect((await gatherTargetFacts(loop.path)).readOnly).toBe('device')
      unmount = mountAt(loop.path, point, 'ro')
      expect((await gatherTargetFacts(join(point, 'new'))).readOnly).toBe('file system')
    } finally {
      unmount()
      loop.detach()
    }
  })

  it('refuse the disk that this system runs from, if it has one', async () => {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8')
    const source = /^\S+ \S+ \S+ \S+ \/ .* - \S+ (\/dev\/\S+)/m.exec(mounts)?.[1]
    // A root like overlay has no disk to be refused.
    if (source === undefined) return
    const facts = await gatherTargetFacts(source)
    expect(facts.systemUses).toContain('/')
  })
})
